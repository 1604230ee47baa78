//! A shared service is a service: an `Arc` implements the trait.

use std::fmt::{Debug, Display};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use rpc_runtime::{Context, Result, Server, Transport, rpc_client};

#[rpc_client(topic = "counted", version = "1.0")]
pub trait Counted {
    async fn count(&self, ctxt: &Context) -> Result<u32>;
}

#[rpc_client(topic = "counted", version = "1.0", namespace = "admin")]
pub trait Admin: Debug {
    const LIMIT: u32 = 3;

    async fn add<'a>(&'a self, _: &'a Context, r#type: Option<&'a str>, by: &[u32]) -> Result<()>;
    #[cfg(not(any(unix, windows)))]
    async fn absent(&self, ctxt: &Context, it: NoSuchType) -> Result<()>;
    #[rpc(cast, fanout)]
    async fn reset(&self, ctxt: &Context) -> Result<()>;

    async fn twice(&self, ctxt: &Context, (by, mut times): (u32, u32)) -> Result<()> {
        while times > 0 {
            self.add(ctxt, None, &[by]).await?;
            times -= 1;
        }
        Ok(())
    }
    fn plain(&self) -> &'static str {
        "of the trait"
    }
    fn named() -> &'static str {
        "of the trait"
    }
    async fn shown<T: Display + Send, const N: usize>(
        &self,
        one: T,
        many: [u8; N],
        other: impl Display + Send,
        #[cfg(not(any(unix, windows)))] absent: NoSuchType,
    ) -> String {
        format!("{one} {many:?} {other}, of the trait")
    }
    fn is_an_arc(self: Box<Self>) -> bool
    where
        Self: Sized,
    {
        size_of::<Self>() == size_of::<usize>()
    }
    async fn changed(&mut self) -> &'static str {
        "of the trait"
    }
    fn itself(&self) -> &Self {
        self
    }
}

#[derive(Debug, Default)]
struct Warehouse {
    counted: AtomicU32,
    more: [u64; 2],
}

impl Counted for Warehouse {
    async fn count(&self, _: &Context) -> Result<u32> {
        Ok(self.counted.load(Relaxed))
    }
}

impl Admin for Warehouse {
    const LIMIT: u32 = 4;

    async fn add<'a>(&'a self, _: &'a Context, _: Option<&'a str>, by: &[u32]) -> Result<()> {
        self.counted.fetch_add(by.iter().sum(), Relaxed);
        Ok(())
    }
    async fn reset(&self, _: &Context) -> Result<()> {
        self.counted.store(0, Relaxed);
        Ok(())
    }
    fn plain(&self) -> &'static str {
        "of the service"
    }
    fn named() -> &'static str {
        "of the service"
    }
    async fn shown<T: Display + Send, const N: usize>(
        &self,
        one: T,
        many: [u8; N],
        other: impl Display + Send,
    ) -> String {
        format!("{one} {many:?} {other}, of the service")
    }
}

async fn passed_on<A: Admin>(mut admin: A, ctxt: &Context) -> Result<()> {
    admin.add(ctxt, Some("kind"), &[1, 2]).await?;
    admin.twice(ctxt, (2, 3)).await?;
    assert_eq!((A::LIMIT, A::named()), (4, "of the service"));
    assert_eq!(admin.plain(), "of the service");
    let shown = admin.shown(1, [2, 3], "four").await;
    assert_eq!(shown, "1 [2, 3] four, of the service");
    // These methods are the `Arc`'s own.
    assert_eq!(admin.changed().await, "of the trait");
    assert_eq!(admin.itself().plain(), "of the service");
    assert!(Box::new(admin).is_an_arc());
    Ok(())
}

fn is_spawnable<C: Counted + 'static>(counted: C, ctxt: Context) -> impl Future + Send + 'static {
    async move { counted.count(&ctxt).await }
}

#[tokio::main(flavor = "current_thread")]
pub async fn main() {
    let ctxt = Context::new();
    let warehouse = Arc::new(Warehouse::default());
    assert_eq!(warehouse.more, [0, 0]);
    passed_on(warehouse.clone(), &ctxt).await.unwrap();
    passed_on(Arc::new(warehouse.clone()), &ctxt).await.unwrap();
    assert_eq!(warehouse.count(&ctxt).await.unwrap(), 18);
    drop(is_spawnable(warehouse.clone(), ctxt.clone()));

    // One state behind two traits.
    let transport = Transport::new("memory://ui-shared").unwrap();
    let server = Server::builder(&transport, "a")
        .endpoint(CountedEndpoint::new(warehouse.clone()))
        .endpoint(AdminEndpoint::new(warehouse.clone()))
        .start()
        .await
        .unwrap();
    let admin = AdminClient::new(&transport);
    admin.add(&ctxt, None, &[3]).await.unwrap();
    let counted = Arc::new(CountedClient::new(&transport));
    assert_eq!(counted.count(&ctxt).await.unwrap(), 21);
    assert_eq!(warehouse.count(&ctxt).await.unwrap(), 21);
    server.stop().await;
}
