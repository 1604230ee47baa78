//! nova: computes, and the services that run them.
//!
//! Each service has a module with the name of nova's own package. The objects that they exchange have modules of their
//! own.

mod base;
mod compute;
mod conductor;
mod objects;
mod request_spec;
mod scheduler;

pub use base::{BaseApi, BaseApiClient, BaseApiEndpoint, Pong};
pub use compute::{Compute, ComputeClient, ComputeEndpoint, RebuildError};
pub use conductor::{
    ComputeTask, ComputeTaskClient, ComputeTaskEndpoint, Conductor, ConductorClient,
    ConductorEndpoint,
};
pub use objects::{Image, Instance, Limits, Object};
pub use request_spec::RequestSpec;
pub use scheduler::{Scheduler, SchedulerClient, SchedulerEndpoint};
