//! Builds transports from oslo.messaging's configuration: oslo.config files and environment variables.
//!
//! OpenStack services keep their settings in files such as `/etc/nova/nova.conf`. [`OsloConfig`] reads them
//! as oslo.config does, and builds a [`Transport`]. Clients and servers of that transport use the settings as
//! their defaults: the exchange, the timeout of calls, the number of concurrent requests, and whether pings
//! are answered. Settings of a trait or a builder take precedence.
//!
//! ```
//! use rpc_runtime::oslo_config::OsloConfig;
//! # use rpc_runtime::{Context, Result, rpc_client};
//! # #[rpc_client(topic = "compute", version = "6.0", aliases(antelope = "6.2"))]
//! # trait Compute { async fn uptime(&self, ctxt: &Context) -> Result<u64>; }
//!
//! # fn main() -> Result<()> {
//! // A program passes its `--config-file` options: `OsloConfig::from_files(["/etc/nova/nova.conf"])?`.
//! let config = OsloConfig::builder()
//!     .text(
//!         "nova.conf",
//!         "[DEFAULT]\n\
//!          transport_url = rabbit://nova:secret@rabbit-1,nova:secret@rabbit-2/\n\
//!          control_exchange = nova\n\
//!          rpc_response_timeout = 180\n\
//!          [oslo_messaging_rabbit]\n\
//!          rabbit_quorum_queue = true\n\
//!          [upgrade_levels]\n\
//!          compute = antelope\n",
//!     )
//!     .read()?;
//! let transport = config.transport()?;
//! let compute = ComputeClient::builder(&transport).upgrade_level(&config, "compute")?.build()?;
//! assert_eq!(compute.rpc().target().exchange.as_deref(), Some("nova"));
//! assert_eq!(compute.rpc().version_cap(), Some((6, 2).into()));
//! # Ok(())
//! # }
//! ```
//!
//! # How files are read
//!
//! Files are read as oslo.config reads them. Tests compare the two.
//!
//! - A later file takes precedence over an earlier one. A variable `OS_GROUP__OPTION`, such as
//!   `OS_OSLO_MESSAGING_RABBIT__SSL`, takes precedence over all files. An option in the URL takes precedence
//!   over the same option elsewhere.
//! - Deprecated names of options are read from files, but not from variables.
//! - `$name` and `${name}` refer to an option of the same group or of `[DEFAULT]`, and `$group.name` to an
//!   option of a group. `$$` is a dollar sign. A reference to an option of oslo.messaging that is not set has the
//!   option's default. A reference to any other option is an error unless a file or a variable sets the option.
//! - A pair of quotes around a value is removed. An indented line continues the value above it.
//! - Files are UTF-8.
//!
//! An option that is not set has this library's default. These defaults differ from oslo.messaging's:
//! `rabbit_login_method` (`PLAIN`), `rabbit_retry_interval` (0.1 seconds), `rabbit_retry_backoff` (0.2),
//! `rabbit_interval_max` (0.5), and `rabbit_qos_prefetch_count` (the server's concurrency, at most 64).
//!
#![doc = include_str!("options.md")]

mod catalogue;
mod ini;
mod substitute;
mod values;

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::client::ClientBuilder;
use crate::error::UrlError;
use crate::transport::{Defaults, is_rabbit_option};
use crate::{Error, Result, RpcClient, Transport, TransportUrl};

pub use catalogue::{Effect, OsloOption};
use catalogue::{Kind, OPTIONS, find};
use ini::DEFAULT;
use values::Values;

/// The group of the driver's options.
const RABBIT: &str = "oslo_messaging_rabbit";
/// The only option of this group that oslo.messaging does not have.
const CONNECT_TIMEOUT: &str = "rabbit_connect_timeout";
/// The group of version caps.
const UPGRADE_LEVELS: &str = "upgrade_levels";

/// Settings read from oslo.config files and environment variables.
///
/// See the [module](self) for an example.
#[derive(Clone)]
pub struct OsloConfig {
    values: Values,
}

