//! A private RabbitMQ node: on free ports of the loopback interface, with data of its own.

use std::fs;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Child;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::Result;
use crate::ground::{Ground, free_ports};
use crate::process::Signal;

/// How long a node may take to start on a busy machine.
const START: Duration = Duration::from_secs(120);
/// The interval of the checks whether it has started.
const POLL: Duration = Duration::from_millis(50);
/// The interval of the checks whether it has ended.
const GONE_POLL: Duration = Duration::from_millis(5);

/// A broker that tests start, stop, kill and disturb. Its data and its port stay the same until it is dropped.
#[derive(Debug)]
pub struct Node {
    ground: Arc<Ground>,
    name: String,
    home: PathBuf,
    port: u16,
    dist_port: u16,
    process: Option<Child>,
}

impl Node {
    /// Starts a node, and waits until it accepts clients.
    pub async fn start(ground: &Arc<Ground>, name: &str) -> Result<Self> {
        Self::start_with(ground, name, "").await
    }

    /// Starts a node with these lines at the end of its `rabbitmq.conf`.
    pub async fn start_with(ground: &Arc<Ground>, name: &str, settings: &str) -> Result<Self> {
        let mut node = Self::new(ground, name, settings)?;
        node.launch()?;
        node.await_start().await?;
        Ok(node)
    }

    pub(crate) fn new(ground: &Arc<Ground>, name: &str, settings: &str) -> Result<Self> {
        let [port, dist_port] = free_ports()?;
        let home = ground.site.directory().join(name);
        fs::create_dir_all(home.join("log"))?;
        fs::create_dir_all(home.join("data"))?;
        fs::write(home.join("env.conf"), "")?;
        fs::write(home.join("enabled_plugins"), "[].\n")?;
        fs::write(
            home.join("rabbitmq.conf"),
            format!(
                "listeners.tcp.1 = 127.0.0.1:{port}\n\
                 default_user = rpc\n\
                 default_pass = rpc\n\
                 loopback_users = none\n\
                 disk_free_limit.absolute = 50MB\n\
                 log.file.level = info\n\
                 {settings}\n"
            ),
        )?;
        Ok(Self {
            ground: ground.clone(),
            name: format!("{name}-{port}@localhost"),
            home,
            port,
            dist_port,
            process: None,
        })
    }

    /// The address for clients. The user and the password are `rpc`.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// A transport URL of it for the user `rpc` and the virtual host `/`, with these options.
    #[must_use]
    pub fn url(&self, options: &str) -> String {
        format!("rabbit://rpc:rpc@{}/?{options}", self.address())
    }

    /// The name of its Erlang node.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Starts it again with its data and its port.
    pub async fn restart(&mut self) -> Result<()> {
        self.launch()?;
        self.await_start().await
    }

