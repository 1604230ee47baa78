//! Finds the method that a request means: the rules of oslo.messaging's dispatcher, as a table.
//!
//! Only what endpoints list can be found; the cost does not depend on how many methods there are.

use std::collections::HashMap;

use crate::endpoint::{BoxFuture, Endpoint, Invocation, Outcome};
use crate::wire::Request;
use crate::{Interface, Method, Mode, OldName, RemoteError, Result, Version};

const DISPATCHER: &str = "oslo_messaging.rpc.dispatcher";

/// The endpoints of one server, and where each method name is found.
#[derive(Debug, Default)]
pub(super) struct Dispatcher {
    endpoints: Vec<Box<dyn Endpoint>>,
    /// Endpoint and method, in the order of endpoints.
    methods: HashMap<&'static str, Vec<(usize, usize)>>,
}

impl Dispatcher {
    pub(super) fn new(endpoints: Vec<Box<dyn Endpoint>>) -> Self {
        let mut methods: HashMap<_, Vec<_>> = HashMap::new();
        for (endpoint, implemented) in endpoints.iter().enumerate() {
            for (index, method) in implemented.interface().methods().iter().enumerate() {
                let old_names = method.old_names().iter().map(OldName::name);
                for name in old_names.chain([method.name()]) {
                    // Private by oslo.messaging's rule.
                    if !name.starts_with('_') {
                        let known = methods.entry(name).or_default();
                        known.push((endpoint, index));
                    }
                }
            }
        }
        Self { endpoints, methods }
    }

    /// The endpoint that takes the request, and the place of its method there.
    pub(super) fn find(
        &self,
        request: &Request<'_>,
    ) -> Result<(&dyn Endpoint, usize), RemoteError> {
        let name = request.method();
        let version = request.stamp();
        let takes = |endpoint: &dyn Endpoint| {
            accepts_namespace(endpoint, request.namespace())
                && version.is_some_and(|version| {
                    endpoint.interface().version().is_compatible_with(version)
                })
        };
        let candidates = self.methods.get(name).map_or(&[][..], Vec::as_slice);
        let taking = || {
            let found = candidates
                .iter()
                .map(|(endpoint, method)| (&*self.endpoints[*endpoint], *method));
            found.filter(|(endpoint, _)| takes(*endpoint))
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
            if self.endpoints.iter().any(|endpoint| takes(&**endpoint)) {
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

fn accepts_namespace(endpoint: &dyn Endpoint, namespace: Option<&str>) -> bool {
    endpoint.interface().namespace() == namespace
        || endpoint
            .legacy_namespaces()
            .iter()
            .any(|legacy| legacy.as_deref() == namespace)
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
