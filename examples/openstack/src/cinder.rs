//! cinder: volumes. One scheduler for all, and a volume service for each backend of a host.
//!
//! It follows `SchedulerAPI` in `cinder/scheduler/rpcapi.py` and `VolumeAPI` in `cinder/volume/rpcapi.py`. A trait
//! cannot express `get_backup_device`: the version decides whether it is a call, and what it returns. So it is written
//! by hand over the untyped client.

use rpc_runtime::{CallOptions, Context, Result, Route, Version, args, rpc_client};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// cinder's scheduler.
#[rpc_client(topic = "cinder-scheduler", version = "3.0")]
pub trait Scheduler {
    /// Moves a volume to another backend.
    ///
    /// Sent as 3.3, or as 3.0 with other names of the method and of two arguments.
    #[rpc(cast, name_before("3.3", "migrate_volume_to_host"))]
    #[allow(clippy::too_many_arguments, reason = "as many as the original has")]
    async fn migrate_volume(
        &self,
        ctxt: &Context,
        volume: &Volume,
        #[rpc(name_before("3.3", "host"))] backend: &str,
        #[rpc(name_before("3.3", "force_host_copy"))] force_copy: bool,
        request_spec: Option<&Value>,
        filter_properties: Option<&Value>,
    ) -> Result<()>;
}

const VOLUME_TOPIC: &str = "cinder-volume";

/// cinder's volume services. The client also has [`get_backup_device`](VolumeServiceClient::get_backup_device).
#[rpc_client(topic = "cinder-volume", version = "3.0", route = by_queue(volume))]
pub trait VolumeService {
    /// Deletes a volume, or only its record.
    #[rpc(cast)]
    async fn delete_volume(
        &self,
        ctxt: &Context,
        volume: &Volume,
        unmanage_only: bool,
        cascade: bool,
    ) -> Result<()>;
}

/// Routes to the service that has the volume.
fn by_queue(cap: Option<Version>, volume: &Volume) -> Route {
    match volume.queue(cap) {
        Some((topic, server)) => Route::new().topic(topic).server(server),
        None => Route::new(),
    }
}

impl VolumeServiceClient {
    /// Asks for the volume, or the snapshot of it, for a backup.
    ///
    /// A volume service of 3.17 prepares the device and tells the backup service itself, so this returns `None`. A service of
    /// 3.2 returns the device. An older service returns a dict, from which the device is made.
    ///
    /// # Errors
    ///
    /// The errors of any call.
    pub async fn get_backup_device(
        &self,
        ctxt: &Context,
        backup: &Object,
        volume: &Volume,
    ) -> Result<Option<BackupDevice>> {
        let rpc = self.rpc();
        let mut options = CallOptions::new();
        if let Some((topic, server)) = volume.queue(rpc.version_cap()) {
            options = options.topic(topic).server(server.as_str());
        }
        if rpc.can_send_version((3, 17)) {
            let rpc = rpc.prepare(options.version((3, 17)));
            let args = args! { backup, want_objects: true, async_call: true };
            rpc.cast(ctxt, "get_backup_device", args).await?;
            return Ok(None);
        }
        if rpc.can_send_version((3, 2)) {
            let rpc = rpc.prepare(options.version((3, 2)));
            let args = args! { backup, want_objects: true };
            let device: Option<DeviceObject> = rpc.call(ctxt, "get_backup_device", args).await?;
            return Ok(device.map(|object| object.data));
        }
        let rpc = rpc.prepare(options.version((3, 0)));
        let device: LegacyDevice = rpc
            .call(ctxt, "get_backup_device", args! { backup })
            .await?;
        Ok(Some(device.into()))
    }
}

/// The source of a backup.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BackupDevice {
    /// The volume, unless it is a snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume: Option<Value>,
    /// The snapshot, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Value>,
    /// Whether the backup service must not read it as root.
    pub secure_enabled: bool,
}

/// The object of class `BackupDeviceInfo`.
#[derive(Debug, Deserialize)]
struct DeviceObject {
    #[serde(rename = "versioned_object.data")]
    data: BackupDevice,
}

/// The same before 3.2.
#[derive(Debug, Deserialize)]
struct LegacyDevice {
    backup_device: Value,
    is_snapshot: bool,
    secure_enabled: bool,
}

impl From<LegacyDevice> for BackupDevice {
    fn from(legacy: LegacyDevice) -> Self {
        let (volume, snapshot) = if legacy.is_snapshot {
            (None, Some(legacy.backup_device))
        } else {
            (Some(legacy.backup_device), None)
        };
        Self {
            volume,
            snapshot,
            secure_enabled: legacy.secure_enabled,
        }
    }
}

/// A versioned object of cinder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Object {
    /// The class.
    #[serde(rename = "versioned_object.name")]
    pub name: String,
    /// The project of the class: `cinder`.
    #[serde(rename = "versioned_object.namespace")]
    pub namespace: String,
    /// The version of the class, which determines its fields.
    #[serde(rename = "versioned_object.version")]
    pub version: String,
    /// The fields that are set.
    #[serde(rename = "versioned_object.data")]
    pub data: Map<String, Value>,
    /// The fields that have changed since it was loaded.
    #[serde(
        rename = "versioned_object.changes",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub changes: Vec<String>,
}

/// A volume, of class `Volume`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Volume(pub Object);

impl Volume {
    /// The topic and the server of the service that has the volume: those of its cluster, or of its host.
    ///
    /// Both are named `HOST@BACKEND#POOL`. Services of 3.6 and later have a topic for each backend.
    fn queue(&self, cap: Option<Version>) -> Option<(String, String)> {
        let field = |name: &str| self.0.data.get(name)?.as_str();
        let service = field("cluster_name").or_else(|| field("host"))?;
        let backend = service.split('#').next().unwrap_or(service);
        if Version::compatible(cap, Some(Version::new(3, 6))) {
            let host = backend.split('@').next().unwrap_or(backend);
            Some((format!("{VOLUME_TOPIC}.{backend}"), host.to_owned()))
        } else {
            Some((VOLUME_TOPIC.to_owned(), backend.to_owned()))
        }
    }
}
