//! The load: a number of callers, each of which makes its next call when the last one has ended.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::Result;

/// The size of the callers' argument, in bytes.
pub(crate) const BYTES: usize = 250;

/// The callers' argument. JSON has to escape some of it.
pub(crate) fn argument(bytes: usize) -> String {
    let sentence = "An ordinary sentence; \"quoted\", with a line's end.\n";
    let mut text = sentence.repeat(bytes.div_ceil(sentence.len()));
    text.truncate(bytes);
    text
}

/// The kind of measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A request, and a reply with the same argument.
    Call,
    /// A request without a reply. It ends when the broker has confirmed it.
    Cast,
}

impl Kind {
    /// The numbers of callers.
    pub(crate) fn callers(self) -> &'static [usize] {
        match self {
            Self::Call => &[1, 16, 64],
            Self::Cast => &[1, 16, 64, 256],
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Call => "call",
            Self::Cast => "cast",
        })
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "call" => Ok(Self::Call),
            "cast" => Ok(Self::Cast),
            other => Err(format!("no such load: {other}")),
        }
    }
}

/// The client of a contender.
pub(crate) trait Client: Clone + Send + Sync + 'static {
    /// Sends the text and returns the length of what came back.
    fn call(&self, text: &str) -> impl Future<Output = Result<usize>> + Send;

    /// The same, and the call may be sent again.
    fn call_through(&self, text: &str) -> impl Future<Output = Result<usize>> + Send {
        self.call(text)
    }

    /// Sends the text one way.
    fn cast(&self, _text: &str) -> impl Future<Output = Result<()>> + Send {
        async { Err("it has no casts".into()) }
    }
}

/// The measurements of a client.
#[derive(Debug)]
pub(crate) struct Seen {
    /// The latency of each request.
    pub(crate) latencies: Vec<Duration>,
    /// The time from the first request to the last reply.
    pub(crate) took: Duration,
}

/// Loads a server for a while.
pub(crate) async fn run<C: Client>(
    client: &C,
    kind: Kind,
    callers: usize,
    each: Duration,
    bytes: usize,
) -> Result<Seen> {
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let client = client.clone();
        tasks.spawn(async move { one_caller(&client, kind, started + each, bytes).await });
    }
    let mut latencies = Vec::new();
    while let Some(done) = tasks.join_next().await {
        latencies.extend(done??);
    }
    Ok(Seen {
        latencies,
        took: started.elapsed(),
    })
}

async fn one_caller<C: Client>(
    client: &C,
    kind: Kind,
    end: Instant,
    bytes: usize,
) -> Result<Vec<Duration>> {
    let argument = argument(bytes);
    let mut latencies = Vec::new();
    let mut before = Instant::now();
    while before < end {
        match kind {
            Kind::Call => {
                let length = client.call(&argument).await?;
                if length != argument.len() {
                    return Err("the reply is not the argument".into());
                }
            }
            Kind::Cast => client.cast(&argument).await?,
        }
        let now = Instant::now();
        latencies.push(now - before);
        before = now;
    }
    Ok(latencies)
}
