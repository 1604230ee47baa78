//! The way into a mutex, whatever happened to who was in it before.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex. None of this crate's sections can stop half-way, so a poisoned lock is as good as another.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
