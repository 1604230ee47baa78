//! [`Route`]: the destination of one message, computed from its arguments. Plain data.

/// The destination of one message: the topic and the server that a trait's `route` function computes from the
/// arguments and the version cap.
///
/// Parts that are not set keep the client's values. Options set on a single call take precedence.
///
/// ```
/// use rpc_runtime::{Context, Result, Route, Version, rpc_client};
///
/// #[rpc_client(topic = "volume", version = "3.0", route = by_backend(backend))]
/// trait Volumes {
///     async fn delete(&self, ctxt: &Context, id: u32, backend: &str) -> Result<()>;
/// }
///
/// /// Servers from 3.12 on listen to one topic for each backend.
/// fn by_backend(cap: Option<Version>, backend: &str) -> Route {
///     match cap {
///         Some(cap) if cap < Version::new(3, 12) => Route::new().server(backend),
///         _ => Route::new().topic(format!("volume.{backend}")),
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Route {
    pub(crate) topic: Option<String>,
    pub(crate) server: Option<String>,
    /// Why the message has no destination.
    pub(crate) refused: Option<&'static str>,
}

impl Route {
    /// A route that changes nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends the message to this topic.
    #[must_use]
    pub fn topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = Some(topic.into());
        self
    }

    /// Sends the message to this server of the topic.
    #[must_use]
    pub fn server(mut self, server: impl Into<String>) -> Self {
        self.server = Some(server.into());
        self
    }

    /// Refuses the message with [`Error::InvalidTarget`](crate::Error::InvalidTarget) for this reason, which
    /// should say what to do. If an argument or an option of the call names a server, the message is sent
    /// there instead.
    #[must_use]
    pub fn refuse(reason: &'static str) -> Self {
        Self {
            refused: Some(reason),
            ..Self::default()
        }
    }
}
