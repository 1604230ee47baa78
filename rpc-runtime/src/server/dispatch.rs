//! Selects the endpoint and the method for a request, by the rules of oslo.messaging's dispatcher.
//!
//! The table is built once, when the server starts. An endpoint with an interface gets only requests for the methods
//! that the interface lists, without those whose name begins with `_`. An endpoint without an interface gets any
//! method. The cost of a lookup does not depend on the number of methods.

use std::collections::HashMap;

use super::endpoint::Endpoint;
use super::scope::Scope;
use crate::interface::{Interface, Method, OldName};
use crate::wire::Request;
use crate::{RemoteError, Result, Version};

const DISPATCHER: &str = "oslo_messaging.rpc.dispatcher";

/// The endpoints of one server, and their methods by name.
#[derive(Debug, Default)]
pub(super) struct Dispatcher {
    /// Each endpoint with its scope, which is requested once.
    endpoints: Vec<(Scope, Box<dyn Endpoint>)>,
    /// The methods of endpoints with a namespace, by namespace.
    named: HashMap<String, Methods>,
    /// The methods of endpoints without a namespace.
    unnamed: Methods,
    /// The indices of endpoints that accept any method.
    untyped: Vec<usize>,
}

/// For each method name: the indices of endpoint and method, in the order of endpoints.
type Methods = HashMap<&'static str, Vec<(usize, usize)>>;

/// A method that is never called.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shadowed {
    pub(super) method: &'static str,
    pub(super) interface: &'static str,
    /// The interface whose method is called.
    pub(super) earlier: &'static str,
}

impl Dispatcher {
    pub(super) fn new(endpoints: Vec<Box<dyn Endpoint>>) -> Self {
        let mut dispatcher = Self::default();
        for (place, endpoint) in endpoints.into_iter().enumerate() {
            let scope = endpoint.scope();
            match scope.interface() {
                Some(interface) => dispatcher.list(place, &scope, interface),
                None => dispatcher.untyped.push(place),
            }
            dispatcher.endpoints.push((scope, endpoint));
        }
        dispatcher
    }

    fn list(&mut self, endpoint: usize, scope: &Scope, interface: &'static Interface) {
        for namespace in scope.namespaces() {
            let methods = match namespace {
                Some(namespace) => self.named.entry(namespace.to_owned()).or_default(),
                None => &mut self.unnamed,
            };
            for (index, method) in interface.methods().iter().enumerate() {
                let old_names = method.old_names().iter().map(OldName::name);
                for name in old_names.chain([method.name()]) {
                    // oslo.messaging treats a leading underscore as private.
                    if !name.starts_with('_') {
                        methods.entry(name).or_default().push((endpoint, index));
                    }
                }
            }
        }
    }

    /// The methods that are never called, since an earlier endpoint has them for the same namespace and versions. Methods
    /// that had another name in an older version are left out.
    pub(super) fn shadowed(&self) -> Vec<Shadowed> {
        let mut shadowed = Vec::new();
        for (&method, candidates) in self.named.values().chain([&self.unnamed]).flatten() {
            for (later, &(endpoint, index)) in candidates.iter().enumerate() {
                let Some((interface, version)) = self.always_named(endpoint, index, method) else {
                    continue;
                };
                let earlier = candidates[..later].iter().find_map(|&(endpoint, index)| {
                    let (interface, highest) = self.always_named(endpoint, index, method)?;
                    highest.is_compatible_with(version).then_some(interface)
                });
                if let Some(earlier) = earlier {
                    shadowed.push(Shadowed {
                        method,
                        interface: interface.name(),
                        earlier: earlier.name(),
                    });
                }
            }
        }
        shadowed
    }

    /// The interface and the version of an endpoint, if its method has this name in every version.
    fn always_named(
        &self,
        endpoint: usize,
        method: usize,
        name: &str,
    ) -> Option<(&'static Interface, Version)> {
        let (scope, _) = &self.endpoints[endpoint];
        let interface = scope.interface()?;
        let method = &interface.methods()[method];
        let is_always = method.name() == name && method.old_names().is_empty();
        is_always.then_some((interface, scope.implemented()?))
    }

    /// The first endpoint that accepts the request and has its method, and the method's index there.
    pub(super) fn find(
        &self,
        request: &Request<'_>,
    ) -> Result<(&dyn Endpoint, Option<usize>), RemoteError> {
        match self.place(request) {
            Some((endpoint, method)) => Ok((&*self.endpoints[endpoint].1, method)),
            None => Err(self.refusal(request)),
        }
    }

