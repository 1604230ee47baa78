//! A version cap that is found out: the lowest version among the servers that run.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use crate::endpoint::BoxFuture;
use crate::{Error, Result, Version};

/// A version cap at the lowest of the versions that a source reports: what an operator calls `auto`.
///
/// The source is asked when the cap is made, and again by [`refresh`](Self::refresh); in between, all
/// clients that share the cap use what it said. A source that reports nothing caps nothing.
///
/// ```
/// use rpc_runtime::{AutoCap, Error, Result, Transport, Version, rpc_client};
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
    cap: RwLock<Option<Version>>,
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
        let cap = RwLock::new(source().await?);
        let source = Box::new(source);
        let shared = Arc::new(Shared { source, cap });
        Ok(Self { shared })
    }

    /// The highest version that may be sent; absent when no server was reported.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        let cap = self.shared.cap.read();
        *cap.unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the source again. The calls that begin from now on use what it says.
    ///
    /// A dropped future changes nothing.
    ///
    /// # Errors
    ///
    /// What the source fails with; then the cap stays as it is.
    pub async fn refresh(&self) -> Result<Option<Version>> {
        let reported = (self.shared.source)().await?;
        let cap = self.shared.cap.write();
        *cap.unwrap_or_else(PoisonError::into_inner) = reported;
        Ok(reported)
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
