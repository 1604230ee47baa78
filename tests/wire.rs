//! wire tests.
