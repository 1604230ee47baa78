//! The highest version that a client may send: fixed, or the lowest version among the servers that run.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize, Serializer};

use crate::error::ParseVersionError;
use crate::future::BoxFuture;
use crate::{Error, Result, Version};

/// The highest version that a client may send, checked before anything leaves the process.
///
/// Written as a version, as `(2, 3)`, as an `Option<Version>`, or as an [`AutoCap`]. An operator's text,
/// which may be a release's alias, is for
/// [`ClientBuilder::version_cap_named`](crate::client::ClientBuilder::version_cap_named).
///
/// A configuration has it as a version's text, or as `none`. An [`AutoCap`] is written as `auto`, and cannot be read:
/// its source is a function.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[non_exhaustive]
pub enum VersionCap {
    /// All versions may be sent.
    None,
    /// What an implementation of this version takes may be sent.
    At(Version),
    /// What the oldest of the servers takes may be sent.
    Auto(AutoCap),
}

impl VersionCap {
    pub(crate) fn version(&self) -> Option<Version> {
        match self {
            Self::None => None,
            Self::At(version) => Some(*version),
            Self::Auto(cap) => cap.version(),
        }
    }
}

/// [`VersionCap::None`], as a configuration has it.
const NONE: &str = "none";
/// [`VersionCap::Auto`].
const AUTO: &str = "auto";

impl Serialize for VersionCap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_str(NONE),
            Self::At(version) => version.serialize(serializer),
            Self::Auto(_) => serializer.serialize_str(AUTO),
        }
    }
}

impl TryFrom<String> for VersionCap {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            NONE => Ok(Self::None),
            AUTO => Err(
                "the version cap `auto` needs a source: read it as a `String`, and give it to \
                         `version_cap_named`"
                    .into(),
            ),
            version => version
                .parse()
                .map(Self::At)
                .map_err(|error: ParseVersionError| error.to_string()),
        }
    }
}

impl From<Version> for VersionCap {
    fn from(version: Version) -> Self {
        Self::At(version)
    }
}

impl From<(u32, u32)> for VersionCap {
    fn from(version: (u32, u32)) -> Self {
        Self::At(version.into())
    }
}

impl From<(u32, u32, u32)> for VersionCap {
    fn from(version: (u32, u32, u32)) -> Self {
        Self::At(version.into())
    }
}

impl From<AutoCap> for VersionCap {
    fn from(cap: AutoCap) -> Self {
        Self::Auto(cap)
    }
}

impl From<Option<Version>> for VersionCap {
    fn from(version: Option<Version>) -> Self {
        version.map_or(Self::None, Self::At)
    }
}

/// A version cap at the lowest of the versions that a source reports: what an operator calls `auto`.
///
/// The source is asked when the cap is made, and again by [`refresh`](Self::refresh); in between, all
/// clients that share the cap use what it said. A source that reports nothing caps nothing.
///
/// ```
/// use rpc_runtime::client::AutoCap;
/// use rpc_runtime::{Error, Result, Transport, Version, rpc_client};
/// # use rpc_runtime::Context;
/// # #[rpc_client(topic = "inventory", version = "2.0")]
/// # trait Inventory { async fn size(&self, ctxt: &Context) -> Result<u32>; }
///
/// # async fn connect(transport: &Transport) -> Result<()> {
/// let cap = AutoCap::new(|| async {
///     // From wherever servers say what they are: a database, a file, a registry.
///     Ok::<_, Error>([Version::new(2, 4), Version::new(2, 1)])
/// })
/// .await?;
/// let inventory = InventoryClient::builder(transport).version_cap(cap.clone()).build()?;
/// assert!(!inventory.can_send_version((2, 2)));
/// // When the last old server is gone, or on SIGHUP:
/// cap.refresh().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AutoCap {
    shared: Arc<Shared>,
}

struct Shared {
    source: Box<dyn Fn() -> BoxFuture<'static, Result<Option<Version>>> + Send + Sync>,
    /// How often the source was asked.
    asked: AtomicU64,
    /// The latest report, and which one it is.
    cap: RwLock<(u64, Option<Version>)>,
}

