//! Python programs of `tests/python`, driven by lines of JSON.

use std::fmt;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use crate::PATIENCE;

/// A running Python program. It is killed when dropped. If the test fails, its standard error is printed then.
pub struct Python {
    name: String,
    stdin: Option<ChildStdin>,
    lines: mpsc::UnboundedReceiver<String>,
    stderr: Arc<Mutex<Vec<u8>>>,
    child: Child,
}

impl Python {
    /// Starts an RPC server, and waits until it listens.
    pub async fn server(topic: &str, server: &str) -> Self {
        let url = crate::broker_url();
        Self::spawn("server.py", &[&url, topic, server]).await
    }

    /// Starts an RPC server at another exchange, and waits until it listens.
    pub async fn server_at(exchange: &str, topic: &str, server: &str) -> Self {
        Self::server_over(&crate::broker_url(), exchange, topic, server).await
    }

    /// The same, over the transport of this URL.
    pub async fn server_over(url: &str, exchange: &str, topic: &str, server: &str) -> Self {
        Self::spawn("server.py", &[url, topic, server, "--exchange", exchange]).await
    }

    /// Starts an RPC client that rebuilds the exceptions of these modules.
    pub async fn client(allowed_remote_exmods: &[&str]) -> Self {
        Self::client_over(&crate::broker_url(), allowed_remote_exmods).await
    }

    /// The same, over the transport of this URL.
    pub async fn client_over(url: &str, allowed_remote_exmods: &[&str]) -> Self {
        let arguments = [&[url], allowed_remote_exmods].concat();
        Self::spawn("client.py", &arguments).await
    }

    /// Starts a program with Python's wire format and version rule.
    pub async fn codec() -> Self {
        Self::spawn("codec.py", &[]).await
    }

    /// Starts a program of `tests/python`, and waits until it is ready.
    pub async fn spawn(script: &str, arguments: &[&str]) -> Self {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
        let mut child = Command::new(crate::python())
            .args(["-W", "ignore"])
            .arg(scripts.join(script))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("RPC_TEST_PYTHON can be run");
        let stdin = child.stdin.take();
        let (sender, lines) = mpsc::unbounded_channel();
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        tokio::spawn(async move {
            while let Ok(Some(line)) = stdout.next_line().await {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let stderr = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&stderr);
        let mut from = child.stderr.take().expect("stderr is piped");
        tokio::spawn(async move {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = from.read(&mut piece).await {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&piece[..length]);
            }
        });
        let name = [&[script], arguments.get(1..).unwrap_or_default()]
            .concat()
            .join(" ");
        let mut python = Self {
            name,
            stdin,
            lines,
            stderr,
            child,
        };
        let ready: Value = python.line(PATIENCE).await;
        assert_eq!(ready, json!({ "event": "ready" }), "{}", python.name);
        python
    }

    /// Waits for its next line, for at most `patience`.
    pub async fn line<T: DeserializeOwned>(&mut self, patience: Duration) -> T {
        let text = self.text(patience).await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}: {text}", self.name))
    }

    /// Waits for its next report of a request that it runs.
    pub async fn received(&mut self) -> Received {
        self.line(PATIENCE).await
    }

    /// The reports that have already arrived.
    pub fn received_so_far(&mut self) -> Vec<Received> {
        std::iter::from_fn(|| self.lines.try_recv().ok())
            .map(|line| serde_json::from_str(&line).expect("a report"))
            .collect()
    }

    /// Sends a request and waits for the answer: the result, or the exception.
    pub async fn ask<T: DeserializeOwned>(&mut self, request: impl Serialize) -> Result<T, Raised> {
        #[derive(Deserialize)]
        struct Answer {
            // Raw JSON, since a `Value` would round large integers.
            result: Option<Box<RawValue>>,
            raised: Option<Raised>,
        }

        let mut line = serde_json::to_string(&request).expect("a request is JSON");
        line.push('\n');
        let stdin = self.stdin.as_mut().expect("not yet ended");
        let written = timeout(PATIENCE, stdin.write_all(line.as_bytes())).await;
        assert!(matches!(written, Ok(Ok(()))), "{} takes no line", self.name);
        let answer: Answer = self.line(PATIENCE).await;
        if let Some(raised) = answer.raised {
            return Err(raised);
        }
        let result = answer.result.as_deref().map_or("null", RawValue::get);
        Ok(serde_json::from_str(result)
            .unwrap_or_else(|error| panic!("{}: {error}: {result}", self.name)))
    }

    /// Stops it in an orderly way.
    pub async fn stop(mut self) {
        drop(self.stdin.take());
        let status = timeout(PATIENCE, self.child.wait()).await;
        assert!(
            matches!(&status, Ok(Ok(status)) if status.success()),
            "{} ended with {status:?}",
            self.name
        );
    }

    async fn text(&mut self, patience: Duration) -> String {
        match timeout(patience, self.lines.recv()).await {
            Ok(Some(line)) => line,
            Ok(None) => panic!("{} has ended", self.name),
            Err(Elapsed { .. }) => panic!("{} has said nothing for {patience:?}", self.name),
        }
    }
}

impl fmt::Debug for Python {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Python").field(&self.name).finish()
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let stderr = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
            eprintln!("-- {}\n{}", self.name, String::from_utf8_lossy(&stderr));
        }
    }
}

/// A request that a Python server ran.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Received {
    /// The method.
    pub method: String,
    /// Its arguments. A long string is replaced by its length.
    pub args: Map<String, Value>,
    /// The request's context.
    pub context: Map<String, Value>,
}

/// An exception in a Python program.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Raised {
    /// The name of its class. The name of a rebuilt class ends with `_Remote`.
    pub class: String,
    /// The module of its class.
    pub module: String,
    /// All its classes, with their modules.
    pub bases: Vec<String>,
    /// Whether it is oslo.messaging's `RemoteError`.
    pub remote: bool,
    /// Its text, as `str` returns it.
    pub text: String,
    /// Its positional arguments.
    pub args: Vec<Value>,
    /// Its keyword arguments, if it keeps them.
    pub kwargs: Option<Map<String, Value>>,
    /// A `RemoteError`'s class, as named by the server.
    pub exc_type: Option<String>,
    /// A `RemoteError`'s message.
    pub value: Option<String>,
    /// A `RemoteError`'s traceback.
    pub traceback: Option<Vec<String>>,
}
