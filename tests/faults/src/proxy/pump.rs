//! One connection through the proxy: two directions, each with a queue of bytes and the times at which they are due.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::{Direction, End, Flow, Orders};
use crate::random::Random;

/// The size of one read.
const CHUNK: usize = 16 * 1024;
/// The greatest number of bytes that wait in one direction, as they would be in flight in a network.
const UNDER_WAY: usize = 4 * 1024 * 1024;
/// How often a second a throttled direction writes.
const STEPS: u32 = 20;
/// How long the sides may take to answer a FIN with a FIN.
const FAREWELL: Duration = Duration::from_secs(1);

/// Forwards bytes between two sides until both have ended, or the orders end the connection.
pub(super) async fn carry(
    number: u64,
    mut client: TcpStream,
    mut broker: TcpStream,
    mut orders: watch::Receiver<Orders>,
) {
    for side in [&client, &broker] {
        // A failure only makes the connection slower.
        let _ = side.set_nodelay(true);
    }
    let end = {
        let (mut from_client, mut to_client) = client.split();
        let (mut from_broker, mut to_broker) = broker.split();
        let up = Pump::new(number, Direction::Up, orders.clone());
        let down = Pump::new(number, Direction::Down, orders.clone());
        let both = async {
            tokio::try_join!(
                up.run(&mut from_client, &mut to_broker),
                down.run(&mut from_broker, &mut to_client),
            )
        };
        tokio::select! {
            ended = both => ended.err(),
            told = orders.wait_for(|orders| number < orders.end_below.0) => {
                // An error means that the proxy was dropped.
                Some(told.map_or(End::Reset, |orders| orders.end_below.1))
            }
        }
    };
    match end {
        None => {}
        Some(End::Reset) => {
            for side in [client, broker] {
                let _ = side.set_zero_linger();
            }
        }
        Some(End::Close) => {
            // A close with unread bytes would be a reset.
            let _ = timeout(FAREWELL, async {
                tokio::join!(part(&mut client), part(&mut broker))
            })
            .await;
        }
    }
}

async fn part(side: &mut TcpStream) {
    let _ = side.shutdown().await;
    let mut unread = [0; 4096];
    while matches!(side.read(&mut unread).await, Ok(1..)) {}
}

/// One direction of a connection.
#[derive(Debug)]
struct Pump {
    number: u64,
    direction: Direction,
    orders: watch::Receiver<Orders>,
    /// The bytes that were read, and when each piece is due.
    queue: VecDeque<(Instant, Vec<u8>)>,
    queued: usize,
    /// A throttled direction writes nothing before this time.
    rested: Instant,
    /// When the last piece is due.
    last_due: Instant,
    /// The random numbers for delays and losses on a long line.
    random: Random,
    /// The order to end after a number of bytes: its number, the bytes that may still pass, and the end.
    fuse: Option<(u64, u64, End)>,
}

impl Pump {
    fn new(number: u64, direction: Direction, orders: watch::Receiver<Orders>) -> Self {
        Self {
            number,
            direction,
            orders,
            queue: VecDeque::new(),
            queued: 0,
            rested: Instant::now(),
            last_due: Instant::now(),
            random: Random::new(number * 2 + u64::from(direction == Direction::Up)),
            fuse: None,
        }
    }

    /// Returns when the reader has ended and everything is written. Otherwise it returns how both directions must end.
    async fn run(
        mut self,
        reader: &mut ReadHalf<'_>,
        writer: &mut WriteHalf<'_>,
    ) -> Result<(), End> {
        let mut buffer = vec![0; CHUNK];
        let mut ended = false;
        loop {
            let flow = self.follow()?;
            let flows = flow != Flow::Hold;
            let room = match flow {
                Flow::Throttle(_) => CHUNK,
                _ => UNDER_WAY,
            };
            if ended && self.queue.is_empty() {
                let _ = writer.shutdown().await;
                return Ok(());
            }
            let due = self.queue.front().map(|(due, _)| match flow {
                Flow::Throttle(_) => self.rested.max(*due),
                _ => *due,
            });
            tokio::select! {
                biased;
                changed = self.orders.changed() => changed.map_err(|_| End::Reset)?,
                () = sleep_until(due.unwrap_or(self.rested)), if flows && due.is_some() => {
                    self.write(flow, writer).await?;
                }
                read = reader.read(&mut buffer), if flows && !ended && self.queued < room => {
                    let length = read.map_err(|_| End::Reset)?;
                    let delay = match flow {
                        Flow::Delay(delay) => delay,
                        Flow::Line(line) => line.takes(&mut self.random),
                        _ => Duration::ZERO,
                    };
                    ended = length == 0;
                    if let Some(bytes) = buffer.get(..length).filter(|bytes| !bytes.is_empty()) {
                        self.queued += length;
                        self.last_due = self.last_due.max(Instant::now() + delay);
                        self.queue.push_back((self.last_due, bytes.to_vec()));
                    }
                }
            }
        }
    }

    /// Reads the orders: the current flow, or how the connection must end.
    fn follow(&mut self) -> Result<Flow, End> {
        let orders = self.orders.borrow_and_update();
        self.fuse = match (orders.fuse, self.fuse) {
            (Some(fuse), _) if fuse.direction != self.direction => None,
            (Some(fuse), Some(known)) if known.0 == fuse.number => Some(known),
            (Some(fuse), _) => Some((fuse.number, fuse.bytes, fuse.end)),
            (None, _) => None,
        };
        match self.fuse {
            Some((_, 0, end)) => Err(end),
            _ if self.number < orders.dead_below => Ok(Flow::Hold),
            _ => Ok(orders.flow(self.direction)),
        }
    }

    /// Writes the front of the queue, or the part of it that may pass.
    async fn write(&mut self, flow: Flow, writer: &mut WriteHalf<'_>) -> Result<(), End> {
        let Some((due, mut bytes)) = self.queue.pop_front() else {
            return Ok(());
        };
        let mut most = bytes.len();
        if let Flow::Throttle(rate) = flow {
            let share = (rate / STEPS).max(1);
            most = most.min(usize::try_from(share).unwrap_or(usize::MAX));
            let part = u32::try_from(most).unwrap_or(u32::MAX);
            self.rested = Instant::now() + Duration::from_secs(1) * part / rate.max(1);
        }
        if let Some((_, left, _)) = &mut self.fuse {
            most = most.min(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= most as u64;
        }
        let later = bytes.split_off(most);
        self.queued -= most;
        if !later.is_empty() {
            self.queue.push_front((due, later));
        }
        writer.write_all(&bytes).await.map_err(|_| End::Reset)
    }
}
