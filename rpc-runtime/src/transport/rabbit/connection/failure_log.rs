//! Why the connections of one transport cannot be made.
//!
//! A transport has several connections, which fail for the same reasons, again and again. A reason is logged when it is
//! new for its host, whichever connection has it first. Plain state under a lock that is never held across an await.
//! Nothing here logs: the diallers do.

use super::super::settings::Address;
use crate::sync::Mutex;

/// The last failure of each connection at each host.
#[derive(Debug, Default)]
pub(crate) struct FailureLog(Mutex<Vec<Failure>>);

#[derive(Debug)]
struct Failure {
    connection: String,
    host: String,
    port: u16,
    why: String,
}

impl FailureLog {
    /// Records why a connection cannot be made. True if the reason is new: the last failure of every connection of the
    /// transport at this host had another reason.
    pub(super) fn record(&self, connection: &str, host: &Address, why: &str) -> bool {
        let mut failures = self.0.lock();
        let is_there = |failure: &Failure| failure.host == host.name && failure.port == host.port;
        let is_known = failures
            .iter()
            .any(|failure| is_there(failure) && failure.why == why);
        failures.retain(|failure| !is_there(failure) || failure.connection != connection);
        failures.push(Failure {
            connection: connection.to_owned(),
            host: host.name.clone(),
            port: host.port,
            why: why.to_owned(),
        });
        !is_known
    }

    /// Forgets the failures of a connection that was made.
    pub(super) fn forget(&self, connection: &str) {
        self.0
            .lock()
            .retain(|failure| failure.connection != connection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Secret;

    #[test]
    fn a_reason_is_new_once_for_all_connections_to_a_host() {
        let host = |name: &str| Address {
            name: name.into(),
            port: 5672,
            user: String::new(),
            password: Secret::new(""),
        };
        let (log, here, there) = (FailureLog::default(), host("here"), host("there"));
        assert!(log.record("publish", &here, "refused"));
        assert!(!log.record("consume", &here, "refused"));
        assert!(!log.record("publish", &here, "refused"));
        assert!(log.record("publish", &there, "refused"));
        assert!(log.record("publish", &here, "wrong password"));
        assert!(!log.record("consume", &here, "wrong password"));
        log.forget("publish");
        assert!(!log.record("consume", &here, "wrong password"));
        log.forget("consume");
        assert!(log.record("publish", &here, "wrong password"));
    }
}
