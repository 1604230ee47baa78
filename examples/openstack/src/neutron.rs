//! neutron: networks. The agents on the hosts call its server, and report to it.
//!
//! It follows `PluginApi` and `PluginReportStateAPI` in `neutron/agent/rpc.py`. Neither ever gets a version cap.

use rpc_runtime::{Context, Result, rpc_client};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The methods that agents call: `PluginApi`.
#[rpc_client(exchange = "neutron", topic = "q-plugin", version = "1.0")]
pub trait Plugin {
    /// Reports devices in one message; see [`update_device_list`](Self::update_device_list) for many devices.
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

    /// Reports devices that have come up or gone down, and joins the replies. A message has a limited number of devices
    /// of each kind: the original's `rpc_resources_processing_step`, by default [`PROCESSING_STEP`].
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

/// The default number of devices in a message.
pub const PROCESSING_STEP: usize = 20;

/// A port's device on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Device {
    /// The device's name.
    Name(String),
    /// A virtual function of a network card: its MAC address and its PCI slot.
    MacAndSlot(String, String),
}

/// The result for each device. Servers may leave lists out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DeviceList {
    /// The devices that are up.
    pub devices_up: Vec<Device>,
    /// The devices whose update to *up* failed.
    pub failed_devices_up: Vec<Device>,
    /// The devices that are down.
    pub devices_down: Vec<DeviceDown>,
    /// The devices whose update to *down* failed.
    pub failed_devices_down: Vec<Device>,
}

/// A device that is down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceDown {
    /// The device.
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

/// The reports of agents on themselves: `PluginReportStateAPI`.
#[rpc_client(
    exchange = "neutron",
    topic = "q-reports-plugin",
    version = "1.4",
    times(report_interval = 30)
)]
pub trait Reports {
    /// Reports the state of an agent. The call waits for the server's view of it. As a cast, it does not wait. A report
    /// is obsolete when the next one is due, which is its timeout.
    #[rpc(call, cast, timeout = report_interval)]
    async fn report_state(
        &self,
        ctxt: &Context,
        agent_state: &Report,
        time: &str,
    ) -> Result<Option<String>>;
}

/// An agent's report. The original wraps it in another dict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The report itself.
    pub agent_state: Map<String, Value>,
}

impl Report {
    /// A report with a unique id, which appears in the logs of both sides.
    #[must_use]
    pub fn new(mut agent_state: Map<String, Value>, uuid: &str) -> Self {
        agent_state.insert("uuid".to_owned(), uuid.into());
        Self { agent_state }
    }
}
