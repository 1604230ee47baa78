//! neutron: networks. The agents on the hosts ask its server, and report to it.
//!
//! It follows `neutron/agent/rpc.py`: `PluginApi` and `PluginReportStateAPI`, neither of which is ever given
//! a version cap.

use rpc_runtime::{Context, Result, rpc_client};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What agents ask: `PluginApi`.
#[rpc_client(exchange = "neutron", topic = "q-plugin", version = "1.0")]
pub trait Plugin {
    /// Reports devices, few enough for one message; see [`update_device_list`](Self::update_device_list).
    #[rpc(version = "1.9", name = "update_device_list")]
    #[allow(clippy::too_many_arguments, reason = "as many as the original has")]
    async fn update_devices(
        &self,
        ctxt: &Context,
        devices_up: &[Device],
        devices_down: &[Device],
        agent_id: &str,
        host: &str,
        refresh_tunnels: bool,
    ) -> Result<DeviceList>;

    /// Reports devices that have come up or gone down, so many of each in a message (the original's
    /// `rpc_resources_processing_step`, by default [`PROCESSING_STEP`]), and puts the answers together.
    #[allow(clippy::too_many_arguments, reason = "as many as the original has")]
    async fn update_device_list(
        &self,
        ctxt: &Context,
        devices_up: &[Device],
        devices_down: &[Device],
        agent_id: &str,
        host: &str,
        refresh_tunnels: bool,
        step: usize,
    ) -> Result<DeviceList> {
        let step = step.max(1);
        let (mut up, mut down) = (devices_up.chunks(step), devices_down.chunks(step));
        let mut all = DeviceList::default();
        loop {
            let (up, down) = match (up.next(), down.next()) {
                (None, None) => return Ok(all),
                (up, down) => (up.unwrap_or_default(), down.unwrap_or_default()),
            };
            let answer = self.update_devices(ctxt, up, down, agent_id, host, refresh_tunnels);
            all.extend(answer.await?);
        }
    }
}

/// How many devices go into one message, if nothing else is configured.
pub const PROCESSING_STEP: usize = 20;

/// A port's device on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Device {
    /// By its name.
    Name(String),
    /// A virtual function of a network card: its MAC address and its PCI slot.
    MacAndSlot(String, String),
}

/// What became of the devices. Servers may leave lists out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DeviceList {
    /// These are up.
    pub devices_up: Vec<Device>,
    /// For these that could not be noted.
    pub failed_devices_up: Vec<Device>,
    /// These are down.
    pub devices_down: Vec<DeviceDown>,
    /// For these that could not be noted.
    pub failed_devices_down: Vec<Device>,
}

/// A device that is down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceDown {
    /// Which.
    pub device: Device,
    /// Whether neutron knows a port for it.
    pub exists: bool,
}

impl DeviceList {
    fn extend(&mut self, more: Self) {
        self.devices_up.extend(more.devices_up);
        self.failed_devices_up.extend(more.failed_devices_up);
        self.devices_down.extend(more.devices_down);
        self.failed_devices_down.extend(more.failed_devices_down);
    }
}

/// What agents report of themselves: `PluginReportStateAPI`.
#[rpc_client(
    exchange = "neutron",
    topic = "q-reports-plugin",
    version = "1.4",
    times(report_interval = 30)
)]
pub trait Reports {
    /// Says how an agent is, and waits for what the server thinks of it; or does not wait, as a cast. A
    /// report is no use for longer than until the next.
    #[rpc(call, cast, timeout = report_interval)]
    async fn report_state(
        &self,
        ctxt: &Context,
        agent_state: &Report,
        time: &str,
    ) -> Result<Option<String>>;
}

/// An agent's report. The original puts it into a dict of its own once more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The report itself.
    pub agent_state: Map<String, Value>,
}

impl Report {
    /// A report by a name of its own, by which the logs of both sides are compared.
    #[must_use]
    pub fn new(mut agent_state: Map<String, Value>, uuid: &str) -> Self {
        agent_state.insert("uuid".to_owned(), uuid.into());
        Self { agent_state }
    }
}
