//! Processes of the laboratory, and signals to them. They are killed when this process ends, even if it is killed.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::Result;

/// A signal that the laboratory sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ends in an orderly way.
    Term,
    /// Ends at once.
    Kill,
    /// Suspends the process. The system keeps its connections.
    Stop,
    /// Resumes the process after `Stop`.
    Continue,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Term => "-TERM",
            Self::Kill => "-KILL",
            Self::Stop => "-STOP",
            Self::Continue => "-CONT",
        }
    }

    /// Sends it to the process group with this number.
    pub fn to_group(self, group: u32) -> Result<()> {
        let sent = Command::new("sh")
            .args(["-c", "kill \"$1\" \"-$2\"", "sh", self.name()])
            .arg(group.to_string())
            .stderr(Stdio::null())
            .status()?;
        if sent.success() {
            Ok(())
        } else {
            Err(format!("no process group {group} to send {} to", self.name()).into())
        }
    }
}

/// Reads lines, each a list of process groups. When the input ends, also because this process has ended, it kills the
/// groups of the last line and removes the directory.
const WATCH: &str = r#"
while read -r line; do groups=$line; done
for group in $groups; do kill -KILL "-$group" 2>/dev/null; done
rm -rf -- "$1"
"#;

/// A directory, and processes that work in it. Both are removed when this is dropped. A shell that outlives this
/// process removes them if this process is killed.
#[derive(Debug)]
pub struct Site {
    directory: PathBuf,
    groups: Mutex<Vec<u32>>,
    watch: Child,
    told: Option<ChildStdin>,
}

impl Site {
    /// Makes a new directory for temporary files, and starts its shell.
    pub fn new() -> Result<Self> {
        let output = Command::new("mktemp")
            .args(["-d", "-t", "rpc-faults.XXXXXX"])
            .output()?;
        let directory = PathBuf::from(String::from_utf8(output.stdout)?.trim());
        if !directory.is_dir() {
            return Err("mktemp made no directory".into());
        }
        let mut watch = Command::new("sh")
            .args(["-c", WATCH, "sh"])
            .arg(&directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let told = watch.stdin.take();
        Ok(Self {
            directory,
            groups: Mutex::default(),
            watch,
            told,
        })
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Starts a process in a group of its own. The group has the process's number.
    pub fn spawn(&self, command: &mut Command) -> Result<Child> {
        let child = command.stdin(Stdio::null()).process_group(0).spawn()?;
        self.tell(|groups| groups.push(child.id()))?;
        Ok(child)
    }

    /// Waits for the end of a process that [`Site::spawn`] started, and removes it from the list.
    pub fn reap(&self, mut child: Child) -> Result<()> {
        let group = child.id();
        child.wait()?;
        self.tell(|groups| groups.retain(|known| *known != group))
    }

    fn tell(&self, change: impl FnOnce(&mut Vec<u32>)) -> Result<()> {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut groups);
        let line: Vec<String> = groups.iter().map(u32::to_string).collect();
        let mut told = self.told.as_ref().ok_or("the watch is gone")?;
        told.write_all(format!("{}\n", line.join(" ")).as_bytes())?;
        Ok(())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.told.take());
        let _ = self.watch.wait();
    }
}
