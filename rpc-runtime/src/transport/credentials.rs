//! Credentials that change while a transport lives: a provider is called for each connection.
//!
//! The provider is the user's code, so it must not run on the thread that serves connections, unless no other runtime
//! is known. A [`CredentialsSource`] owns the provider; nothing caches what it returns.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::url::Secret;

/// The user and password, or token, with which a connection logs in. `Debug` shows `***` for the password.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credentials {
    /// The user's name. RabbitMQ's OAuth 2 backend ignores it.
    pub user: String,
    /// The password, or the OAuth 2 token.
    pub password: Secret,
}

impl Credentials {
    /// Credentials of a user with a password or a token.
    #[must_use]
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            password: Secret::new(password),
        }
    }
}

/// Provides the credentials of connections; see
/// [`TransportBuilder::credentials`](super::TransportBuilder::credentials).
///
/// Implementations need the attribute [`async_trait`](https://docs.rs/async-trait).
///
/// ```
/// use rpc_runtime::Transport;
/// use rpc_runtime::transport::{Credentials, CredentialsProvider};
///
/// /// A file that a sidecar rewrites each time the password changes.
/// struct PasswordFile(&'static str);
///
/// #[async_trait::async_trait]
/// impl CredentialsProvider for PasswordFile {
///     async fn credentials(&self) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
///         // The file is small and in memory: reading it hardly blocks.
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
    /// The credentials for a connection that is about to be made. A transport has two connections, and calls this for
    /// each attempt to make one. Cache a token for as long as it is valid.
    ///
    /// The future may be dropped at any point. If it takes longer than `rabbit_connect_timeout`, 10 s by default, the
    /// attempt to connect has failed.
    ///
    /// # Errors
    ///
    /// An error fails the attempt to connect. The transport retries with back-off, as after any failed attempt. The
    /// text of the error must not contain a secret: it is logged, and it is part of the errors of calls that wait for
    /// the connection.
    async fn credentials(&self) -> Result<Credentials, Box<dyn Error + Send + Sync>>;
}

/// A provider, and the runtime on which it runs.
#[derive(Clone)]
pub(crate) struct CredentialsSource {
    provider: Arc<dyn CredentialsProvider>,
    /// The runtime that was current when the provider was given. Without one, the provider runs on the thread that
    /// makes connections.
    runtime: Option<Handle>,
}

impl CredentialsSource {
    pub(super) fn new(provider: impl CredentialsProvider) -> Self {
        Self {
            provider: Arc::new(provider),
            runtime: Handle::try_current().ok(),
        }
    }

    /// Calls the provider. Dropping the future cancels the provider's future.
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
                "the runtime on which the provider of credentials runs has ended: keep it running for as long as the \
                 transport is used"
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

/// The texts of an error and of its sources, on one line.
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
    async fn an_error_or_a_panic_of_the_provider_is_reported() {
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
    fn a_provider_runs_on_the_runtime_that_was_current_when_it_was_given() {
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
        // The provider can run only while the user's runtime is driven, which `block_on` does.
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