    /// The description of the requested method, if an interface has one.
    pub(super) fn describe(&self, request: &Request<'_>) -> Option<&'static Method> {
        let (endpoint, method) = self.place(request)?;
        let interface = self.endpoints[endpoint].0.interface()?;
        interface.methods().get(method?)
    }

    fn place(&self, request: &Request<'_>) -> Option<(usize, Option<usize>)> {
        let (typed, untyped) = (self.find_typed(request), self.find_untyped(request));
        match (typed, untyped) {
            (Some((endpoint, method)), Some(untyped)) if endpoint < untyped => {
                Some((endpoint, Some(method)))
            }
            (_, Some(untyped)) => Some((untyped, None)),
            (Some((endpoint, method)), None) => Some((endpoint, Some(method))),
            (None, None) => None,
        }
    }

    fn find_typed(&self, request: &Request<'_>) -> Option<(usize, usize)> {
        let (name, version) = (request.method(), request.stamp()?);
        let methods = match request.namespace() {
            Some(namespace) => self.named.get(namespace)?,
            None => &self.unnamed,
        };
        let candidates = methods.get(name)?;
        let taking = || {
            let mut candidates = candidates.iter().copied();
            std::iter::from_fn(move || {
                candidates.find(|(endpoint, _)| self.endpoints[*endpoint].0.takes_version(version))
            })
        };
        // A method that has this name in the message's version takes precedence over one that had it in an
        // older version.
        let has_current_name = |(endpoint, method): &(usize, usize)| {
            let interface = self.endpoints[*endpoint].0.interface();
            interface.is_some_and(|interface| interface.methods()[*method].name_in(version) == name)
        };
        taking().find(has_current_name).or_else(|| taking().next())
    }

    fn find_untyped(&self, request: &Request<'_>) -> Option<usize> {
        let takes = |endpoint: &usize| {
            let (scope, _) = &self.endpoints[*endpoint];
            let version = request.stamp();
            version.is_some_and(|version| scope.takes(request.namespace(), version))
        };
        self.untyped.iter().copied().find(takes)
    }

    /// The error for a request that no endpoint accepts. Class and text are those of oslo.messaging.
    fn refusal(&self, request: &Request<'_>) -> RemoteError {
        let name = request.method();
        let takes = |scope: &Scope| {
            let version = request.stamp();
            version.is_some_and(|version| scope.takes(request.namespace(), version))
        };
        let (class, message) = if self.endpoints.iter().any(|(scope, _)| takes(scope)) {
            let message = format!("Endpoint does not support RPC method {name}");
            ("NoSuchMethod", message)
        } else {
            let version = request.version().unwrap_or("1.0");
            let message = format!(
                "Endpoint does not support RPC version {version}. Attempted method: {name}"
            );
            ("UnsupportedVersion", message)
        };
        RemoteError::new(class, message)
            .module(DISPATCHER)
            .refusal()
    }
}

#[cfg(test)]
mod tests {
    use super::super::invocation::{Invocation, Outcome};
    use super::*;
    use crate::future::BoxFuture;
    use crate::interface::Mode;

    #[derive(Debug)]
    struct Of(&'static Interface, Option<&'static str>);

    impl Endpoint for Of {
        fn scope(&self) -> Scope {
            Scope::of(self.0).namespace(self.1)
        }

        fn dispatch<'a>(&'a self, _: &'a Invocation<'a>) -> BoxFuture<'a, Outcome> {
            unreachable!("nothing is called")
        }
    }

    const V10: Version = Version::new(1, 0);
    const METHODS: &[Method] = &[Method::new("size", Mode::Call, V10)];
    const OLD: Interface = Interface::new("Old", V10, METHODS);
    const NEW: Interface = Interface::new("New", Version::new(1, 5), METHODS);
    const NEXT: Interface = Interface::new("Next", Version::new(2, 0), METHODS);

    fn shadowed(endpoints: impl IntoIterator<Item = Of>) -> Vec<(&'static str, &'static str)> {
        let boxed = |endpoint| Box::new(endpoint) as Box<dyn Endpoint>;
        let dispatcher = Dispatcher::new(endpoints.into_iter().map(boxed).collect());
        let shadowed = dispatcher.shadowed();
        assert!(shadowed.iter().all(|each| each.method == "size"));
        shadowed
            .iter()
            .map(|each| (each.interface, each.earlier))
            .collect()
    }

    #[test]
    fn a_method_after_another_of_its_name_namespace_and_versions_is_shadowed() {
        assert_eq!(shadowed([Of(&NEW, None), Of(&OLD, None)]), [("Old", "New")]);
        // Requests for 1.1 to 1.5 reach the second.
        assert_eq!(shadowed([Of(&OLD, None), Of(&NEW, None)]), []);
        assert_eq!(shadowed([Of(&NEW, None), Of(&NEXT, None)]), []);
        assert_eq!(shadowed([Of(&NEW, Some("new")), Of(&OLD, None)]), []);
        let both = [Of(&NEW, Some("a")), Of(&NEW, Some("a"))];
        assert_eq!(shadowed(both), [("New", "New")]);
    }
}
