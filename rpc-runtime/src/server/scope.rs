//! Which requests an endpoint takes: oslo.messaging's target of an endpoint.

use crate::{Interface, Version};

/// Which requests an endpoint takes: of which namespaces, in which version, for which methods.
#[derive(Debug, Clone)]
pub struct Scope {
    interface: Option<&'static Interface>,
    /// All, or the endpoint's own and then those of old.
    namespaces: Option<Vec<Option<String>>>,
    version: Option<Version>,
}

impl Scope {
    /// The methods of an interface, in its namespace and in the versions that its own is compatible with.
    #[must_use]
    pub fn of(interface: &'static Interface) -> Self {
        Self {
            interface: Some(interface),
            namespaces: Some(vec![interface.namespace().map(str::to_owned)]),
            version: Some(interface.version()),
        }
    }

    /// Any method of any namespace in any version.
    #[must_use]
    pub fn any() -> Self {
        Self {
            interface: None,
            namespaces: None,
            version: None,
        }
    }

    /// With this namespace of its own, `None` being the absent one.
    #[must_use]
    pub fn namespace<'n>(mut self, namespace: impl Into<Option<&'n str>>) -> Self {
        let namespace = namespace.into().map(str::to_owned);
        match self.namespaces.as_mut().and_then(|all| all.first_mut()) {
            Some(own) => *own = namespace,
            None => self.namespaces = Some(vec![namespace]),
        }
        self
    }

    /// With these namespaces, too. A scope of any namespace has them already.
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

    /// With this as the version that is implemented: messages of its major, up to its minor, are taken.
    #[must_use]
    pub fn version(mut self, version: impl Into<Version>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// The interface whose methods are taken; absent if any method is.
    #[must_use]
    pub fn interface(&self) -> Option<&'static Interface> {
        self.interface
    }

    /// Whether requests of this namespace and version are taken, whatever their method.
    #[must_use]
    pub fn takes(&self, namespace: Option<&str>, version: Version) -> bool {
        self.takes_version(version) && self.takes_namespace(namespace)
    }

    pub(super) fn takes_version(&self, version: Version) -> bool {
        self.version
            .is_none_or(|implemented| implemented.is_compatible_with(version))
    }

    fn takes_namespace(&self, namespace: Option<&str>) -> bool {
        let all = self.namespaces.as_ref();
        all.is_none_or(|all| all.iter().any(|own| own.as_deref() == namespace))
    }

    /// The namespaces, each once; none where all are taken.
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
