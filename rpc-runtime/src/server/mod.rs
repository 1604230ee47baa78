//! The server: endpoints, dispatch, lifecycle.