impl OsloConfig {
    /// Reads files, as a service reads the files of its `--config-file` options, and the environment of this
    /// process. Reads the files synchronously.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if a file cannot be read or parsed. The error names the file and the malformed line.
    pub fn from_files<P: AsRef<Path>>(files: impl IntoIterator<Item = P>) -> Result<Self> {
        let files = files.into_iter();
        files.fold(Self::builder(), OsloConfigBuilder::file).read()
    }

    /// A builder that selects what to read.
    pub fn builder() -> OsloConfigBuilder {
        OsloConfigBuilder {
            sources: Vec::new(),
            environment: None,
        }
    }

    /// Builds the transport that `transport_url` and `[oslo_messaging_rabbit]` describe. It does not connect.
    ///
    /// Clients and servers of the transport have these defaults: the exchange `control_exchange`, the timeout
    /// `rpc_response_timeout`, the concurrency `executor_thread_pool_size`, and `rpc_ping_enabled`.
    ///
    /// A log line at `info` lists options that are set and have no effect. A log line at `warn` lists unknown
    /// options of `[oslo_messaging_rabbit]`.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] or [`Error::Url`] if an option has an unusable value. The error names the file and
    /// the accepted values.
    pub fn transport(&self) -> Result<Transport> {
        let url = self.transport_url()?;
        let defaults = self.defaults()?;
        let transport = Transport::from_url(&url).map_err(|error| self.located(error, &url))?;
        self.report();
        Ok(transport.with_defaults(defaults))
    }

    /// The URL in `transport_url` (by default `rabbit://`), with those options of `[oslo_messaging_rabbit]`
    /// that have an effect.
    ///
    /// # Errors
    ///
    /// As for [`OsloConfig::transport`].
    pub fn transport_url(&self) -> Result<TransportUrl> {
        let url = self.values.get(DEFAULT, "transport_url")?;
        let url = url.as_ref().map_or("rabbit://", |(url, _)| url.as_str());
        let mut url: TransportUrl = url.parse()?;
        if !url.is_rabbit() {
            return Ok(url);
        }
        for name in self.rabbit_names() {
            let option = find(RABBIT, name);
            let followed = match option {
                Some(option) => !matches!(option.effect, Effect::None(_)),
                None => is_rabbit_option(name),
            };
            if !followed || url.has_option(name) {
                continue;
            }
            if let Some((value, _)) = self.values.get(RABBIT, name)? {
                // An empty text is oslo.messaging's default. Sample files contain it.
                let is_text = option.is_some_and(|option| option.kind == Kind::Text);
                if !(is_text && value.is_empty()) {
                    url.set_default(name, value);
                }
            }
        }
        Ok(url)
    }

    /// The version cap of an interface in `[upgrade_levels]`: a version, an alias, or `auto`. `None` if it is
    /// not set, or empty.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the value refers to an option that is not set.
    pub fn upgrade_level(&self, interface: &str) -> Result<Option<String>> {
        let level = self.get(UPGRADE_LEVELS, interface)?;
        Ok(level.filter(|level| !level.is_empty()))
    }

    /// The text of any option, with references replaced. `None` if it is not set: defaults of a program's own
    /// options are not known.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the value refers to an option that is not set.
    pub fn get(&self, group: &str, option: &str) -> Result<Option<String>> {
        let value = self.values.get(group, option)?;
        Ok(value.map(|(value, _)| value))
    }

    /// The values of an option that may be set several times, in the order of the files and their lines.
    ///
    /// # Errors
    ///
    /// As for [`OsloConfig::get`].
    pub fn get_all(&self, group: &str, option: &str) -> Result<Vec<String>> {
        self.values.get_all(group, option)
    }

