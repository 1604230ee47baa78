//! Error classes as labels: bounded, whatever peers call their errors.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::sync::Mutex;

/// How many classes are told apart. A service has some ten.
const MOST: usize = 64;

/// In bytes.
const LONGEST: usize = 128;

/// Classes that were seen.
#[derive(Debug, Default)]
struct Classes(HashSet<&'static str>);

impl Classes {
    fn label(&mut self, class: &str) -> &'static str {
        if let Some(known) = self.0.get(class) {
            return known;
        }
        if class.is_empty() || class.len() > LONGEST || self.0.len() == MOST {
            return OTHER;
        }
        // So many at most, for as long as the process lives.
        let class: &'static str = Box::leak(class.into());
        self.0.insert(class);
        class
    }
}

/// What stands for a class that is one too many, and for a method that no interface names.
pub(super) const OTHER: &str = "other";

/// The class of an error as a label.
pub(super) fn label(class: &str) -> &'static str {
    static CLASSES: LazyLock<Mutex<Classes>> = LazyLock::new(Mutex::default);
    CLASSES.lock().label(class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_so_many_and_no_more() {
        let mut classes = Classes::default();
        assert_eq!(classes.label(""), OTHER);
        assert_eq!(classes.label(&"x".repeat(LONGEST + 1)), OTHER);
        for number in 0..MOST {
            let class = format!("Class{number}");
            assert_eq!(classes.label(&class), class);
        }
        assert_eq!(classes.label("OneMore"), OTHER);
        assert_eq!(classes.label("Class0"), "Class0");
    }
}
