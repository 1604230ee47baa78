//! Faults of the network. The proxies make them.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Bench;
use crate::brokers::Side;
use crate::fault::Kind;
use crate::proxy::{Direction, End, Flow, Line};
use crate::schedule::Planned;

/// A long line that is uneven and loses packets.
const LONG_LINE: Line = Line {
    delay: Duration::from_millis(75),
    jitter: Duration::from_millis(50),
    loss: 2,
};

impl Bench<'_> {
    pub(super) async fn disturb_network(&self, fault: &Planned) -> Instant {
        let began = Instant::now();
        let (clients, servers) = (self.clients, self.servers);
        match fault.kind {
            Kind::ClientsReset => clients.end(End::Reset),
            Kind::ServersReset => servers.end(End::Reset),
            Kind::ClientsHalfOpen => clients.abandon(),
            Kind::ServersHalfOpen => servers.abandon(),
            Kind::ClientsCutMidFrame => return cut(clients, Direction::Up, fault).await,
            Kind::ServersCutMidFrame => return cut(servers, Direction::Down, fault).await,
            Kind::ClientsLongLine => {
                return lengthen(clients, Flow::Line(LONG_LINE), fault.lasting).await;
            }
            Kind::ServersLongLine => {
                return lengthen(servers, Flow::Line(LONG_LINE), fault.lasting).await;
            }
            Kind::ClientsBlackholed => return lengthen(clients, Flow::Hold, fault.lasting).await,
            Kind::ClientsUnread => {
                clients.flow(Direction::Up, Flow::Hold);
                return healed(clients, fault.lasting).await;
            }
            Kind::ClientsRefused => {
                clients.refuse(true);
                clients.end(End::Reset);
                return healed(clients, fault.lasting).await;
            }
            // Other faults are not of the network.
            _ => {}
        }
        began
    }
}

async fn cut(side: &Side, direction: Direction, fault: &Planned) -> Instant {
    let end = match fault.detail % 2 {
        0 => End::Close,
        _ => End::Reset,
    };
    side.end_after(direction, fault.detail / 2 % 1000 + 1, end);
    sleep(fault.lasting.max(Duration::from_millis(1))).await;
    side.disarm();
    Instant::now()
}

async fn lengthen(side: &Side, flow: Flow, lasting: Duration) -> Instant {
    side.flow_both(flow);
    healed(side, lasting).await
}

async fn healed(side: &Side, lasting: Duration) -> Instant {
    sleep(lasting).await;
    side.heal();
    Instant::now()
}