    /// All options of oslo.messaging 18.3.1, and what this library does with each.
    #[must_use]
    pub fn options() -> &'static [OsloOption] {
        &OPTIONS
    }

    fn defaults(&self) -> Result<Defaults> {
        let mut defaults = Defaults::default();
        if let Some((exchange, origin)) = self.values.get(DEFAULT, "control_exchange")? {
            if exchange.is_empty() {
                return Err(bad(
                    "control_exchange",
                    DEFAULT,
                    &origin,
                    "",
                    "write a name, or leave it out",
                ));
            }
            defaults.exchange = Some(exchange);
        }
        if let Some(seconds) = self.number("rpc_response_timeout", 0)? {
            defaults.timeout = Some(Duration::from_secs(seconds));
        }
        if let Some(size) = self.number("executor_thread_pool_size", 1)? {
            defaults.concurrency = Some(usize::try_from(size).unwrap_or(usize::MAX));
        }
        if let Some((ping, origin)) = self.values.get(DEFAULT, "rpc_ping_enabled")? {
            defaults.ping = values::boolean(&ping).ok_or_else(|| {
                bad(
                    "rpc_ping_enabled",
                    DEFAULT,
                    &origin,
                    &ping,
                    "write true or false",
                )
            })?;
        }
        Ok(defaults)
    }

    fn number(&self, name: &str, least: u64) -> Result<Option<u64>> {
        let Some((value, origin)) = self.values.get(DEFAULT, name)? else {
            return Ok(None);
        };
        match value.trim().parse() {
            Ok(number) if number >= least => Ok(Some(number)),
            _ => {
                let reason = format!("write a whole number, at least {least}");
                Err(bad(name, DEFAULT, &origin, &value, &reason))
            }
        }
    }

    /// The names of the options of `[oslo_messaging_rabbit]` that are known, and of those that a file sets, deprecated
    /// and unknown names included.
    fn rabbit_names(&self) -> Vec<&str> {
        let known = OPTIONS.iter().filter(|option| option.group == RABBIT);
        let mut names: Vec<_> = known.map(|option| option.name).collect();
        names.push(CONNECT_TIMEOUT);
        names.extend(self.values.names(RABBIT));
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Adds the file to an error about an option, if the value came from a file and not from the URL.
    fn located(&self, error: Error, url: &TransportUrl) -> Error {
        let Error::Url(UrlError::BadOption {
            name,
            value,
            reason,
        }) = &error
        else {
            return error;
        };
        match self.values.get(RABBIT, name) {
            Ok(Some((own, origin))) if own == *value && url.has_option(name) => {
                bad(name, RABBIT, &origin, value, reason)
            }
            _ => error,
        }
    }

    fn report(&self) {
        let is_without_effect = |option: &&OsloOption| {
            matches!(option.effect, Effect::None(_))
                && self.values.is_set(option.group, option.name)
        };
        let without_effect: Vec<_> = OPTIONS
            .iter()
            .filter(is_without_effect)
            .map(|option| format!("[{}] {}", option.group, option.name))
            .collect();
        if !without_effect.is_empty() {
            let options = without_effect.join(", ");
            tracing::info!(options, "options of oslo.messaging have no effect here");
        }
        let is_deprecated = |name: &str| {
            let mut options = OPTIONS.iter();
            options.any(|option| option.group == RABBIT && option.deprecated.contains(&name))
        };
        let mut unknown = self.values.names(RABBIT);
        unknown.retain(|name| {
            find(RABBIT, name).is_none() && !is_rabbit_option(name) && !is_deprecated(name)
        });
        if !unknown.is_empty() {
            let options = unknown.join(", ");
            tracing::warn!(
                options,
                "options of [oslo_messaging_rabbit] are unknown, and ignored"
            );
        }
    }
}

/// Shows only the names of the files: values may be passwords.
impl fmt::Debug for OsloConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = self.values.files.iter().map(|(name, _)| name);
        f.debug_tuple("OsloConfig")
            .field(&files.collect::<Vec<_>>())
            .finish()
    }
}

fn bad(name: &str, group: &str, origin: &values::Origin, value: &str, reason: &str) -> Error {
    Error::Config(format!(
        "`{name}` in [{group}] cannot be `{value}` (set in {origin}): {reason}"
    ))
}

/// A builder that selects the sources of an [`OsloConfig`].
#[must_use = "a builder does nothing until `read`"]
pub struct OsloConfigBuilder {
    sources: Vec<Source>,
    environment: Option<Vec<(OsString, OsString)>>,
}

enum Source {
    File(PathBuf),
    Directory(PathBuf),
    Text(String, String),
}

