//! A subscriber as services have one: spans are kept, and each is written out when it ends.

use tracing_subscriber::fmt;
use tracing_subscriber::fmt::format::FmtSpan;

/// Turns spans on, for the whole process. What is written goes nowhere: the terminal is not what is measured.
pub(crate) fn subscribe() {
    fmt()
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(std::io::sink)
        .init();
}
