//! The Python classes of errors. A handler may return any [`Error`]; a Python client receives the exception
//! of oslo.messaging that has the same meaning.

use super::{Error, IntoRemoteError, RemoteError};

impl Error {
    /// The name of the error's class in Python.
    pub(crate) fn class(&self) -> &str {
        match self {
            Self::Remote(remote) => &remote.class,
            other => other.own_class().0,
        }
    }

    /// The class and the module of the exception of oslo.messaging that has the same meaning, for an error
    /// that is not remote.
    fn own_class(&self) -> (&'static str, &'static str) {
        match self {
            Self::Timeout { .. } => ("MessagingTimeout", "oslo_messaging.exceptions"),
            Self::Delivery { .. } | Self::Rejected { .. } => {
                ("MessageDeliveryFailure", "oslo_messaging.exceptions")
            }
            Self::Undeliverable { .. } => ("MessageUndeliverable", "oslo_messaging.exceptions"),
            Self::InvalidTarget { .. } => ("InvalidTarget", "oslo_messaging.exceptions"),
            Self::VersionCap { .. } => ("RPCVersionCapError", "oslo_messaging.rpc.client"),
            _ => ("MessagingException", "oslo_messaging.exceptions"),
        }
    }
}

/// A remote error keeps its class. Any other error gets the class of oslo.messaging that has the same
/// meaning.
impl IntoRemoteError for Error {
    fn into_remote_error(self) -> RemoteError {
        match self {
            Self::Remote(remote) => *remote,
            other => {
                let (class, module) = other.own_class();
                RemoteError::new(class, other.to_string()).module(module)
            }
        }
    }
}
