//! The serializer hook: oslo.messaging's `Serializer`, for entities and contexts, both ways.

use std::fmt;

use serde_json::{Map, Value};

use crate::Result;

/// Rewrites what is sent and what is received, between serde's types and the wire.
///
/// Services that wrap their entities (nova's versioned objects) or their context do so in one place. A
/// client or server without a hook never builds the JSON values that a hook works on. What is not
/// overridden passes unchanged.
pub trait Serializer: fmt::Debug + Send + Sync + 'static {
    /// Rewrites an argument or a result before it is sent.
    ///
    /// # Errors
    ///
    /// Whatever speaks against sending it; nothing is sent then.
    fn serialize_entity(&self, entity: Value) -> Result<Value> {
        Ok(entity)
    }

    /// Rewrites an argument or a result that was received.
    ///
    /// # Errors
    ///
    /// Whatever speaks against taking it.
    fn deserialize_entity(&self, entity: Value) -> Result<Value> {
        Ok(entity)
    }

    /// Rewrites the request context before it is sent.
    ///
    /// # Errors
    ///
    /// Whatever speaks against sending it; nothing is sent then.
    fn serialize_context(&self, context: Map<String, Value>) -> Result<Map<String, Value>> {
        Ok(context)
    }

    /// Rewrites a request context that was received.
    ///
    /// # Errors
    ///
    /// Whatever speaks against taking it.
    fn deserialize_context(&self, context: Map<String, Value>) -> Result<Map<String, Value>> {
        Ok(context)
    }
}