impl AutoCap {
    /// Asks `source` for the versions of all servers, and keeps the lowest.
    ///
    /// # Errors
    ///
    /// What the source fails with.
    pub async fn new<S, F, V, E>(source: S) -> Result<Self>
    where
        S: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<V, E>> + Send + 'static,
        V: IntoIterator<Item = Version>,
        E: Into<Error>,
    {
        let source = move || -> BoxFuture<'static, _> {
            let reported = source();
            Box::pin(async move {
                let versions = reported.await.map_err(Into::into)?;
                Ok(versions.into_iter().min())
            })
        };
        let cap = RwLock::new((0, source().await?));
        let source = Box::new(source);
        let asked = AtomicU64::new(0);
        let shared = Arc::new(Shared { source, asked, cap });
        Ok(Self { shared })
    }

    /// The highest version that may be sent; absent when no server was reported.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        let cap = self.shared.cap.read();
        cap.unwrap_or_else(PoisonError::into_inner).1
    }

    /// Asks the source again. The calls that begin from now on use what it says.
    ///
    /// Of several at once, the one that began last counts. A dropped future changes nothing.
    ///
    /// # Errors
    ///
    /// What the source fails with; then the cap stays as it is.
    pub async fn refresh(&self) -> Result<Option<Version>> {
        let asked = self.shared.asked.fetch_add(1, Ordering::Relaxed) + 1;
        let reported = (self.shared.source)().await?;
        let cap = self.shared.cap.write();
        let mut cap = cap.unwrap_or_else(PoisonError::into_inner);
        // Of refreshes at once, one that was asked for earlier may be answered later, and knows less.
        if asked > cap.0 {
            *cap = (asked, reported);
        }
        Ok(cap.1)
    }
}

/// The same cap, rather than one of the same version.
impl PartialEq for AutoCap {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl Eq for AutoCap {}

impl fmt::Debug for AutoCap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AutoCap").field(&self.version()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn a_configuration_has_a_cap_as_text() {
        for (text, cap) in [
            ("\"2.3\"", VersionCap::At((2, 3).into())),
            ("\"none\"", VersionCap::None),
        ] {
            assert_eq!(serde_json::from_str::<VersionCap>(text).unwrap(), cap);
            assert_eq!(serde_json::to_string(&cap).unwrap(), text);
        }
        for (text, part) in [
            ("\"auto\"", "version_cap_named"),
            ("\"2\"", "not a version"),
        ] {
            let error = serde_json::from_str::<VersionCap>(text).unwrap_err();
            assert!(error.to_string().contains(part), "{error}");
        }
    }

    #[tokio::test]
    async fn of_refreshes_at_once_the_last_counts() {
        let asked: Arc<Mutex<Vec<oneshot::Sender<Version>>>> = Arc::default();
        let asking = asked.clone();
        let cap = AutoCap::new(move || {
            let (report, reported) = oneshot::channel();
            let mut asking = asking.lock().unwrap();
            let first = asking.is_empty();
            asking.push(report);
            async move {
                if first {
                    return Ok::<_, Error>(Some(Version::new(2, 0)));
                }
                Ok(reported.await.ok())
            }
        });
        let cap = cap.await.unwrap();
        let answer = |version: (u32, u32)| {
            let report = asked.lock().unwrap().pop().unwrap();
            report.send(version.into()).unwrap();
        };
        let refresh = || {
            let cap = cap.clone();
            tokio::spawn(async move { cap.refresh().await.unwrap() })
        };
        let (earlier, later) = (refresh(), refresh());
        tokio::task::yield_now().await;
        answer((2, 1));
        assert_eq!(later.await.unwrap(), Some((2, 1).into()));
        answer((2, 4));
        assert_eq!(earlier.await.unwrap(), Some((2, 1).into()));
        assert_eq!(cap.version(), Some((2, 1).into()));
    }
}
