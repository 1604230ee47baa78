//! Keeps what a method borrows while it runs.

use std::any::Any;
use std::sync::OnceLock;

/// Values of any type that can be put there through a shared reference, and stay where they are.
///
/// A list, as there are few: the context, and what is lent.
#[derive(Debug, Default)]
pub(super) struct Arena(OnceLock<Box<Kept>>);

#[derive(Debug)]
struct Kept<T: ?Sized = dyn Any + Send + Sync> {
    next: Arena,
    value: T,
}

impl Arena {
    pub(super) fn keep<T: Send + Sync + 'static>(&self, value: T) -> &T {
        let mut arena = self;
        let mut kept: Box<Kept> = Box::new(Kept {
            next: Arena::default(),
            value,
        });
        while let Err(back) = arena.0.set(kept) {
            kept = back;
            arena = &arena.0.wait().next;
        }
        let kept = arena.0.get().and_then(|kept| kept.value.downcast_ref());
        kept.expect("it was put there")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn what_is_kept_stays_until_all_of_it_goes() {
        let arena = Arena::default();
        let counted = Arc::new(());
        let text = arena.keep("one".to_owned());
        let number = arena.keep(2_u32);
        let other = arena.keep(counted.clone());
        assert_eq!((text.as_str(), *number), ("one", 2));
        assert_eq!(Arc::strong_count(other), 2);
        drop(arena);
        assert_eq!(Arc::strong_count(&counted), 1);
    }
}
