//! The guide. Each page explains one task.
//!
//! - [`interfaces`]: declare an interface, and call it.
//! - [`versions`]: change an interface while old and new servers run side by side.
//! - [`locks`]: let the compiler refuse a change that breaks released callers.
//! - [`errors`]: find out what went wrong, and raise errors that callers understand.
//! - [`servers`]: serve an interface, and stop without losing requests.
//! - [`middleware`]: run code around each call and request: refuse, delay, measure or repeat it.
//! - [`configuration`]: write the broker's URL and options, or read oslo.messaging's configuration files.
//! - [`tracing`]: log lines, spans, and traces over several programs.
//! - [`metrics`]: count and measure calls, requests, connections and messages.
//! - [`health`]: readiness and liveness probes.
//! - [`testing`]: mock, decorate and share services, and test without a broker.
//! - [`deployment`]: run against RabbitMQ: what survives, the limits, and how to roll out a version.
//! - [`migration`]: move a service from oslo.messaging.

#[doc = include_str!("interfaces.md")]
pub mod interfaces {}

#[doc = include_str!("versions.md")]
pub mod versions {}

#[doc = include_str!("locks.md")]
pub mod locks {}

#[doc = include_str!("errors.md")]
pub mod errors {}

#[doc = include_str!("servers.md")]
pub mod servers {}

#[doc = include_str!("middleware.md")]
pub mod middleware {}

#[doc = include_str!("configuration.md")]
pub mod configuration {}

#[doc = include_str!("tracing.md")]
pub mod tracing {}

#[doc = include_str!("metrics.md")]
pub mod metrics {}

#[doc = include_str!("health.md")]
pub mod health {}

#[doc = include_str!("testing.md")]
pub mod testing {}

#[doc = include_str!("deployment.md")]
pub mod deployment {}

#[doc = include_str!("migration.md")]
pub mod migration {}
