//! Queue names that stay the same when a service restarts: oslo.messaging's queue manager.
//!
//! A name is `<host>:<process>:<n>`. The number `n` counts the queues of one generation of the service, which is one
//! process group. The count is in a file in `/dev/shm`, in oslo.messaging's format, which Python processes share. It
//! starts over when the group has another leader. Without `/proc`, each process is a generation of its own. Without
//! `/dev/shm`, the file is in the directory for temporary files.
//!
//! Containers do not share the file, so two running processes can get the same name. Before a name is used, its queue
//! must be checked for other consumers ([`own_queue`](super::own_queue)).

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use crate::{Error, Result};

/// The age at which a lock file counts as left behind.
const STALE: Duration = Duration::from_secs(1);
/// How long a process waits for the lock.
const TAKE_DEADLINE: Duration = Duration::from_secs(5);

/// Makes names for one service on one host.
#[derive(Debug)]
pub(crate) struct QueueManager {
    host: String,
    process: String,
    directory: PathBuf,
}

impl QueueManager {
    pub(crate) fn new(host: Option<String>, process: Option<String>) -> Self {
        Self {
            host: host.unwrap_or_else(host_name),
            process: process.unwrap_or_else(process_name),
            directory: Some(PathBuf::from("/dev/shm"))
                .filter(|directory| directory.is_dir())
                .unwrap_or_else(std::env::temp_dir),
        }
    }

    /// The next name. Blocks for file I/O.
    pub(crate) fn next(&self) -> Result<String> {
        let count = self.count().map_err(|error| {
            Error::Config(format!(
                "`use_queue_manager` cannot count queues in a file in {}: {error}; make the directory writable, or \
                 leave the option out",
                self.directory.display()
            ))
        })?;
        Ok(format!("{}:{}:{count}", self.host, self.process))
    }

    fn count(&self) -> std::io::Result<u64> {
        // A configured name must not lead out of the directory.
        let stem = format!("{}_{}_qmanager", self.host, self.process).replace('/', "_");
        let file = self.directory.join(&stem);
        let _lock = Lock::take(self.directory.join(stem + ".lock"))?;
        let (group, started) = generation()?;
        let known = fs::read_to_string(&file).unwrap_or_default();
        let count = match parse(&known) {
            Some((known_group, count, known_start))
                if known_group == group && known_start == started =>
            {
                count + 1
            }
            _ => 1,
        };
        fs::write(&file, format!("{group}:{count}:{started}"))?;
        Ok(count)
    }
}

fn parse(text: &str) -> Option<(u64, u64, u64)> {
    let mut parts = text.trim().split(':').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??, parts.next()??))
}

/// The number of the process group, and when its leader started. The start tells apart two groups with the same number.
fn generation() -> std::io::Result<(u64, u64)> {
    if !Path::new("/proc/self/stat").exists() {
        return Ok((std::process::id().into(), 0));
    }
    let group = stat_field("self", 5)?;
    // The group is 0 if its leader is outside the container.
    let leader = if group == 0 {
        u64::from(std::process::id())
    } else {
        group
    };
    let started = match stat_field(&leader.to_string(), 22) {
        // The leader has ended. The other processes of the group must still agree on one value.
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        started => started?,
    };
    Ok((group, started))
}

/// Field `number` of a process's `stat`, counted from 1. The second field is in parentheses and may contain spaces.
fn stat_field(process: &str, number: usize) -> std::io::Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    stat.rsplit_once(')')
        .and_then(|(_, rest)| rest.split_whitespace().nth(number - 3)?.parse().ok())
        .ok_or_else(|| ErrorKind::InvalidData.into())
}

/// A lock file, which exists while a process counts. A lock file that is older than [`STALE`] was left behind by a crash,
/// and is removed.
struct Lock(PathBuf);

impl Lock {
    fn take(path: PathBuf) -> std::io::Result<Self> {
        let began = Instant::now();
        while began.elapsed() < TAKE_DEADLINE {
            let mut options = fs::OpenOptions::new();
            match options.write(true).create_new(true).open(&path) {
                Ok(_) => return Ok(Self(path)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    let is_stale = |age: Duration| age > STALE;
                    if age(&path).is_some_and(is_stale) {
                        let _ = fs::remove_file(&path);
                    }
                    // The owner holds the lock only for one small write.
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(error) => return Err(error),
            }
        }
        Err(ErrorKind::TimedOut.into())
    }
}

/// The age of a file, or none if it is gone or the clock was set back.
fn age(path: &Path) -> Option<Duration> {
    let modified = fs::metadata(path).ok()?.modified().ok()?;
    modified.elapsed().ok()
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn host_name() -> String {
    ["/proc/sys/kernel/hostname", "/etc/hostname"]
        .iter()
        .find_map(|file| fs::read_to_string(file).ok())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".into())
}

/// The name of this program's file.
pub(crate) fn process_name() -> String {
    std::env::args_os()
        .next()
        .and_then(|program| {
            Some(
                Path::new(&program)
                    .file_name()?
                    .to_string_lossy()
                    .into_owned(),
            )
        })
        .unwrap_or_else(|| "rpc".into())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn names_count_up_within_a_generation_and_start_over_after_it() {
        let directory = std::env::temp_dir().join(format!("queue-manager-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let names = |process: &str| QueueManager {
            host: "h".into(),
            process: process.into(),
            directory: directory.clone(),
        };
        assert_eq!(names("p").next().unwrap(), "h:p:1");
        assert_eq!(names("p").next().unwrap(), "h:p:2");
        assert_eq!(names("a/b").next().unwrap(), "h:a/b:1");
        let file = directory.join("h_p_qmanager");
        fs::write(&file, "1:7:1").unwrap();
        assert_eq!(names("p").next().unwrap(), "h:p:1");
        fs::write(&file, "garbage").unwrap();
        assert_eq!(names("p").next().unwrap(), "h:p:1");
        fs::remove_dir_all(&directory).unwrap();
    }
}
