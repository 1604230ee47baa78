//! An arena for the values that a method borrows while it runs. One request owns it and drops it at its end.

use std::any::Any;
use std::sync::OnceLock;

/// A list of values of any type. Values are added through a shared reference and never move, so that
/// references to them stay valid.
///
/// It is a linked list because a request has few values: the context and the arguments that the endpoint
/// lends.
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
        kept.expect("the loop ended when `set` stored this value in `arena`")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn values_live_as_long_as_the_arena() {
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
