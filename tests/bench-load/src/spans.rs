//! A subscriber like those of services: spans are kept, and each is written when it ends.

use tracing_subscriber::fmt;
use tracing_subscriber::fmt::format::FmtSpan;

/// Turns spans on for the whole process. The output is discarded, since the terminal is not measured.
pub(crate) fn subscribe() {
    fmt()
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(std::io::sink)
        .init();
}