    pub(crate) fn launch(&mut self) -> Result<()> {
        let home = |file: &str| self.home.join(file);
        let mut command = self.ground.command("rabbitmq-server");
        command
            .env("RABBITMQ_NODENAME", &self.name)
            .env("RABBITMQ_USE_LONGNAME", "false")
            .env("RABBITMQ_CONF_ENV_FILE", home("env.conf"))
            .env("RABBITMQ_CONFIG_FILE", home("rabbitmq.conf"))
            .env("RABBITMQ_ADVANCED_CONFIG_FILE", home("advanced.config"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", home("enabled_plugins"))
            .env("RABBITMQ_MNESIA_BASE", home("data"))
            .env("RABBITMQ_LOG_BASE", home("log"))
            .env("RABBITMQ_GENERATED_CONFIG_DIR", home("config"))
            .env("RABBITMQ_PID_FILE", home("pid"))
            .env("RABBITMQ_DIST_PORT", self.dist_port.to_string())
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "-kernel inet_dist_use_interface {127,0,0,1}",
            )
            .current_dir(&self.home)
            .stdout(File::create(home("out"))?)
            .stderr(File::create(home("err"))?);
        self.process = Some(self.ground.site.spawn(&mut command)?);
        Ok(())
    }

    pub(crate) async fn await_start(&mut self) -> Result<()> {
        let up = async {
            while !self.is_up().await {
                sleep(POLL).await;
                let gone = match &mut self.process {
                    Some(process) => process.try_wait()?.is_some(),
                    None => true,
                };
                if gone {
                    return Err("ended before it was up".into());
                }
            }
            Ok(())
        };
        let started: Result<()> = timeout(START, up)
            .await
            .unwrap_or_else(|_| Err(format!("is not up after {START:?}").into()));
        started.map_err(|error| format!("{} {error}:\n{}", self.name, self.said()).into())
    }

    async fn is_up(&self) -> bool {
        // The port is checked first, since this does not slow the start of the node. A node is running before its start
        // has ended, and the process `rabbit_boot` exists until then. A node that is told to stop in between, so that it
        // can join a cluster, ends as a failed start.
        TcpStream::connect(self.address()).await.is_ok()
            && self
                .eval("rabbit:is_running() andalso whereis(rabbit_boot) =:= undefined")
                .await
                .is_ok_and(|up| up == "true")
    }

    /// Stops it in an orderly way.
    pub async fn stop(&mut self) -> Result<()> {
        self.end(Signal::Term).await
    }

    /// Kills it by SIGKILL.
    pub async fn kill(&mut self) -> Result<()> {
        self.end(Signal::Kill).await
    }

    async fn end(&mut self, signal: Signal) -> Result<()> {
        let Some(process) = self.process.take() else {
            return Ok(());
        };
        signal.to_group(process.id())?;
        let ground = self.ground.clone();
        tokio::task::spawn_blocking(move || ground.site.reap(process)).await??;
        // The process that was started may end before the broker itself.
        let gone = async {
            while TcpStream::connect(self.address()).await.is_ok() {
                sleep(GONE_POLL).await;
            }
        };
        timeout(START, gone)
            .await
            .map_err(|_| format!("{} still listens after {signal:?}", self.name).into())
    }

    /// Suspends it by SIGSTOP. Its connections stay open, and nothing comes over them.
    pub fn pause(&self) -> Result<()> {
        self.signal(Signal::Stop)
    }

    /// Resumes it after [`Node::pause`].
    pub fn resume(&self) -> Result<()> {
        self.signal(Signal::Continue)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        match &self.process {
            Some(process) => signal.to_group(process.id()),
            None => Err(format!("{} does not run", self.name).into()),
        }
    }

    /// Evaluates comma-separated Erlang expressions in it. Returns the value of the last one as Erlang prints it.
    pub async fn eval(&self, expressions: &str) -> Result<String> {
        self.ground.erlang.eval(&self.name, expressions).await
    }

    /// Closes all connections of clients, as `rabbitmqctl close_all_connections` does.
    pub async fn close_all_connections(&self) -> Result<()> {
        self.eval(
            "[catch rabbit_networking:close_connection(Pid, \"faults\") \
             || Pid <- rabbit_networking:connections()]",
        )
        .await?;
        Ok(())
    }

    /// Raises or clears the memory alarm. With the alarm, the broker accepts no messages.
    pub async fn memory_alarm(&self, raised: bool) -> Result<()> {
        let part = if raised { "0.00001" } else { "0.4" };
        self.eval(&format!(
            "vm_memory_monitor:set_vm_memory_high_watermark({part})"
        ))
        .await?;
        Ok(())
    }

    /// Deletes a queue of the virtual host `/`. Returns the number of its messages, unacknowledged ones included.
    /// Messages that come in that instant may be missing.
    pub async fn delete_queue(&self, queue: &str) -> Result<usize> {
        let held = self
            .eval(&format!(
                "case rabbit_amqqueue:with(rabbit_misc:r(<<\"/\">>, queue, <<\"{queue}\">>), fun(Q) -> \
                 [{{_, Unacknowledged}}] = rabbit_amqqueue:info(Q, [messages_unacknowledged]), \
                 {{ok, Ready}} = rabbit_amqqueue:delete(Q, false, false, <<\"faults\">>), \
                 Unacknowledged + Ready end) of Held when is_integer(Held) -> Held; _ -> 0 end"
            ))
            .await?;
        Ok(held.parse()?)
    }

    /// Deletes an exchange of the virtual host `/`, with its bindings.
    pub async fn delete_exchange(&self, exchange: &str) -> Result<()> {
        self.eval(&format!(
            "rabbit_exchange:delete(rabbit_misc:r(<<\"/\">>, exchange, <<\"{exchange}\">>), false, \
             <<\"faults\">>)"
        ))
        .await?;
        Ok(())
    }

    /// The names of the queues in all virtual hosts.
    pub async fn queues(&self) -> Result<Vec<String>> {
        let names = self
            .eval(
                "lists:flatten(lists:join(\" \", [binary_to_list(element(4, amqqueue:get_name(Q))) \
                 || Q <- rabbit_amqqueue:list()]))",
            )
            .await?;
        Ok(names_of(&names))
    }

    /// The number of clients' connections and channels, and of queues.
    pub async fn counts(&self) -> Result<Counts> {
        let counts = self
            .eval(
                "{length(rabbit_networking:connections()), length(rabbit_channel:list()), \
                 length(rabbit_amqqueue:list())}",
            )
            .await?;
        let mut numbers = counts
            .trim_matches(['{', '}'])
            .split(',')
            .map(str::parse::<usize>);
        match (numbers.next(), numbers.next(), numbers.next()) {
            (Some(Ok(connections)), Some(Ok(channels)), Some(Ok(queues))) => Ok(Counts {
                connections,
                channels,
                queues,
            }),
            _ => Err(format!("counts of {}: {counts}", self.name).into()),
        }
    }

    /// Its output, which says why it ended.
    pub(crate) fn said(&self) -> String {
        ["out", "err"]
            .map(|file| fs::read_to_string(self.home.join(file)).unwrap_or_default())
            .concat()
    }

    /// The end of its log, for messages of failures.
    #[must_use]
    pub fn log(&self, lines: usize) -> String {
        let path = self.home.join("log").join(format!("{}.log", self.name));
        let text = fs::read_to_string(path).unwrap_or_default();
        let all: Vec<&str> = text.lines().collect();
        all.get(all.len().saturating_sub(lines)..)
            .unwrap_or_default()
            .join("\n")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            let _ = Signal::Kill.to_group(process.id());
            let _ = self.ground.site.reap(process);
        }
    }
}

/// The words of a string that Erlang has printed.
fn names_of(printed: &str) -> Vec<String> {
    let names = printed.trim_matches(['"', '[', ']']);
    names.split_whitespace().map(str::to_owned).collect()
}

/// The number of things that clients have made on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Connections.
    pub connections: usize,
    /// Channels, of all connections.
    pub channels: usize,
    /// Queues, in all virtual hosts.
    pub queues: usize,
}
