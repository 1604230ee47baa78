//! The kinds of fault: their names, their frequency, and how long they last.

use std::fmt;
use std::time::Duration;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The clients' connections are reset.
    ClientsReset,
    /// The servers' connections are reset.
    ServersReset,
    /// The clients' connections end in the middle of a frame that they send.
    ClientsCutMidFrame,
    /// The servers' connections end in the middle of a frame that they receive.
    ServersCutMidFrame,
    /// The clients' connections become half-open. New ones work.
    ClientsHalfOpen,
    /// The servers' connections become half-open. New ones work.
    ServersHalfOpen,
    /// Nothing passes between clients and broker for a time, on old and new connections.
    ClientsBlackholed,
    /// The clients' connections are reset, and refused for a time.
    ClientsRefused,
    /// The node is killed and started again.
    NodeKilled,
    /// The node is stopped by SIGSTOP for a time.
    NodePaused,
    /// A server's process is killed, and another takes its place.
    ServerKilled,
    /// The broker closes all connections.
    AllClosed,
    /// The broker is short of memory for a time.
    Alarm,
    /// The reply queue of a client is deleted.
    ReplyQueueDeleted,
    /// The topic's queue is deleted, with its messages.
    TopicQueueDeleted,
    /// The exchange is deleted.
    ExchangeDeleted,
    /// The servers' connections are reset repeatedly while all their permits are taken.
    ServersResetAgain,
    /// The clients have a long line to the broker for a time. It is uneven and loses packets.
    ClientsLongLine,
    /// The servers have such a line for a time.
    ServersLongLine,
    /// The broker reads nothing from the clients for a time, but continues to send to them.
    ClientsUnread,
    /// Each client makes a call and a cast that are too large for the broker.
    RequestTooLarge,
    /// Each client makes a call whose reply is too large for the broker.
    ReplyTooLarge,
    /// The topic's queue is full for a time, and rejects messages.
    QueueFull,
    /// For a time, the broker ends consumers that do not acknowledge at once, while all permits are taken.
    ConsumerTimeout,
    /// The user has no permissions for a time.
    PermissionsWithdrawn,
    /// The virtual host is deleted with its contents and created again.
    VirtualHostDeleted,
    /// The password is changed for a time.
    PasswordChanged,
    /// The nodes of a cluster are stopped and started again, one after the other.
    RollingRestart,
    /// The wall clock of brokers, clients and servers jumps by an hour, forward and back.
    ClocksJump,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 29] = [
        Self::ClientsReset,
        Self::ServersReset,
        Self::ClientsCutMidFrame,
        Self::ServersCutMidFrame,
        Self::ClientsHalfOpen,
        Self::ServersHalfOpen,
        Self::ClientsBlackholed,
        Self::ClientsRefused,
        Self::NodeKilled,
        Self::NodePaused,
        Self::ServerKilled,
        Self::AllClosed,
        Self::Alarm,
        Self::ReplyQueueDeleted,
        Self::TopicQueueDeleted,
        Self::ExchangeDeleted,
        Self::ServersResetAgain,
        Self::ClientsLongLine,
        Self::ServersLongLine,
        Self::ClientsUnread,
        Self::RequestTooLarge,
        Self::ReplyTooLarge,
        Self::QueueFull,
        Self::ConsumerTimeout,
        Self::PermissionsWithdrawn,
        Self::VirtualHostDeleted,
        Self::PasswordChanged,
        Self::RollingRestart,
        Self::ClocksJump,
    ];

    /// Its name in reports and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ClientsReset => "clients-reset",
            Self::ServersReset => "servers-reset",
            Self::ClientsCutMidFrame => "clients-cut-mid-frame",
            Self::ServersCutMidFrame => "servers-cut-mid-frame",
            Self::ClientsHalfOpen => "clients-half-open",
            Self::ServersHalfOpen => "servers-half-open",
            Self::ClientsBlackholed => "clients-blackholed",
            Self::ClientsRefused => "clients-refused",
            Self::NodeKilled => "node-killed",
            Self::NodePaused => "node-paused",
            Self::ServerKilled => "server-killed",
            Self::AllClosed => "all-closed",
            Self::Alarm => "alarm",
            Self::ReplyQueueDeleted => "reply-queue-deleted",
            Self::TopicQueueDeleted => "topic-queue-deleted",
            Self::ExchangeDeleted => "exchange-deleted",
            Self::ServersResetAgain => "servers-reset-again",
            Self::ClientsLongLine => "clients-long-line",
            Self::ServersLongLine => "servers-long-line",
            Self::ClientsUnread => "clients-unread",
            Self::RequestTooLarge => "request-too-large",
            Self::ReplyTooLarge => "reply-too-large",
            Self::QueueFull => "queue-full",
            Self::ConsumerTimeout => "consumer-timeout",
            Self::PermissionsWithdrawn => "permissions-withdrawn",
            Self::VirtualHostDeleted => "virtual-host-deleted",
            Self::PasswordChanged => "password-changed",
            Self::RollingRestart => "rolling-restart",
            Self::ClocksJump => "clocks-jump",
        }
    }

    /// Whether it needs clients and servers of this library: oslo.messaging's do not know its orders, or do not have the
    /// clock that it sets.
    #[must_use]
    pub fn takes_ours(self) -> bool {
        matches!(
            self,
            Self::ServersResetAgain
                | Self::ConsumerTimeout
                | Self::RequestTooLarge
                | Self::ReplyTooLarge
                | Self::ClocksJump
        )
    }

    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Its frequency relative to the others. Faults that take long are rare.
    #[must_use]
    pub fn weight(self) -> u64 {
        match self {
            Self::NodeKilled | Self::ClientsUnread | Self::RollingRestart => 1,
            Self::ClientsHalfOpen | Self::ServersHalfOpen | Self::ClocksJump => 2,
            _ => 4,
        }
    }

    /// The shortest and the longest time that it lasts; zero for faults that end at once.
    #[must_use]
    pub fn lasts(self) -> (Duration, Duration) {
        let milliseconds = match self {
            Self::ClientsBlackholed
            | Self::ClientsRefused
            | Self::NodePaused
            | Self::Alarm
            | Self::QueueFull
            | Self::PermissionsWithdrawn
            | Self::VirtualHostDeleted
            | Self::PasswordChanged => (200, 3000),
            Self::ServersResetAgain
            | Self::ConsumerTimeout
            | Self::ClientsLongLine
            | Self::ServersLongLine => (1500, 4000),
            // The time after each of the jumps.
            Self::ClocksJump => (1500, 2500),
            // From shorter than a heartbeat to longer than TCP waits for a connection.
            Self::ClientsUnread => (1000, 40_000),
            // The time before the node is started again. The start takes seconds more.
            Self::NodeKilled => (0, 1000),
            // The time for the bytes that come before the cut.
            Self::ClientsCutMidFrame | Self::ServersCutMidFrame => (100, 300),
            _ => (0, 0),
        };
        (
            Duration::from_millis(milliseconds.0),
            Duration::from_millis(milliseconds.1),
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
