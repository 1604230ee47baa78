//! The request context: a JSON object that travels with each message, as oslo.messaging's `ctxt` does.
//!
//! Plain data. This module interprets a few OpenStack keys (`user`, `project`, `roles`) and keeps all others
//! unchanged.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Error, Result};

/// The request context that travels with each message: a JSON object. Unknown keys are kept.
///
/// A service passes on the context that it received, so that keys it does not know reach the services that
/// know them. A trait may use any other type that serialises to a JSON object in place of `Context`.
///
/// ```
/// use rpc_runtime::Context;
///
/// let ctxt = Context::new()
///     .with_request_id("req-7")
///     .with_user("alice")
///     .with_roles(["member"])
///     .with("is_admin", true)?;
/// assert_eq!(ctxt.request_id(), Some("req-7"));
/// assert_eq!(ctxt.get::<bool>("is_admin")?, Some(true));
/// # Ok::<(), rpc_runtime::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Context {
    values: Map<String, Value>,
}

impl Context {
    /// An empty context.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a key to a value, and replaces the value that the key has.
    ///
    /// # Errors
    ///
    /// [`Error::Serialize`] when the value cannot be written as JSON.
    pub fn with(mut self, key: impl Into<String>, value: impl Serialize) -> Result<Self> {
        let key = key.into();
        let value = serde_json::to_value(value)
            .map_err(|error| Error::new_serialize(format!("the context's key `{key}`"), error))?;
        self.values.insert(key, value);
        Ok(self)
    }

    /// The value of a key as a `T`; `None` when the key is absent.
    ///
    /// # Errors
    ///
    /// [`Error::Deserialize`] when the value cannot be read as a `T`.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        let Some(value) = self.values.get(key) else {
            return Ok(None);
        };
        T::deserialize(value)
            .map(Some)
            .map_err(|error| Error::new_deserialize(format!("the context's key `{key}`"), error))
    }

    /// All keys and values.
    #[must_use]
    pub fn values(&self) -> &Map<String, Value> {
        &self.values
    }

    /// The request's identity, key `request_id`. OpenStack writes `req-` followed by a UUID.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.text("request_id")
    }

    /// The user: the key `user`, or `user_id`, which newer services write.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.text("user").or_else(|| self.text("user_id"))
    }

    /// The project: the key `project`, or `project_id`, which newer services write.
    #[must_use]
    pub fn project(&self) -> Option<&str> {
        self.text("project").or_else(|| self.text("project_id"))
    }

    /// The roles, key `roles`. Entries that are not strings are skipped.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        let roles = self.values.get("roles").and_then(Value::as_array);
        roles.into_iter().flatten().filter_map(Value::as_str)
    }

    /// Sets the request's identity.
    #[must_use]
    pub fn with_request_id(self, request_id: impl Into<String>) -> Self {
        self.with_text("request_id", request_id)
    }

    /// Sets the user, key `user`.
    #[must_use]
    pub fn with_user(self, user: impl Into<String>) -> Self {
        self.with_text("user", user)
    }

    /// Sets the project, key `project`.
    #[must_use]
    pub fn with_project(self, project: impl Into<String>) -> Self {
        self.with_text("project", project)
    }

    /// Sets the roles, key `roles`.
    #[must_use]
    pub fn with_roles(mut self, roles: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let roles = roles.into_iter().map(|role| Value::String(role.into()));
        self.values.insert("roles".into(), roles.collect());
        self
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.values.get(key).and_then(Value::as_str)
    }

    fn with_text(mut self, key: &str, value: impl Into<String>) -> Self {
        self.values.insert(key.into(), Value::String(value.into()));
        self
    }
}

impl From<Map<String, Value>> for Context {
    fn from(values: Map<String, Value>) -> Self {
        Self { values }
    }
}

impl From<Context> for Map<String, Value> {
    fn from(context: Context) -> Self {
        context.values
    }
}

impl FromIterator<(String, Value)> for Context {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(values: I) -> Self {
        Map::from_iter(values).into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn accessors_read_old_and_new_keys() {
        let old = Context::new().with_user("alice").with_project("p");
        assert_eq!((old.user(), old.project()), (Some("alice"), Some("p")));
        let new: Context =
            serde_json::from_value(json!({ "user_id": "bob", "project_id": "q" })).unwrap();
        assert_eq!((new.user(), new.project()), (Some("bob"), Some("q")));
        assert_eq!((new.request_id(), new.roles().count()), (None, 0));
        let mixed: Context =
            serde_json::from_value(json!({ "user": null, "user_id": "c", "roles": ["a", 1, "b"] }))
                .unwrap();
        assert_eq!(mixed.user(), Some("c"));
        assert_eq!(mixed.roles().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn unknown_keys_are_kept_and_errors_name_the_key() {
        let context = Context::new().with("x", [1, 2]).unwrap();
        let text = serde_json::to_string(&context).unwrap();
        assert_eq!(serde_json::from_str::<Context>(&text).unwrap(), context);
        assert_eq!(context.get::<Vec<u8>>("x").unwrap(), Some(vec![1, 2]));
        assert_eq!(context.get::<u8>("y").unwrap(), None);
        let error = context.get::<String>("x").unwrap_err();
        assert!(error.to_string().contains("`x`"), "{error}");
    }
}
