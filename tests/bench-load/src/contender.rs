//! The contenders: this library, oslo.messaging, tarpc, and lapin by hand in the forms A to D.

use crate::Result;
use crate::load::Kind;

/// One implementation of calls.
#[derive(Debug)]
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// The title in tables.
    pub(crate) title: &'static str,
    /// The title in charts.
    pub(crate) short: &'static str,
    pub(crate) place: Place,
    pub(crate) casts: bool,
}

/// The location of its two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Two processes and the broker.
    Broker,
    /// The same, in Python.
    Python,
    /// Two processes and a TCP connection between them. The server prints its address.
    Tcp,
    /// The figures of one process.
    InProcess,
}

/// All contenders, in the order in which they run.
pub(crate) const ALL: &[Contender] = &[
    Contender {
        name: "ours",
        title: "ours, rabbit://",
        short: "ours, all guarantees",
        place: Place::Broker,
        casts: true,
    },
    Contender {
        name: "ours-spans",
        title: "ours, rabbit://, spans on",
        short: "ours, spans on",
        place: Place::Broker,
        casts: true,
    },
    Contender {
        name: "lapin-a",
        title: "lapin by hand, A: no confirms",
        short: "lapin by hand, no confirms",
        place: Place::Broker,
        casts: false,
    },
    Contender {
        name: "lapin-b",
        title: "lapin by hand, B: confirms on both sides, shared channel",
        short: "lapin by hand, confirms",
        place: Place::Broker,
        casts: true,
    },
    Contender {
        name: "lapin-c",
        title: "lapin by hand, C: B with mandatory replies over 16 leased channels",
        short: "lapin by hand, mandatory replies",
        place: Place::Broker,
        casts: false,
    },
    Contender {
        name: "lapin-d",
        title: "lapin by hand, D: B with oslo.messaging's messages",
        short: "lapin by hand, oslo.messaging's messages",
        place: Place::Broker,
        casts: true,
    },
    Contender {
        name: "oslo",
        title: "oslo.messaging 18.3.1, both ends",
        short: "oslo.messaging",
        place: Place::Python,
        casts: true,
    },
    Contender {
        name: "tarpc-tcp",
        title: "tarpc 0.38, JSON over loopback TCP",
        short: "tarpc, TCP",
        place: Place::Tcp,
        casts: false,
    },
    Contender {
        name: "memory",
        title: "ours, memory://, in process",
        short: "ours, memory://, serialised",
        place: Place::InProcess,
        casts: false,
    },
    Contender {
        name: "tarpc-json",
        title: "tarpc 0.38, JSON over a stream in memory, in process",
        short: "tarpc, serialised",
        place: Place::InProcess,
        casts: false,
    },
    Contender {
        name: "tarpc",
        title: "tarpc 0.38, in process, nothing serialised",
        short: "tarpc, nothing serialised",
        place: Place::InProcess,
        casts: false,
    },
];

impl Contender {
    pub(crate) fn named(name: &str) -> Result<&'static Self> {
        let found = ALL.iter().find(|contender| contender.name == name);
        Ok(found.ok_or_else(|| format!("no such contender: {name}"))?)
    }

    /// Whether it takes part in this kind of measurement.
    pub(crate) fn does(&self, kind: Kind) -> bool {
        kind == Kind::Call || self.casts
    }
}
