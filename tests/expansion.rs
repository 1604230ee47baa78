//! expansion tests.
