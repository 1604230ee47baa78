//! [`VersionCap`]: the highest version that a client may send. It is fixed, or the lowest version among
//! running servers.
//!
//! All clients that share an [`AutoCap`] share its current value. The value changes only in
//! [`AutoCap::refresh`]; no background task updates it.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize, Serializer};

use crate::error::ParseVersionError;
use crate::future::BoxFuture;
use crate::{Error, Result, Version};

/// The highest version that a client may send. It is checked before a message is sent.
///
/// Converts from a version, `(2, 3)`, `Option<Version>` and [`AutoCap`]. For text that an operator writes,
/// which may be a release's alias, use
/// [`ClientBuilder::version_cap_named`](crate::client::ClientBuilder::version_cap_named).
///
/// serde reads and writes a cap as the text of a version, or as `none`. An [`AutoCap`] is written as `auto`.
/// It cannot be read, because its source is a function.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
#[non_exhaustive]
pub enum VersionCap {
    /// Every message may be sent.
    None,
    /// A message may be sent if a server of this version accepts it.
    At(Version),
    /// A message may be sent if the oldest server accepts it.
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

/// The text of [`VersionCap::None`].
const NONE: &str = "none";
/// The text of [`VersionCap::Auto`].
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

/// A version cap at the lowest version that a source reports, which operators call `auto`.
///
/// [`new`](Self::new) and [`refresh`](Self::refresh) ask the source. Between them, all clients that share the
/// cap use the last report. If the source reports no version, there is no cap.
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
///     // From wherever servers register their versions: a database, a file, a registry.
///     Ok::<_, Error>([Version::new(2, 4), Version::new(2, 1)])
/// })
/// .await?;
/// let inventory = InventoryClient::builder(transport).version_cap(cap.clone()).build()?;
/// assert!(!inventory.can_send_version((2, 2)));
/// // After the last old server is gone, or on SIGHUP:
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
    /// How many refreshes have begun.
    asked: AtomicU64,
    /// The number of the refresh that set the cap, and the cap.
    cap: RwLock<(u64, Option<Version>)>,
}

impl AutoCap {
    /// Asks `source` for the versions of all servers, and keeps the lowest.
    ///
    /// # Errors
    ///
    /// The source's error.
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

    /// The highest version that may be sent. `None` if the source reported no version.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        let cap = self.shared.cap.read();
        cap.unwrap_or_else(PoisonError::into_inner).1
    }

    /// Asks the source again. Calls that begin afterwards use the new cap, which is returned.
    ///
    /// Of concurrent refreshes, the one that began last sets the cap. Dropping the future leaves the cap
    /// unchanged.
    ///
    /// # Errors
    ///
    /// The source's error. The cap stays unchanged.
    pub async fn refresh(&self) -> Result<Option<Version>> {
        let asked = self.shared.asked.fetch_add(1, Ordering::Relaxed) + 1;
        let reported = (self.shared.source)().await?;
        let cap = self.shared.cap.write();
        let mut cap = cap.unwrap_or_else(PoisonError::into_inner);
        // A refresh that began earlier may complete later. Its report is older, so it must not replace a
        // newer one.
        if asked > cap.0 {
            *cap = (asked, reported);
        }
        Ok(cap.1)
    }
}

/// Two caps are equal if they share their state, not if they have the same version.
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
    fn serde_reads_and_writes_a_cap_as_text() {
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
    async fn the_last_of_concurrent_refreshes_sets_the_cap() {
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
