//! What private brokers share: a directory, a cookie, an epmd of their own, and the Erlang node that controls them.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::Range;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::Result;
use crate::erlang::Erlang;
use crate::process::Site;
use crate::random::Random;

/// How long epmd may take to listen.
const START: Duration = Duration::from_secs(30);

/// The surroundings of private brokers. All of it is removed when dropped.
#[derive(Debug)]
pub struct Ground {
    pub(crate) erlang: Erlang,
    pub(crate) scripts: PathBuf,
    environment: Vec<(String, String)>,
    /// Dropped last: it kills the processes that still run.
    pub(crate) site: Site,
}

impl Ground {
    /// Prepares it. `scripts` is the directory of RabbitMQ's scripts, such as `/usr/lib/rabbitmq/bin`.
    pub async fn prepare(scripts: impl Into<PathBuf>) -> Result<Self> {
        let site = Site::new()?;
        let home = site.directory();
        let [epmd] = free_ports()?;
        let mut cookie = Random::new(u64::from(epmd) << 32 | u64::from(std::process::id()));
        let mut file = fs::OpenOptions::new();
        let file = file.write(true).create_new(true).mode(0o400);
        std::io::Write::write_all(
            &mut file.open(home.join(".erlang.cookie"))?,
            format!("{:016x}{:016x}", cookie.number(), cookie.number()).as_bytes(),
        )?;
        let environment = vec![
            ("HOME".to_owned(), home.display().to_string()),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
            ("LC_ALL".to_owned(), "C.UTF-8".to_owned()),
            ("ERL_EPMD_PORT".to_owned(), epmd.to_string()),
            ("ERL_EPMD_ADDRESS".to_owned(), "127.0.0.1".to_owned()),
        ];
        let mut command = Command::new("epmd");
        command
            .args(["-address", "127.0.0.1", "-port", &epmd.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        site.spawn(&mut command)?;
        // If this epmd did not run yet, Erlang would start another one and never stop it.
        let ready = SocketAddr::from((Ipv4Addr::LOCALHOST, epmd));
        let listening = async {
            while TcpStream::connect(ready).await.is_err() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(START, listening)
            .await
            .map_err(|_| format!("epmd does not listen at {ready}"))?;
        let erlang = Erlang::start(&format!("hand-{epmd}@localhost"), &environment)?;
        Ok(Self {
            erlang,
            scripts: scripts.into(),
            environment,
            site,
        })
    }

    /// The directory of its files.
    #[must_use]
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// A command with the environment of a broker's processes, without other variables of RabbitMQ or Erlang.
    pub(crate) fn command(&self, script: &str) -> Command {
        let mut command = Command::new(self.scripts.join(script));
        for (name, _) in std::env::vars_os() {
            let name_text = name.to_string_lossy();
            if name_text.starts_with("RABBITMQ_") || name_text.starts_with("ERL_") {
                command.env_remove(&name);
            }
        }
        command.envs(self.environment.iter().cloned());
        command
    }
}

/// The range of ports to search. It excludes the ports that the system gives to a socket without a fixed port: another
/// process could get such a port in the seconds before the node listens.
const PORTS: Range<u16> = 10_000..32_768;

/// The number of ports that this process has given out.
static GIVEN: AtomicU32 = AtomicU32::new(0);

/// Ports without a listener. No other caller in this process gets the same.
pub(crate) fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let mut ports = [0; N];
    for port in &mut ports {
        *port = free_port().ok_or("all ports are taken")?;
    }
    Ok(ports)
}

fn free_port() -> Option<u16> {
    // Processes that search at the same time begin at different ports.
    let start = std::process::id().wrapping_mul(64);
    (0..PORTS.len()).find_map(|_| {
        let place = start.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed));
        let port = PORTS.clone().nth(place as usize % PORTS.len())?;
        // On all interfaces, as brokers listen.
        let free = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok();
        free.then_some(port)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_given_twice_nor_while_it_is_taken() {
        let [first] = free_ports().unwrap();
        let taken = TcpListener::bind((Ipv4Addr::UNSPECIFIED, first + 1));
        let others = free_ports::<64>().unwrap();
        for (index, port) in others.iter().enumerate() {
            assert!(PORTS.contains(port));
            assert!(!others[..index].contains(port) && *port != first);
            assert!(taken.is_err() || *port != first + 1);
        }
    }
}
