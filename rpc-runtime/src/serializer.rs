//! The serializer hook: oslo.messaging's `Serializer`, which rewrites entities and contexts in both
//! directions.
//!
//! The client and the server call the hook. It works on [`serde_json::Value`]s, which are built only if a
//! hook is set.

use std::fmt;

use serde_json::{Map, Value};

use crate::Result;

/// Rewrites entities (arguments and results) and contexts between serde's types and the wire.
///
/// A service that wraps its entities or its context, as nova does with versioned objects, does so here, in
/// one place. The default implementation of each method returns its input unchanged. Without a hook, a client
/// or server does not build the JSON values that a hook works on.
pub trait Serializer: fmt::Debug + Send + Sync + 'static {
    /// Rewrites an argument or a result before it is sent.
    ///
    /// # Errors
    ///
    /// Any error. On a client, the message is not sent, and the call fails with the error. On a server, the caller
    /// receives the error instead of the result.
    fn serialize_entity(&self, entity: Value) -> Result<Value> {
        Ok(entity)
    }

    /// Rewrites an argument or a result that was received.
    ///
    /// # Errors
    ///
    /// Any error. On a client, the call fails with the error. On a server, the caller receives the error.
    fn deserialize_entity(&self, entity: Value) -> Result<Value> {
        Ok(entity)
    }

    /// Rewrites the request context before it is sent.
    ///
    /// # Errors
    ///
    /// Any error. On a client, the message is not sent, and the call fails with the error. The hook is not
    /// called on a server.
    fn serialize_context(&self, context: Map<String, Value>) -> Result<Map<String, Value>> {
        Ok(context)
    }

    /// Rewrites a request context that was received.
    ///
    /// # Errors
    ///
    /// Any error. On a server, the caller receives the error. A client does not call this method.
    fn deserialize_context(&self, context: Map<String, Value>) -> Result<Map<String, Value>> {
        Ok(context)
    }
}
