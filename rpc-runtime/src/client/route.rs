//! Where one message goes, as its arguments say.

/// Where one message goes: the topic and the server that a trait's `route` function computes from the
/// arguments and the version cap.
///
/// What it leaves open stays as the client has it; what is set on a single call goes before it.
///
/// ```
/// use rpc_runtime::{Context, Result, Route, Version, rpc_client};
///
/// #[rpc_client(topic = "volume", version = "3.0", route = by_backend(backend))]
/// trait Volumes {
///     async fn delete(&self, ctxt: &Context, id: u32, backend: &str) -> Result<()>;
/// }
///
/// /// Servers from 3.12 on listen to a topic a backend.
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
    /// Why the message can go nowhere.
    pub(crate) refused: Option<&'static str>,
}

impl Route {
    /// Changes nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// To the servers of this topic.
    #[must_use]
    pub fn topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = Some(topic.into());
        self
    }

    /// To this server of the topic.
    #[must_use]
    pub fn server(mut self, server: impl Into<String>) -> Self {
        self.server = Some(server.into());
        self
    }

    /// Nowhere: the message is refused with [`Error::InvalidTarget`](crate::Error::InvalidTarget) for
    /// this reason, which says what to do, unless an argument or the call itself names a server.
    #[must_use]
    pub fn refuse(reason: &'static str) -> Self {
        Self {
            refused: Some(reason),
            ..Self::default()
        }
    }
}
