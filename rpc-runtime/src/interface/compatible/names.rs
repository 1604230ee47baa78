//! Names, compared in constants.

use crate::interface::OldName;
use crate::interface::text::same;

/// Whether something is known under a name: a server knows all that it ever had, at any time.
pub(super) const fn goes_by(name: &str, old_names: &[OldName], wanted: &str) -> bool {
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
