//! With `dyn`, there are trait objects of clients, services, mocks and decorators.

use std::fmt::{Debug, Display};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use rpc_runtime::{Context, Result, Server, Transport, rpc_client};

#[rpc_client(topic = "inventory", version = "2.0", dyn)]
pub trait Inventory {
    async fn size(&self, ctxt: &Context, host: &str) -> Result<u32>;
    async fn hosts<'a>(
        &'a self,
        _: &'a Context,
        r#type: Option<&'a str>,
        racks: &[String],
        limit: Option<u32>,
    ) -> Result<Vec<String>>;
    #[rpc(cast)]
    async fn touch(&self, ctxt: &Context, host: String) -> Result<()>;
    #[cfg(not(any(unix, windows)))]
    async fn absent(&self, ctxt: &Context, it: NoSuchType) -> Result<()>;
}

/// Everything that a trait may have beside its methods.
#[rpc_client(topic = "inventory", version = "2.0", namespace = "more", dyn)]
pub(crate) trait More: Debug + Named {
    const LIMIT: u32 = 3;

    async fn get(&self, ctxt: &Context) -> Result<u32>;

    async fn twice(&self, ctxt: &Context, (by, mut times): (u32, u32)) -> Result<u32> {
        let mut all = 0;
        while times > 0 {
            all += by * self.get(ctxt).await?;
            times -= 1;
        }
        Ok(all)
    }
    fn plain<'a>(&'a self, text: &'a str) -> &'a str {
        text
    }
    fn label(&self) -> &'static str {
        "of the trait"
    }
    async fn nothing(&self) {}
    fn each<T: Display>(&self, all: &[T]) -> String
    where
        Self: Sized,
    {
        all.iter().map(ToString::to_string).collect()
    }
    fn itself(&self) -> &Self
    where
        Self: Sized,
    {
        self
    }
    fn named() -> &'static str
    where
        Self: Sized,
    {
        "of the trait"
    }
}

pub trait Named {
    fn name(&self) -> String;
}

impl Named for MoreClient {
    fn name(&self) -> String {
        "the client".to_owned()
    }
}

/// Raw names are names.
#[rpc_client(version = "1.0", dyn)]
pub trait r#Raw {
    async fn r#loop(&self, ctxt: &Context) -> Result<u32>;
}

struct Real;

impl Raw for Real {
    async fn r#loop(&self, _: &Context) -> Result<u32> {
        Ok(5)
    }
}

/// An object can also be made from a service that borrows.
#[derive(Debug)]
struct Counter<'a>(&'a AtomicU32);

impl Named for Counter<'_> {
    fn name(&self) -> String {
        "the counter".to_owned()
    }
}

impl More for Counter<'_> {
    async fn get(&self, _: &Context) -> Result<u32> {
        Ok(self.0.fetch_add(1, Relaxed))
    }
    fn label(&self) -> &'static str {
        "of the service"
    }
}

#[derive(Default)]
struct Warehouse(AtomicU32);

impl Inventory for Warehouse {
    async fn size(&self, _: &Context, host: &str) -> Result<u32> {
        Ok(u32::try_from(host.len()).unwrap())
    }
    async fn hosts(
        &self,
        _: &Context,
        kind: Option<&str>,
        racks: &[String],
        _: Option<u32>,
    ) -> Result<Vec<String>> {
        let kind = kind.unwrap_or("any");
        Ok(racks.iter().map(|rack| format!("{rack}-{kind}")).collect())
    }
    async fn touch(&self, _: &Context, _: String) -> Result<()> {
        self.0.fetch_add(1, Relaxed);
        Ok(())
    }
}

/// The state of a handler that is not generic.
#[derive(Clone)]
struct State {
    inventory: Arc<dyn DynInventory>,
}

async fn handler(state: State, host: String) -> Result<u32> {
    let ctxt = Context::new();
    state.inventory.touch(&ctxt, host.clone()).await?;
    state.inventory.size(&ctxt, &host).await
}

async fn by_reference(inventory: &dyn DynInventory, ctxt: &Context) -> Result<Vec<String>> {
    let racks = [String::from("a")];
    inventory.hosts(ctxt, Some("big"), &racks, None).await
}

async fn generic(inventory: impl Inventory, ctxt: &Context) -> Result<u32> {
    inventory.size(ctxt, "generic").await
}

async fn generic_by_reference(
    inventory: &(impl Inventory + ?Sized),
    ctxt: &Context,
) -> Result<u32> {
    inventory.size(ctxt, "reference").await
}

async fn of_more(more: &dyn DynMore, ctxt: &Context) -> Result<()> {
    assert_eq!(more.twice(ctxt, (10, 3)).await?, 30);
    more.nothing().await;
    assert_eq!(more.plain("text"), "text");
    assert_eq!(
        format!("{} {}", more.name(), more.label()),
        "the counter of the service"
    );
    assert!(format!("{more:?}").starts_with("Counter"));
    assert_eq!(<dyn DynMore as More>::LIMIT, 3);
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
pub async fn main() {
    let ctxt = Context::new();
    let transport = Transport::new("memory://ui-objects").unwrap();
    let warehouse = Arc::new(Warehouse::default());
    let shared: Arc<dyn DynInventory> = warehouse.clone();
    // An object can be served like any service.
    let server = Server::builder(&transport, "a")
        .endpoint(InventoryEndpoint::new(shared.clone()))
        .start()
        .await
        .unwrap();

    let client: Arc<dyn DynInventory> = Arc::new(InventoryClient::new(&transport));
    for (inventory, touched) in [(shared, 1), (client, 2)] {
        assert_eq!(by_reference(&*inventory, &ctxt).await.unwrap(), ["a-big"]);
        // An `Arc` of an object has both traits, too.
        assert_eq!(by_reference(&inventory, &ctxt).await.unwrap(), ["a-big"]);
        assert_eq!(generic(inventory.clone(), &ctxt).await.unwrap(), 7);
        assert_eq!(generic_by_reference(&*inventory, &ctxt).await.unwrap(), 9);
        let state = State { inventory };
        let spawned = tokio::spawn(handler(state.clone(), "spawned".to_owned()));
        assert_eq!(spawned.await.unwrap().unwrap(), 7);
        while warehouse.0.load(Relaxed) < touched {
            tokio::task::yield_now().await;
        }
    }
    let boxed: Box<dyn DynInventory> = Box::new(Warehouse::default());
    assert_eq!(boxed.size(&ctxt, "boxed").await.unwrap(), 5);
    // With both traits in scope, a call of a service's own method is not ambiguous.
    assert_eq!(Warehouse::default().size(&ctxt, "own").await.unwrap(), 3);
    server.stop().await;

    let raw: &dyn DynRaw = &Real;
    assert_eq!(raw.r#loop(&ctxt).await.unwrap(), 5);

    let counted = AtomicU32::new(0);
    let counter = Counter(&counted);
    of_more(&counter, &ctxt).await.unwrap();
    assert_eq!(counter.each(&[1, 2]), "12");
    assert_eq!(
        (Counter::named(), counter.itself().label()),
        ("of the trait", "of the service")
    );
    let shared: Arc<dyn DynMore + '_> = Arc::new(counter);
    assert_eq!(shared.twice(&ctxt, (1, 1)).await.unwrap(), 3);
}
