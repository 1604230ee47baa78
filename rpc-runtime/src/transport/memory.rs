//! The transport within one process.
