//! Valid bytes, from which the trials begin.

use crate::captured;

/// The bodies of all captured requests and replies.
#[must_use]
pub fn messages() -> Vec<Vec<u8>> {
    let cases = captured().into_values().flatten();
    cases.map(|message| message.body.into_bytes()).collect()
}

/// Transport URLs of each shape.
#[must_use]
pub fn transport_urls() -> Vec<Vec<u8>> {
    [
        "rabbit://nova:p%40ss@rabbit-1:5671,nova:p%40ss@[::1]/cell?ssl=true",
        "rabbit://guest:guest@localhost:5672/",
        "rabbit://a%2Fb:p@h/",
        "rabbit://a,b:1,c@[fe80::1]:65535//?heartbeat_timeout_threshold=10&rabbit_quorum_queue=1",
        "rabbit://u:p@h/%2F?ssl_key_password=x&ssl_ca_file=%2Fetc%2Fca.pem&kombu_reconnect_delay=0.5",
        "kombu://:p@h:1/v?rabbit_retry_interval=1e3&rabbit_transient_queues_ttl=99999999999999999999",
        "memory://broker",
        "memory://",
        "fake://",
    ]
    .map(|url| url.as_bytes().to_vec())
    .into()
}
