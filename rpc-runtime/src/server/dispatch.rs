//! Finds the method that a request means: the rules of oslo.messaging's dispatcher, as a table.
//!
//! Only what endpoints list can be found; the cost does not depend on how many methods there are.

use std::collections::HashMap;

use super::endpoint::Endpoint;
use super::invocation::{Invocation, Outcome};
use crate::future::BoxFuture;
use crate::interface::{Interface, Method, Mode, OldName};
use crate::wire::Request;
use crate::{RemoteError, Result, Version};

const DISPATCHER: &str = "oslo_messaging.rpc.dispatcher";

/// The endpoints of one server, and where each method name is found.
#[derive(Debug, Default)]
pub(super) struct Dispatcher {
    /// Each with the version that it implements, which its methods are asked for but once.
    endpoints: Vec<(Version, Box<dyn Endpoint>)>,
    /// By namespace.
    named: HashMap<String, Methods>,
    /// Of those who serve no namespace.
    unnamed: Methods,
}

/// Endpoint and method by name, in the order of endpoints.
type Methods = HashMap<&'static str, Vec<(usize, usize)>>;

impl Dispatcher {
    pub(super) fn new(endpoints: Vec<Box<dyn Endpoint>>) -> Self {
        let (mut named, mut unnamed) = (HashMap::<String, Methods>::new(), Methods::new());
        for (endpoint, implemented) in endpoints.iter().enumerate() {
            for namespace in namespaces(&**implemented) {
                let methods = match namespace {
                    Some(namespace) => named.entry(namespace.to_owned()).or_default(),
                    None => &mut unnamed,
                };
                for (index, method) in implemented.interface().methods().iter().enumerate() {
                    let old_names = method.old_names().iter().map(OldName::name);
                    for name in old_names.chain([method.name()]) {
                        // Private by oslo.messaging's rule.
                        if !name.starts_with('_') {
                            methods.entry(name).or_default().push((endpoint, index));
                        }
                    }
                }
            }
        }
        let with_version = |endpoint: Box<dyn Endpoint>| (endpoint.interface().version(), endpoint);
        Self {
            endpoints: endpoints.into_iter().map(with_version).collect(),
            named,
            unnamed,
        }
    }

    /// The endpoint that takes the request, and the place of its method there.
    pub(super) fn find(
        &self,
        request: &Request<'_>,
    ) -> Result<(&dyn Endpoint, usize), RemoteError> {
        let name = request.method();
        let version = request.stamp();
        let takes = |implemented: &Version| {
            version.is_some_and(|version| implemented.is_compatible_with(version))
        };
        let methods = match request.namespace() {
            Some(namespace) => self.named.get(namespace),
            None => Some(&self.unnamed),
        };
        let candidates = methods.and_then(|methods| methods.get(name));
        let candidates = candidates.map_or(&[][..], Vec::as_slice);
        let taking = || {
            candidates.iter().filter_map(|(endpoint, method)| {
                let (implemented, endpoint) = &self.endpoints[*endpoint];
                takes(implemented).then_some((&**endpoint, *method))
            })
        };
        // A name of old does not stand in the way of what is called so in the message's version.
        let is_called_so = |(endpoint, method): &(&dyn Endpoint, usize)| {
            let method = &endpoint.interface().methods()[*method];
            version.is_some_and(|version| method.name_in(version) == name)
        };
        if let Some(found) = taking().find(is_called_so).or_else(|| taking().next()) {
            return Ok(found);
        }
        Err(
            if self.endpoints.iter().any(|(implemented, endpoint)| {
                takes(implemented) && namespaces(&**endpoint).contains(&request.namespace())
            }) {
                let message = format!("Endpoint does not support RPC method {name}");
                RemoteError::new("NoSuchMethod", message)
                    .module(DISPATCHER)
                    .refusal()
            } else {
                let version = request.version().unwrap_or("1.0");
                let message = format!(
                    "Endpoint does not support RPC version {version}. Attempted method: {name}"
                );
                RemoteError::new("UnsupportedVersion", message)
                    .module(DISPATCHER)
                    .refusal()
            },
        )
    }
}

/// The namespaces that an endpoint serves, each once.
fn namespaces(endpoint: &dyn Endpoint) -> Vec<Option<&str>> {
    let mut all = vec![endpoint.interface().namespace()];
    for legacy in endpoint.legacy_namespaces() {
        if !all.contains(&legacy.as_deref()) {
            all.push(legacy.as_deref());
        }
    }
    all
}

/// Answers `oslo_rpc_server_ping` with `"pong"`.
#[derive(Debug)]
pub(super) struct Ping;

const PING_VERSION: Version = Version::new(1, 0);

const PING: Interface = Interface::new(
    "Ping",
    PING_VERSION,
    &[
        Method::new("oslo_rpc_server_ping", Mode::Call, PING_VERSION)
            .with_returns("Result<String>"),
    ],
);

impl Endpoint for Ping {
    fn interface(&self) -> &'static Interface {
        const { &PING }
    }

    fn dispatch<'a>(&'a self, _: usize, incoming: &'a Invocation<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { incoming.reply::<_, RemoteError>(Ok("pong")) })
    }
}
