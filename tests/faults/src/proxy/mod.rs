//! A TCP proxy between a client and its broker, which fails as networks do.
//!
//! It listens at one port for as long as it lives, so that whoever connects there need not know of it.
//! Each direction flows as it is told: freely, late, slowly, or not at all. Connections can be ended in
//! good order, by a reset, or after so many more bytes, which is in the midst of a frame; left for dead,
//! which their ends have to find out by themselves; and refused.

mod pump;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::Result;
use crate::random::Random;

/// How bytes flow in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flow {
    /// As they come.
    #[default]
    Forward,
    /// Each byte this much later.
    Delay(Duration),
    /// As over a long line.
    Line(Line),
    /// So many bytes a second, on each connection.
    Throttle(u32),
    /// Not at all: what comes is left in the sender's buffers, until it flows again.
    Hold,
}

/// A long line, in one direction. TCP keeps the order: what comes late holds up all that comes behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// How long bytes take at least.
    pub delay: Duration,
    /// How much longer they take at most.
    pub jitter: Duration,
    /// How many of a hundred segments are lost, and sent again by TCP: they come late by a retransmission timeout.
    pub loss: u8,
}

impl Line {
    /// The shortest retransmission timeout of Linux.
    const LEAST_TIMEOUT: Duration = Duration::from_millis(200);

    /// A line that is always the same.
    #[must_use]
    pub fn of(delay: Duration) -> Self {
        Self {
            delay,
            jitter: Duration::ZERO,
            loss: 0,
        }
    }

    /// How long one segment takes.
    fn takes(&self, random: &mut Random) -> Duration {
        let mut takes = random.between(self.delay, self.delay + self.jitter);
        let round_trip = (self.delay + self.jitter / 2) * 2;
        let mut timeout = round_trip + Self::LEAST_TIMEOUT;
        while random.below(100) < u64::from(self.loss) {
            takes += timeout;
            timeout *= 2;
        }
        takes
    }
}

/// Seen from whoever connected to the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards the broker.
    Up,
    /// From the broker.
    Down,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// In good order, by a FIN to both sides.
    Close,
    /// By an RST to both sides.
    Reset,
}

/// After how many more bytes of a direction each connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fuse {
    /// Which order this was; a connection counts its bytes anew for each.
    number: u64,
    direction: Direction,
    bytes: u64,
    end: End,
}

/// What is to be done with all connections now, and with those to come.
#[derive(Debug, Clone)]
struct Orders {
    up: Flow,
    down: Flow,
    refuse: bool,
    /// Connections with a lower number are dead, and do not know it.
    dead_below: u64,
    /// Connections with a lower number are to end, in this way.
    end_below: (u64, End),
    fuse: Option<Fuse>,
    /// How many connections there were so far; the next one's number.
    connections: u64,
    fuses: u64,
}

impl Orders {
    fn flow(&self, direction: Direction) -> Flow {
        match direction {
            Direction::Up => self.up,
            Direction::Down => self.down,
        }
    }
}

/// A proxy before one broker; it ends, and its connections with it, when dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    orders: watch::Sender<Orders>,
    open: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// A proxy before `target`, on a free port of the loopback interface.
    pub async fn start(target: SocketAddr) -> Result<Self> {
        Self::start_at(Ipv4Addr::LOCALHOST.into(), target).await
    }

    /// The same, on a free port of this address.
    pub async fn start_at(address: IpAddr, target: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((address, 0)).await?;
        let address = listener.local_addr()?;
        let orders = watch::Sender::new(Orders {
            up: Flow::Forward,
            down: Flow::Forward,
            refuse: false,
            dead_below: 0,
            end_below: (0, End::Close),
            fuse: None,
            connections: 0,
            fuses: 0,
        });
        let open = Arc::new(AtomicUsize::new(0));
        let accepting = tokio::spawn(accept(listener, target, orders.clone(), open.clone()));
        Ok(Self {
            address,
            orders,
            open,
            accepting,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections pass through it now, dead ones included.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// How many connections were made through it so far.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.orders.borrow().connections
    }

    /// Makes one direction of all connections flow like this.
    pub fn flow(&self, direction: Direction, flow: Flow) {
        self.orders.send_modify(|orders| match direction {
            Direction::Up => orders.up = flow,
            Direction::Down => orders.down = flow,
        });
    }

    /// Makes both directions of all connections flow like this.
    pub fn flow_both(&self, flow: Flow) {
        self.flow(Direction::Up, flow);
        self.flow(Direction::Down, flow);
    }

    /// Refuses new connections, by a reset, or takes them again.
    pub fn refuse(&self, refuse: bool) {
        self.orders.send_modify(|orders| orders.refuse = refuse);
    }

    /// Ends all connections that there are.
    pub fn end(&self, end: End) {
        self.orders
            .send_modify(|orders| orders.end_below = (orders.connections, end));
    }

    /// Ends each connection that there is, or comes, when `bytes` more have passed in `direction`: the
    /// next byte never does. Until [`Proxy::disarm`].
    pub fn end_after(&self, direction: Direction, bytes: u64, end: End) {
        self.orders.send_modify(|orders| {
            orders.fuses += 1;
            orders.fuse = Some(Fuse {
                number: orders.fuses,
                direction,
                bytes,
                end,
            });
        });
    }

    /// Takes [`Proxy::end_after`] back for connections that it has not ended.
    pub fn disarm(&self) {
        self.orders.send_modify(|orders| orders.fuse = None);
    }

    /// Forwards nothing any more on the connections that there are, and tells nobody: half-open
    /// connections. New ones work.
    pub fn abandon(&self) {
        self.orders
            .send_modify(|orders| orders.dead_below = orders.connections);
    }

    /// Removes what [`Proxy::abandon`] left, once both ends have given up on it.
    pub fn bury(&self) {
        self.orders.send_modify(|orders| {
            if orders.end_below.0 < orders.dead_below {
                orders.end_below = (orders.dead_below, End::Reset);
            }
        });
    }

    /// Back to normal for what is there, and what comes. The dead stay dead.
    pub fn heal(&self) {
        self.orders.send_modify(|orders| {
            orders.up = Flow::Forward;
            orders.down = Flow::Forward;
            orders.refuse = false;
            orders.fuse = None;
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.end(End::Reset);
    }
}

async fn accept(
    listener: TcpListener,
    target: SocketAddr,
    orders: watch::Sender<Orders>,
    open: Arc<AtomicUsize>,
) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: it passes.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        if orders.borrow().refuse {
            let _ = client.set_zero_linger();
            continue;
        }
        let mut number = 0;
        orders.send_modify(|orders| {
            number = orders.connections;
            orders.connections += 1;
        });
        let watching = orders.subscribe();
        let open = open.clone();
        open.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            match TcpStream::connect(target).await {
                Ok(broker) => pump::carry(number, client, broker, watching).await,
                // As if nobody listened here.
                Err(_) => drop(client.set_zero_linger()),
            }
            open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}
