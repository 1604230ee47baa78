//! Lists that are kept in order while they grow.
//!
//! They are short. Sorts, trees and hash tables of the standard library would be a sixth of what the compiler
//! makes of this crate, which everyone who uses it builds.

/// Puts a value before the first that is `above` it.
pub(crate) fn put<T>(list: &mut Vec<T>, value: T, above: impl Fn(&T, &T) -> bool) {
    let at = list.partition_point(|known| !above(known, &value));
    list.insert(at, value);
}

/// Puts a value in its place; false where it is there already.
pub(crate) fn put_once<T: Ord>(list: &mut Vec<T>, value: T) -> bool {
    match list.binary_search(&value) {
        Ok(_) => false,
        Err(at) => {
            list.insert(at, value);
            true
        }
    }
}
