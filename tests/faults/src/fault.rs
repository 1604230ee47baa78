//! The kinds of fault: how each is called, how often it comes, and how long it lasts.

use std::fmt;
use std::time::Duration;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The clients' connections are reset.
    ClientsReset,
    /// The servers' connections are reset.
    ServersReset,
    /// The clients' connections end in the midst of a frame that they send.
    ClientsCutMidFrame,
    /// The servers' connections end in the midst of a frame that they receive.
    ServersCutMidFrame,
    /// The clients' connections are dead, and nobody says so; new ones work.
    ClientsHalfOpen,
    /// The servers' connections are dead, and nobody says so; new ones work.
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
    /// The queue for replies to a client is deleted.
    ReplyQueueDeleted,
    /// The topic's queue is deleted, with what is in it.
    TopicQueueDeleted,
    /// The exchange is deleted.
    ExchangeDeleted,
    /// The servers' connections are reset again and again, while all their permits are taken.
    ServersResetAgain,
    /// The clients are far from the broker for a time, by a line that is uneven and loses packets.
    ClientsLongLine,
    /// The servers are, by such a line.
    ServersLongLine,
    /// The broker reads nothing from the clients for a time, and goes on sending to them.
    ClientsUnread,
    /// Each client makes a call and a cast that are larger than the broker takes.
    RequestTooLarge,
    /// Each client makes a call whose reply is.
    ReplyTooLarge,
    /// The topic's queue has no room for a time, and the broker refuses what is sent there.
    QueueFull,
    /// For a time, the broker ends consumers that do not acknowledge at once, while all permits are taken.
    ConsumerTimeout,
    /// Nobody may do anything for a time.
    PermissionsWithdrawn,
    /// The virtual host is deleted with all that is in it, and made anew.
    VirtualHostDeleted,
    /// The password is another one for a time.
    PasswordChanged,
    /// One node of a cluster after the other is stopped and started again.
    RollingRestart,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 28] = [
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
    ];

    /// Its name in reports, and on the command line.
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
        }
    }

    /// Whether it takes clients and servers of this library: those of others are not told to do such things.
    #[must_use]
    pub fn takes_ours(self) -> bool {
        matches!(
            self,
            Self::ServersResetAgain
                | Self::ConsumerTimeout
                | Self::RequestTooLarge
                | Self::ReplyTooLarge
        )
    }

    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// How often it comes, beside the others: what takes long comes seldom.
    #[must_use]
    pub fn weight(self) -> u64 {
        match self {
            Self::NodeKilled | Self::ClientsUnread | Self::RollingRestart => 1,
            Self::ClientsHalfOpen | Self::ServersHalfOpen => 2,
            _ => 4,
        }
    }

    /// The shortest and the longest it lasts; the same for what is over at once.
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
            // Shorter than a heartbeat, and longer than TCP waits for a connection.
            Self::ClientsUnread => (1000, 40_000),
            // Before the node starts again, which takes seconds more.
            Self::NodeKilled => (0, 1000),
            // For as many bytes to be sent as cut the frame.
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
