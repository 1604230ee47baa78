//! Comparing the current and old names of methods and arguments, in constants.

use crate::interface::OldName;
use crate::interface::text::same;

/// Whether `wanted` is the current name or one of the old names. A server accepts all of them in every
/// version.
pub(super) const fn has_name(name: &str, old_names: &[OldName], wanted: &str) -> bool {
    if same(name, wanted) {
        return true;
    }
    let mut index = 0;
    while index < old_names.len() {
        if same(old_names[index].name(), wanted) {
            return true;
        }
        index += 1;
    }
    false
}
