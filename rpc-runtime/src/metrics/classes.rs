//! Error classes as metric labels.
//!
//! A peer chooses the classes of its errors, so the number of distinct labels is limited. The table lives as
//! long as the process.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::sync::Mutex;

/// The most classes that get a label of their own. A service has about ten.
const MOST: usize = 64;

/// The longest class that gets a label of its own, in bytes.
const LONGEST: usize = 128;

/// The classes that have a label.
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
        // Leaked, because a label needs `'static`. At most `MOST` classes are leaked.
        let class: &'static str = Box::leak(class.into());
        self.0.insert(class);
        class
    }
}

/// The label of a class beyond the limit, and of a method that no interface declares.
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
    fn classes_beyond_the_limit_share_one_label() {
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
