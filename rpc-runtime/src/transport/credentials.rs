//! Credentials that change while a transport lives: somebody is asked for them at each connection.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::url::Secret;

/// What a broker lets a connection in by. `Debug` shows `***` for the password.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credentials {
    /// The user. RabbitMQ's OAuth 2 backend ignores it.
    pub user: String,
    /// The password, or the token.
    pub password: Secret,
}

impl Credentials {
    /// A user and a password.
    #[must_use]
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            password: Secret::new(password),
        }
    }
}

/// Gives the credentials of connections: see
/// [`TransportBuilder::credentials`](super::TransportBuilder::credentials).
///
/// Implementations carry the attribute [`async_trait`](https://docs.rs/async-trait).
///
/// ```
/// use rpc_runtime::Transport;
/// use rpc_runtime::transport::{Credentials, CredentialsProvider};
///
/// /// A file that a sidecar writes anew each time the password changes.
/// struct PasswordFile(&'static str);
///
/// #[async_trait::async_trait]
/// impl CredentialsProvider for PasswordFile {
///     async fn credentials(&self) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
///         // A few bytes, from memory: not worth a thread.
///         let password = std::fs::read_to_string(self.0)?;
///         Ok(Credentials::new("nova", password.trim_end()))
///     }
/// }
///
/// let transport = Transport::builder("rabbit://rabbit-1,rabbit-2/")
///     .credentials(PasswordFile("/run/secrets/rabbit"))
///     .build()?;
/// # Ok::<(), rpc_runtime::Error>(())
/// ```
#[async_trait]
pub trait CredentialsProvider: Send + Sync + 'static {
    /// The credentials for a connection that is about to be made. A transport has two connections, and asks anew for
    /// each attempt at one: keep a token for as long as it is valid.
    ///
    /// The future may be dropped at any point. It counts as a failed attempt when it is not done within
    /// `rabbit_connect_timeout`, 10 s by default.
    ///
    /// # Errors
    ///
    /// The attempt to connect has failed then. It is repeated as others are, with a growing pause. The text of the error
    /// is logged, and stands in the errors of calls that have waited for the connection: it must not hold a secret.
    async fn credentials(&self) -> Result<Credentials, Box<dyn Error + Send + Sync>>;
}

/// A provider, and where it is asked: its code must not run on the thread that serves connections.
#[derive(Clone)]
pub(crate) struct CredentialsSource {
    provider: Arc<dyn CredentialsProvider>,
    /// The runtime that was current when the transport was built. Without one, it is asked where a connection is made.
    runtime: Option<Handle>,
}

impl CredentialsSource {
    pub(super) fn new(provider: impl CredentialsProvider) -> Self {
        Self {
            provider: Arc::new(provider),
            runtime: Handle::try_current().ok(),
        }
    }

    /// Asks the provider. A dropped future calls that off.
    pub(crate) async fn ask(&self) -> Result<Credentials, String> {
        let provider = self.provider.clone();
        let asking = async move { provider.credentials().await };
        let mut tasks = JoinSet::new();
        match &self.runtime {
            Some(runtime) => tasks.spawn_on(asking, runtime),
            None => tasks.spawn(asking),
        };
        match tasks.join_next().await {
            Some(Ok(Ok(credentials))) => Ok(credentials),
            Some(Ok(Err(error))) => Err(format!(
                "the provider of credentials failed: {}",
                with_causes(&*error)
            )),
            Some(Err(error)) if error.is_panic() => {
                Err("the provider of credentials panicked".into())
            }
            Some(Err(_)) | None => Err(
                "the runtime on which the transport was built has ended: nobody gives credentials"
                    .into(),
            ),
        }
    }
}

impl fmt::Debug for CredentialsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsSource").finish_non_exhaustive()
    }
}

/// An error and what it is due to, on one line.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Provider(fn() -> Result<Credentials, Box<dyn Error + Send + Sync>>);

    #[async_trait]
    impl CredentialsProvider for Provider {
        async fn credentials(&self) -> Result<Credentials, Box<dyn Error + Send + Sync>> {
            self.0()
        }
    }

    #[tokio::test]
    async fn a_provider_that_fails_or_panics_says_so() {
        let ask = |give| async move { CredentialsSource::new(Provider(give)).ask().await };
        let given = Credentials::new("u", "hunter2");
        assert_eq!(
            ask(|| Ok(Credentials::new("u", "hunter2"))).await,
            Ok(given)
        );
        let refused = ask(|| Err(crate::Error::Config("the vault is sealed".into()).into()));
        assert_eq!(
            refused.await.unwrap_err(),
            "the provider of credentials failed: the vault is sealed"
        );
        let panicked = ask(|| panic!("hunter2")).await.unwrap_err();
        assert_eq!(panicked, "the provider of credentials panicked");
    }

    #[test]
    fn it_is_asked_on_the_runtime_on_which_it_was_given() {
        let runtime = || {
            tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap()
        };
        let users = runtime();
        let source = {
            let _entered = users.enter();
            CredentialsSource::new(Provider(|| {
                Ok(Credentials::new(
                    format!("{:?}", Handle::current().id()),
                    "",
                ))
            }))
        };
        let id = format!("{:?}", users.handle().id());
        // Runs the user's runtime until another has the answer.
        let (sender, asked) = tokio::sync::oneshot::channel();
        let asking = std::thread::spawn({
            let source = source.clone();
            move || sender.send(runtime().block_on(source.ask())).unwrap()
        });
        let credentials = users.block_on(asked).unwrap().unwrap();
        assert_eq!(credentials.user, id);
        asking.join().unwrap();
        drop(users);
        let ended = runtime().block_on(source.ask()).unwrap_err();
        assert!(ended.contains("has ended"), "{ended}");
    }

    #[test]
    fn no_password_is_shown() {
        let text = format!("{:?}", Credentials::new("u", "hunter2"));
        assert!(text.contains("***") && !text.contains("hunter2"), "{text}");
    }
}
