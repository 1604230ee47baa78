//! The computes. Each runs the instances of one host, and its server has the name of the host.
//!
//! It follows `ComputeAPI` in `nova/compute/rpcapi.py`, which calls servers of two majors.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use rpc_runtime::client::ClientBuilder;
use rpc_runtime::{
    Context, Error, IntoRemoteError, RemoteError, Result, Route, Transport, Version, rpc_client,
};
use serde_json::Value;

use super::objects::{Image, Instance, Limits};
use super::request_spec::RequestSpec;

/// nova's computes.
#[rpc_client(
    exchange = "nova",
    topic = "compute",
    version = "6.0",
    aliases(
        queens = "5.0",
        stein = "5.1",
        train = "5.3",
        ussuri = "5.11",
        victoria = "5.12",
        wallaby = "6.0",
        zed = "6.1",
        antelope = "6.2",
        caracal = "6.3",
        epoxy = "6.4",
        gazpacho = "6.5"
    )
)]
pub trait Compute {
    /// Tells the destination host of a move to prepare for the instance.
    ///
    /// Sent as 6.0, as 5.1 with `flavor` as `instance_type`, or as 5.0 with a dict as `request_spec`.
    #[rpc(cast, versions("6.0", "5.1", "5.0"))]
    #[allow(clippy::too_many_arguments, reason = "as many as the original has")]
    async fn prep_resize(
        &self,
        ctxt: &Context,
        instance: &Instance,
        image: Option<&Image>,
        #[rpc(name_before("6.0", "instance_type"))] flavor: &Value,
        #[rpc(server)] host: Option<&str>,
        migration: Option<&Value>,
        #[rpc(
            since = "5.1",
            below = with(RequestSpec::legacy_request_spec),
            from = RequestSpec::from_legacy_request_spec
        )]
        request_spec: &RequestSpec,
        filter_properties: Option<&Value>,
        node: Option<&str>,
        clean_shutdown: bool,
        host_list: Option<&[Value]>,
    ) -> Result<()>;

    /// Rebuilds an instance, in place or, with `recreate`, on the given host.
    ///
    /// Sent as one of these versions:
    ///
    /// - 6.2: all arguments.
    /// - 6.1: without `target_state`.
    /// - 6.0, 5.12: also without `reimage_boot_volume`.
    /// - 5.0: also without `accel_uuids`.
    ///
    /// A `target_state` or a `reimage_boot_volume` that differs from its default is refused for older servers, each with
    /// an error of its own. `accel_uuids` is dropped.
    #[rpc(
        cast,
        versions("6.2", "6.1", "6.0", "5.12", "5.0"),
        route = host_of(instance)
    )]
    #[allow(clippy::too_many_arguments, reason = "as many as the original has")]
    async fn rebuild_instance(
        &self,
        ctxt: &Context,
        instance: &Instance,
        new_pass: &str,
        injected_files: &[(String, String)],
        image_ref: &str,
        orig_image_ref: &str,
        orig_sys_metadata: &BTreeMap<String, String>,
        bdms: &Value,
        recreate: bool,
        on_shared_storage: Option<bool>,
        #[rpc(server)] host: Option<&str>,
        #[rpc(name = "scheduled_node")] node: Option<&str>,
        preserve_ephemeral: bool,
        migration: Option<&Value>,
        limits: Option<&Limits>,
        request_spec: Option<&RequestSpec>,
        #[rpc(since = "5.12", below = drop, default)] accel_uuids: &[String],
        #[rpc(since = "6.1", default = false)] reimage_boot_volume: bool,
        #[rpc(since = "6.2")] target_state: Option<&str>,
    ) -> Result<(), RebuildError>;

    /// Shuts an instance down. `.cast()` replaces the original's `do_cast`. Sent as 6.0 or 5.0.
    #[rpc(call, cast, versions("6.0", "5.0"), route = host_of(instance))]
    async fn stop_instance(
        &self,
        ctxt: &Context,
        instance: &Instance,
        clean_shutdown: bool,
    ) -> Result<()>;

    /// Removes a moved instance from its source host. `.cast()` replaces the original's `cast`. Sent as 6.0 or 5.0.
    #[rpc(call, cast, versions("6.0", "5.0"), route = host_of(instance))]
    async fn confirm_resize(
        &self,
        ctxt: &Context,
        instance: &Instance,
        migration: &Value,
        #[rpc(server)] host: Option<&str>,
    ) -> Result<Value>;
}

/// Routes to the compute of an instance.
fn host_of(_: Option<Version>, instance: &Instance) -> Route {
    match instance.host() {
        Some(host) => Route::new().server(host),
        None => Route::refuse("the instance is on no host: name one"),
    }
}

impl ComputeClient {
    /// A client of computes with this timeout, nova's `rpc_response_timeout`. If the timeout exceeds a minute, computes
    /// must send a heartbeat each minute.
    pub fn responding_within(transport: &Transport, timeout: Duration) -> ClientBuilder<Self> {
        const MINUTE: Duration = Duration::from_secs(60);
        let builder = Self::builder(transport).timeout(timeout);
        if timeout > MINUTE {
            builder.monitor(MINUTE)
        } else {
            builder
        }
    }
}

/// Why an instance is not rebuilt.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum RebuildError {
    /// The computes are too old for `target_state`. They need this version.
    TargetState(Version),
    /// The computes are too old for `reimage_boot_volume`.
    ReimageBootVolume,
    /// Any other error of the cast.
    Rpc(Error),
}

impl From<Error> for RebuildError {
    fn from(error: Error) -> Self {
        let Error::VersionCap {
            argument: Some(argument),
            requested: Some(requested),
            ..
        } = &error
        else {
            return Self::Rpc(error);
        };
        match argument.as_str() {
            "target_state" => Self::TargetState(*requested),
            "reimage_boot_volume" => Self::ReimageBootVolume,
            _ => Self::Rpc(error),
        }
    }
}

impl fmt::Display for RebuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TargetState(version) => {
                write!(f, "a target state needs computes of {version}")
            }
            Self::ReimageBootVolume => {
                f.write_str("the computes are too old to write to a boot volume")
            }
            Self::Rpc(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RebuildError {}

/// Converts the errors to nova's own classes.
impl IntoRemoteError for RebuildError {
    fn into_remote_error(self) -> RemoteError {
        let message = self.to_string();
        let class = match self {
            Self::TargetState(_) => "UnsupportedRPCVersion",
            Self::ReimageBootVolume => "NovaException",
            Self::Rpc(error) => return error.into_remote_error(),
        };
        RemoteError::new(class, message).module("nova.exception")
    }
}