impl OsloConfigBuilder {
    /// Adds a file. It takes precedence over the sources added before.
    pub fn file(mut self, path: impl AsRef<Path>) -> Self {
        self.sources.push(Source::File(path.as_ref().to_owned()));
        self
    }

    /// Adds the files `*.conf` of a directory in the order of their names, as `--config-dir` does.
    pub fn directory(mut self, path: impl AsRef<Path>) -> Self {
        self.sources
            .push(Source::Directory(path.as_ref().to_owned()));
        self
    }

    /// Adds `text` as the content of a file. Errors call the file `name`.
    pub fn text(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.sources.push(Source::Text(name.into(), text.into()));
        self
    }

    /// Uses these variables instead of the environment of this process.
    pub fn environment<N: Into<OsString>, V: Into<OsString>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let variables = variables.into_iter();
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        self.environment = Some(variables.collect());
        self
    }

    /// Reads all sources once, the files synchronously. Later changes to the files have no effect.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if a file cannot be read or parsed. The error names the file and the malformed line.
    pub fn read(self) -> Result<OsloConfig> {
        let mut values = Values::default();
        for source in self.sources {
            match source {
                Source::File(path) => values.files.push(read_file(&path)?),
                Source::Directory(path) => {
                    for path in files_of(&path)? {
                        values.files.push(read_file(&path)?);
                    }
                }
                Source::Text(name, text) => values.files.push(parse(name, &text)?),
            }
        }
        let variables = self
            .environment
            .unwrap_or_else(|| std::env::vars_os().collect());
        values.environment = settings(variables)?;
        Ok(OsloConfig { values })
    }
}

/// Shows only the names of the files: values may be passwords.
impl fmt::Debug for OsloConfigBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.sources.iter().map(|source| match source {
            Source::File(path) | Source::Directory(path) => path.display().to_string(),
            Source::Text(name, _) => name.clone(),
        });
        let names: Vec<_> = names.collect();
        f.debug_tuple("OsloConfigBuilder").field(&names).finish()
    }
}

fn read_file(path: &Path) -> Result<(String, ini::Sections)> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::Config(format!("the file {name} cannot be read: {error}")))?;
    parse(name, &text)
}

fn parse(name: String, text: &str) -> Result<(String, ini::Sections)> {
    match ini::parse(text) {
        Ok(sections) => Ok((name, sections)),
        Err(error) => Err(Error::Config(format!(
            "the file {name} cannot be read: {error}"
        ))),
    }
}

/// The files that `*.conf` matches in a shell.
fn files_of(directory: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error: std::io::Error| {
        let name = directory.display();
        Error::Config(format!("the directory {name} cannot be read: {error}"))
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let text = name.to_string_lossy();
        if text.ends_with(".conf") && !text.starts_with('.') {
            paths.push(directory.join(name));
        }
    }
    paths.sort();
    Ok(paths)
}

/// The environment variables that can set an option.
fn settings(variables: Vec<(OsString, OsString)>) -> Result<HashMap<String, String>> {
    let mut settings = HashMap::new();
    for (name, value) in variables {
        let Ok(name) = name.into_string() else {
            continue;
        };
        if !(name.starts_with("OS_") && name.contains("__")) {
            continue;
        }
        match value.into_string() {
            Ok(value) => settings.insert(name, value),
            Err(_) => {
                return Err(Error::Config(format!(
                    "the environment variable {name} is not UTF-8: set it to text, or unset it"
                )));
            }
        };
    }
    Ok(settings)
}

impl<C: From<RpcClient>> ClientBuilder<C> {
    /// Sets the version cap to the value of `interface` in `[upgrade_levels]`: a version, one of the trait's
    /// `aliases(…)`, or `auto`, which stands for the cap given to [`auto_cap`](Self::auto_cap). If there is
    /// no value, the cap is unchanged.
    ///
    /// # Errors
    ///
    /// As for [`OsloConfig::upgrade_level`].
    pub fn upgrade_level(self, config: &OsloConfig, interface: &str) -> Result<Self> {
        Ok(match config.upgrade_level(interface)? {
            Some(level) => self.version_cap_named(level),
            None => self,
        })
    }
}

#[cfg(test)]
mod tests;
