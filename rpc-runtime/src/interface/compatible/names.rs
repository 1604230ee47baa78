//! Names, compared in constants.

use crate::interface::OldName;

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

/// `==`, usable in constants.
pub(super) const fn same(one: &str, other: &str) -> bool {
    same_bytes(one.as_bytes(), other.as_bytes())
}

/// The same, of bytes.
pub(super) const fn same_bytes(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut index = 0;
    while index < one.len() {
        if one[index] != other[index] {
            return false;
        }
        index += 1;
    }
    true
}
