//! [`Scope`]: the requests that an endpoint accepts. It corresponds to an endpoint's `target` in
//! oslo.messaging.

use crate::{Interface, Version};

/// The requests that an endpoint accepts, by namespace, version and method.
#[derive(Debug, Clone)]
pub struct Scope {
    interface: Option<&'static Interface>,
    /// The endpoint's own namespace, and then its legacy namespaces. `None` accepts all.
    namespaces: Option<Vec<Option<String>>>,
    version: Option<Version>,
}

impl Scope {
    /// Accepts the methods of an interface, in its namespace, in the versions that the interface's version is
    /// compatible with.
    #[must_use]
    pub fn of(interface: &'static Interface) -> Self {
        Self {
            interface: Some(interface),
            namespaces: Some(vec![interface.namespace().map(str::to_owned)]),
            version: Some(interface.version()),
        }
    }

    /// Accepts any method in any namespace and any version.
    #[must_use]
    pub fn any() -> Self {
        Self {
            interface: None,
            namespaces: None,
            version: None,
        }
    }

    /// Sets the endpoint's own namespace. `None` accepts messages without a namespace.
    #[must_use]
    pub fn namespace<'n>(mut self, namespace: impl Into<Option<&'n str>>) -> Self {
        let namespace = namespace.into().map(str::to_owned);
        match self.namespaces.as_mut().and_then(|all| all.first_mut()) {
            Some(own) => *own = namespace,
            None => self.namespaces = Some(vec![namespace]),
        }
        self
    }

    /// Adds namespaces to accept. It has no effect if all namespaces are accepted.
    #[must_use]
    pub fn legacy_namespaces<'n>(
        mut self,
        namespaces: impl IntoIterator<Item = Option<&'n str>>,
    ) -> Self {
        if let Some(all) = &mut self.namespaces {
            all.extend(namespaces.into_iter().map(|name| name.map(str::to_owned)));
        }
        self
    }

    /// Sets the implemented version. Messages of the same major version are accepted up to its minor version.
    #[must_use]
    pub fn version(mut self, version: impl Into<Version>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// The interface whose methods are accepted. `None` if any method is.
    #[must_use]
    pub fn interface(&self) -> Option<&'static Interface> {
        self.interface
    }

    /// Whether requests with this namespace and version are accepted, regardless of their method.
    #[must_use]
    pub fn takes(&self, namespace: Option<&str>, version: Version) -> bool {
        self.takes_version(version) && self.takes_namespace(namespace)
    }

    /// The implemented version. `None` if all versions are accepted.
    pub(super) fn implemented(&self) -> Option<Version> {
        self.version
    }

    pub(super) fn takes_version(&self, version: Version) -> bool {
        self.version
            .is_none_or(|implemented| implemented.is_compatible_with(version))
    }

    fn takes_namespace(&self, namespace: Option<&str>) -> bool {
        let all = self.namespaces.as_ref();
        all.is_none_or(|all| all.iter().any(|own| own.as_deref() == namespace))
    }

    /// The accepted namespaces without duplicates. Empty if all are accepted.
    pub(super) fn namespaces(&self) -> Vec<Option<&str>> {
        let mut each = Vec::new();
        for namespace in self.namespaces.iter().flatten() {
            if !each.contains(&namespace.as_deref()) {
                each.push(namespace.as_deref());
            }
        }
        each
    }
}
