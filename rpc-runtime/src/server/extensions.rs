//! [`Extensions`]: values that a server's middleware attaches to a request, and that the handler reads.
//!
//! One request owns its extensions. While the handler runs, a task-local variable refers to them.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

use crate::sync::Mutex;

/// Values attached to a request, at most one of each type. A [`Middleware`](super::Middleware) inserts them,
/// and a handler reads them with [`extension`].
#[derive(Default)]
pub struct Extensions {
    /// A vector, because a request has few values.
    values: Mutex<Vec<(TypeId, Arc<dyn Any + Send + Sync>)>>,
}

impl Extensions {
    /// Inserts a value, and replaces one of the same type.
    pub fn insert<T: Send + Sync + 'static>(&self, value: T) {
        let (id, value) = (TypeId::of::<T>(), Arc::new(value));
        let mut values = self.values.lock();
        match values.iter_mut().find(|(known, _)| *known == id) {
            Some((_, known)) => *known = value,
            None => values.push((id, value)),
        }
    }

    /// The value of type `T`, if there is one.
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let values = self.values.lock();
        let known = values.iter().find(|(known, _)| *known == TypeId::of::<T>());
        let value = known.map(|(_, value)| value.clone());
        value.and_then(|value| value.downcast().ok())
    }
}

/// Shows the number of values only: they need not be `Debug`, and may be secrets.
impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.values.lock().len();
        f.debug_struct("Extensions")
            .field("values", &values)
            .finish_non_exhaustive()
    }
}

tokio::task_local! {
    static CURRENT: Arc<Extensions>;
}

/// The value of type `T` that a [`Middleware`](super::Middleware) inserted into the [`Extensions`] of the
/// current request.
///
/// A method's parameters are those that cross the wire, so a value from a middleware cannot be a parameter. A
/// handler calls this function instead, anywhere in its own future. It returns `None` in a task that the
/// handler spawns: call it before, and move the value into the task.
///
/// `None` if no middleware inserted such a value, and outside of handlers.
///
/// ```
/// use rpc_runtime::server::{self, IncomingRequest, Next, Response};
/// use rpc_runtime::{Context, RemoteError, Result, rpc_client};
///
/// struct Caller(String);
///
/// async fn identify(request: IncomingRequest, next: Next) -> Result<Response, RemoteError> {
///     let ctxt: Context = request.context()?;
///     request.extensions().insert(Caller(ctxt.user().unwrap_or("nobody").to_owned()));
///     next.run(request).await
/// }
///
/// #[rpc_client(topic = "inventory", version = "2.0")]
/// trait Inventory {
///     async fn whoami(&self, ctxt: &Context) -> Result<String>;
/// }
///
/// struct Warehouse;
///
/// impl Inventory for Warehouse {
///     async fn whoami(&self, _: &Context) -> Result<String> {
///         let caller = server::extension::<Caller>();
///         Ok(caller.map_or_else(String::new, |caller| caller.0.clone()))
///     }
/// }
/// # use rpc_runtime::{Server, Transport};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// # let transport = Transport::new("memory://")?;
/// # let server = Server::builder(&transport, "rack-7")
/// #     .endpoint(InventoryEndpoint::new(Warehouse))
/// #     .middleware(identify)
/// #     .start()
/// #     .await?;
/// # let inventory = InventoryClient::new(&transport);
/// # assert_eq!(inventory.whoami(&Context::new().with_user("alice")).await?, "alice");
/// # server.stop().await;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn extension<T: Send + Sync + 'static>() -> Option<Arc<T>> {
    CURRENT.try_with(|current| current.get()).ok().flatten()
}

/// Runs a handler that can read these extensions.
pub(super) async fn within<F: Future>(extensions: Arc<Extensions>, handler: F) -> F::Output {
    CURRENT.scope(extensions, handler).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_hold_one_value_of_each_type() {
        let extensions = Extensions::default();
        assert!(extensions.get::<u32>().is_none());
        extensions.insert(1_u32);
        extensions.insert("text");
        extensions.insert(2_u32);
        assert_eq!(extensions.get().as_deref(), Some(&2_u32));
        assert_eq!(extensions.get().as_deref(), Some(&"text"));
        assert!(extension::<u32>().is_none(), "outside of handlers");
    }

    #[tokio::test]
    async fn extensions_are_readable_while_the_handler_runs() {
        let extensions = Arc::new(Extensions::default());
        extensions.insert(7_u32);
        let handler = async {
            tokio::task::yield_now().await;
            extension::<u32>()
        };
        assert_eq!(within(extensions, handler).await.as_deref(), Some(&7));
        assert!(extension::<u32>().is_none());
    }
}
