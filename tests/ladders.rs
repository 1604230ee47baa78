//! Version ladders: the messages of a client under each cap, and how a server reads them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "ladders/caps.rs"]
mod caps;
#[path = "ladders/disks.rs"]
mod disks;
#[path = "ladders/labels.rs"]
mod labels;
mod recorder;
#[path = "ladders/sent.rs"]
mod sent;
#[path = "ladders/served.rs"]
mod served;

use std::time::Duration;

use disks::{Disks, DisksClient, DisksEndpoint, Spec, disk};
use recorder::Recorder;
use rpc_runtime::client::AutoCap;
use rpc_runtime::{
    CallOptions, Context, Error, MaybeAbsent, Result, Server, Transport, Version, rpc_client,
};
use serde_json::{Value, json};
