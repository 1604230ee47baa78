//! nova's versioned objects in their form on the wire, and the plain dicts that some servers need instead.
//!
//! An object keeps its fields as JSON. Its version determines which fields it has, and a client passes most of them on
//! without reading them. If the form of a message depends on a field, a type of its own has a function that reads the
//! field.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A versioned object of nova.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Object {
    /// The class.
    #[serde(rename = "nova_object.name")]
    pub name: String,
    /// The project of the class: `nova`.
    #[serde(rename = "nova_object.namespace")]
    pub namespace: String,
    /// The version of the class, which determines its fields.
    #[serde(rename = "nova_object.version")]
    pub version: String,
    /// The fields that are set.
    #[serde(rename = "nova_object.data")]
    pub data: Map<String, Value>,
    /// The fields that have changed since it was loaded.
    #[serde(
        rename = "nova_object.changes",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub changes: Vec<String>,
}

impl Object {
    /// An object of one of nova's classes.
    #[must_use]
    pub fn new(name: &str, version: &str, data: Map<String, Value>) -> Self {
        Self {
            name: name.to_owned(),
            namespace: "nova".to_owned(),
            version: version.to_owned(),
            data,
            changes: Vec::new(),
        }
    }

    /// A field that is set, and is not null.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.data.get(field).filter(|value| !value.is_null())
    }

    /// The object as JSON, for example as a field of another object.
    pub(super) fn into_value(self) -> Value {
        // Serialising names and JSON cannot fail.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The object as a plain dict, with the objects within it as plain dicts, too: nova's `obj_to_primitive`.
    pub(super) fn plain(&self) -> Map<String, Value> {
        let plain = |(name, value): (&String, &Value)| (name.clone(), plain(value));
        self.data.iter().map(plain).collect()
    }
}

/// A value without the objects in it; a list of objects is a plain list.
pub(super) fn plain(value: &Value) -> Value {
    match Object::deserialize(value) {
        Ok(list) if list.name.ends_with("List") => match list.data.get("objects") {
            Some(Value::Array(objects)) => objects.iter().map(plain).collect(),
            _ => Value::Array(Vec::new()),
        },
        Ok(object) => object.plain().into(),
        Err(_) => value.clone(),
    }
}

/// A virtual machine, of class `Instance`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instance(pub Object);

impl Instance {
    /// The compute that it runs on, if there is one.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.0.get("host")?.as_str()
    }
}

/// An image's properties, always sent as a plain dict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Image(pub Map<String, Value>);

impl From<&Object> for Image {
    fn from(image: &Object) -> Self {
        Self(image.plain())
    }
}

/// The limits of what a host may give to an instance, always sent as a dict.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Limits {
    /// The limits of the NUMA cells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numa_topology: Option<Value>,
    /// Virtual processors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vcpu: Option<u64>,
    /// Gigabytes of disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_gb: Option<u64>,
    /// Megabytes of memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_mb: Option<u64>,
}

impl TryFrom<&Object> for Limits {
    type Error = serde_json::Error;

    /// Reads an object of class `SchedulerLimits`.
    fn try_from(limits: &Object) -> Result<Self, Self::Error> {
        Self::deserialize(&limits.data)
    }
}
