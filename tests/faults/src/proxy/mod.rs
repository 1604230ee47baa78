//! A TCP proxy between a client and its broker that fails as networks do.
//!
//! It keeps its port, so clients reconnect to the same address. It forwards each direction at once, with a delay, at a
//! limited rate, or not at all. Connections can be closed gracefully, reset, or ended after a number of bytes, which is in
//! the middle of a frame. They can be abandoned, so that they are half-open. New connections can be refused.

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
    /// At once.
    #[default]
    Forward,
    /// Each byte is delayed by this time.
    Delay(Duration),
    /// As over a long line.
    Line(Line),
    /// At most this many bytes a second, on each connection.
    Throttle(u32),
    /// Not at all. The bytes stay in the sender's buffers until the direction flows again.
    Hold,
}

/// One direction of a long line. TCP keeps the order, so a late segment delays all segments behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// The least delay of bytes.
    pub delay: Duration,
    /// The greatest additional delay.
    pub jitter: Duration,
    /// The percentage of segments that are lost. TCP sends them again, so they are late by a retransmission timeout.
    pub loss: u8,
}

impl Line {
    /// The shortest retransmission timeout of Linux.
    const LEAST_TIMEOUT: Duration = Duration::from_millis(200);

    /// A line with a constant delay.
    #[must_use]
    pub fn of(delay: Duration) -> Self {
        Self {
            delay,
            jitter: Duration::ZERO,
            loss: 0,
        }
    }

    /// The delay of one segment.
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

/// A direction, seen from the client of the proxy.
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
    /// By a FIN to both sides.
    Close,
    /// By an RST to both sides.
    Reset,
}

/// Ends each connection after a number of further bytes in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fuse {
    /// The number of the order. A connection counts its bytes from zero for each order.
    number: u64,
    direction: Direction,
    bytes: u64,
    end: End,
}

/// The orders for all connections, existing and new.
#[derive(Debug, Clone)]
struct Orders {
    up: Flow,
    down: Flow,
    refuse: bool,
    /// Connections with a lower number are half-open.
    dead_below: u64,
    /// Connections with a lower number must end in this way.
    end_below: (u64, End),
    fuse: Option<Fuse>,
    /// The number of connections so far, which is the number of the next one.
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

/// A proxy before one broker. When dropped, it ends with its connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    orders: watch::Sender<Orders>,
    open: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Starts a proxy before `target`, on a free port of the loopback interface.
    pub async fn start(target: SocketAddr) -> Result<Self> {
        Self::start_at(Ipv4Addr::LOCALHOST.into(), target).await
    }

    /// Starts a proxy before `target`, on a free port of this address.
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

    /// The address at which it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The number of connections through it now, half-open ones included.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// The number of connections through it so far.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.orders.borrow().connections
    }

    /// Sets the flow of one direction of all connections.
    pub fn flow(&self, direction: Direction, flow: Flow) {
        self.orders.send_modify(|orders| match direction {
            Direction::Up => orders.up = flow,
            Direction::Down => orders.down = flow,
        });
    }

    /// Sets the flow of both directions of all connections.
    pub fn flow_both(&self, flow: Flow) {
        self.flow(Direction::Up, flow);
        self.flow(Direction::Down, flow);
    }

    /// Refuses new connections by a reset, or accepts them again.
    pub fn refuse(&self, refuse: bool) {
        self.orders.send_modify(|orders| orders.refuse = refuse);
    }

    /// Ends all existing connections.
    pub fn end(&self, end: End) {
        self.orders
            .send_modify(|orders| orders.end_below = (orders.connections, end));
    }

    /// Ends each existing or new connection when `bytes` further bytes have passed in `direction`. The next byte does
    /// not pass. This holds until [`Proxy::disarm`].
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

    /// Reverts [`Proxy::end_after`] for the connections that it has not ended.
    pub fn disarm(&self) {
        self.orders.send_modify(|orders| orders.fuse = None);
    }

    /// Makes the existing connections half-open: it forwards nothing and does not close them. New connections work.
    pub fn abandon(&self) {
        self.orders
            .send_modify(|orders| orders.dead_below = orders.connections);
    }

    /// Removes the connections that [`Proxy::abandon`] left, after both ends have given up on them.
    pub fn bury(&self) {
        self.orders.send_modify(|orders| {
            if orders.end_below.0 < orders.dead_below {
                orders.end_below = (orders.dead_below, End::Reset);
            }
        });
    }

    /// Restores the normal flow for existing and new connections. Half-open connections stay half-open.
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
            // Probably out of file descriptors, which passes.
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
                // A reset, as if there were no listener.
                Err(_) => drop(client.set_zero_linger()),
            }
            open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}
