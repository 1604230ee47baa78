//! A TCP relay between driver and broker. Tests make it cut connections, stop forwarding, or refuse
//! connections.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// A text that occurs in the body of each message, and nowhere else.
const BODY: &[u8] = b"oslo.message";

/// Dropping the relay cuts all connections.
pub(crate) struct Relay {
    address: SocketAddr,
    generation: Arc<watch::Sender<u64>>,
    /// The number of accepted connections.
    taken: Arc<AtomicUsize>,
    silent: watch::Sender<bool>,
    held: Arc<AtomicUsize>,
    task: AbortHandle,
}

impl Relay {
    /// Forwards everything to `broker`.
    pub(crate) async fn to(broker: &str) -> Self {
        Self::at((Ipv4Addr::LOCALHOST, 0).into(), broker).await
    }

    /// The same, at an address that a later relay can have again; see [`own_address`].
    pub(crate) async fn returning(broker: &str) -> Self {
        Self::at(own_address(), broker).await
    }

    /// The same, at a given address. The port zero selects a free one.
    pub(crate) async fn at(address: SocketAddr, broker: &str) -> Self {
        let broker = broker.to_owned();
        let silent = watch::Sender::new(false);
        let silence = silent.clone();
        let held = Arc::new(AtomicUsize::new(0));
        let holding = held.clone();
        let serve = move |client: TcpStream| {
            let (broker, silence, held) = (broker.clone(), silence.clone(), holding.clone());
            async move {
                let Ok(server) = TcpStream::connect(&broker).await else {
                    return;
                };
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::select! {
                    () = forward(from_client, to_server, silence.subscribe(), &held) => {}
                    () = forward(from_server, to_client, silence.subscribe(), &held) => {}
                }
            }
        };
        Self::serving(address, serve, silent, held).await
    }

    /// Accepts connections and never sends anything.
    pub(crate) async fn silent() -> Self {
        Self::start(|client| async move {
            let _client = client;
            std::future::pending::<()>().await;
        })
        .await
    }

    pub(crate) async fn start<F: Future<Output = ()> + Send + 'static>(
        serve: impl Fn(TcpStream) -> F + Send + 'static,
    ) -> Self {
        let address = (Ipv4Addr::LOCALHOST, 0).into();
        Self::serving(address, serve, watch::Sender::default(), Arc::default()).await
    }

    async fn serving<F: Future<Output = ()> + Send + 'static>(
        address: SocketAddr,
        serve: impl Fn(TcpStream) -> F + Send + 'static,
        silent: watch::Sender<bool>,
        held: Arc<AtomicUsize>,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let generation = Arc::new(watch::Sender::new(0));
        let cuts = generation.clone();
        let taken = Arc::new(AtomicUsize::new(0));
        let count = taken.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let mut cut = cuts.subscribe();
                let serving = serve(client);
                tokio::spawn(async move {
                    tokio::select! {
                        // A cut takes effect before any more bytes are forwarded.
                        biased;
                        _ = cut.changed() => {}
                        () = serving => {}
                    }
                });
            }
        });
        Self {
            address,
            generation,
            taken,
            silent,
            held,
            task: task.abort_handle(),
        }
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn socket_address(&self) -> SocketAddr {
        self.address
    }

    /// The number of connections that it has accepted.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    /// Stops or resumes forwarding, in both directions, on existing and new connections. The connections stay
    /// open.
    pub(crate) fn silence(&self, silent: bool) {
        self.silent.send_replace(silent);
    }

    /// The number of requests and replies that were held back.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::SeqCst)
    }

    /// Cuts all existing connections. New ones are accepted.
    pub(crate) fn cut(&self) {
        self.generation.send_modify(|generation| *generation += 1);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

/// Forwards bytes until one side ends. Bytes that arrive during a silence are forwarded after it.
async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut silent: watch::Receiver<bool>,
    held: &AtomicUsize,
) {
    let mut buffer = vec![0; 65536];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if *silent.borrow() && buffer[..read].windows(BODY.len()).any(|part| part == BODY) {
            held.fetch_add(1, Ordering::SeqCst);
        }
        let speaks = silent.wait_for(|silent| !silent).await.map(drop);
        if speaks.is_err() || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

/// An address of the loopback network that no other test of this process has, with any free port. If a relay at
/// 127.0.0.1 is dropped, another socket may get its port before the next relay does.
fn own_address() -> SocketAddr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = std::process::id().to_be_bytes();
    let own = NEXT.fetch_add(1, Ordering::Relaxed);
    (IpAddr::from([127, high | 0x80, low, own]), 0).into()
}

/// An address at which nothing listens, and at which a relay can listen later.
pub(crate) async fn closed_address() -> SocketAddr {
    let listener = TcpListener::bind(own_address()).await.unwrap();
    listener.local_addr().unwrap()
}
