//! Programs for one end: this library's own, or oslo.messaging's.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::Command;

/// A program and its first arguments.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    arguments: Vec<PathBuf>,
    ours: bool,
}

impl Program {
    /// A program of this library.
    #[must_use]
    pub fn ours(path: PathBuf) -> Self {
        Self {
            path,
            arguments: Vec::new(),
            ours: true,
        }
    }

    /// A program with oslo.messaging: a script in `tests/faults/python`, run by this Python.
    #[must_use]
    pub fn oslo(python: PathBuf, script: &str) -> Self {
        let scripts = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/python"));
        Self {
            path: python,
            arguments: vec!["-W".into(), "ignore".into(), scripts.join(script)],
            ours: false,
        }
    }

    /// Whether it is this library's.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.ours
    }

    /// The command that starts it, with piped lines. The process is killed when dropped.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        if !self.ours {
            // With libfaketime, which may be there for the clock of the laboratory, `time.sleep` fails in Python: it
            // waits for a moment of the monotonic clock, which libfaketime does not pass on.
            command.env_remove("LD_PRELOAD");
        }
        command
    }
}
