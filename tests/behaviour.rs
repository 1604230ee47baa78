//! behaviour tests.
