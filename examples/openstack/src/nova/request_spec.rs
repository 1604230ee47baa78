//! The request to the scheduler, and the two dicts that older versions have in place of the object.
//!
//! It follows `to_legacy_request_spec_dict` and `to_legacy_filter_properties_dict` in `nova/objects/request_spec.py`,
//! and for the other direction `from_primitives`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::objects::{Object, plain};

/// A request to the scheduler, of class `RequestSpec`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestSpec(pub Object);

/// Fields that have the same name in the dict of the instance.
const OF_INSTANCE: [&str; 5] = [
    "numa_topology",
    "pci_requests",
    "project_id",
    "user_id",
    "availability_zone",
];
const OF_FLAVOR: [&str; 4] = ["root_gb", "ephemeral_gb", "memory_mb", "vcpus"];
const OF_HOSTS: [&str; 3] = ["ignore_hosts", "force_hosts", "force_nodes"];

impl RequestSpec {
    /// Both dicts: `request_spec` and `filter_properties`.
    #[must_use]
    pub fn legacy(&self) -> (Value, Value) {
        (
            self.legacy_request_spec(),
            self.legacy_filter_properties().into(),
        )
    }

    /// The properties of the instance, as a dict.
    #[must_use]
    pub fn legacy_request_spec(&self) -> Value {
        let Self(spec) = self;
        let mut instance = Map::new();
        for field in OF_INSTANCE {
            copy(&spec.data, field, &mut instance, field);
        }
        copy(&spec.data, "instance_uuid", &mut instance, "uuid");
        if let Some(flavor) = part(spec, "flavor") {
            for field in OF_FLAVOR {
                copy(&flavor.data, field, &mut instance, field);
            }
        }
        json!({
            "num_instances": spec.get("num_instances").unwrap_or(&json!(1)),
            "image": spec.get("image").map_or_else(|| json!({}), plain),
            "instance_properties": instance,
            "instance_type": spec.data.get("flavor").unwrap_or(&json!({})),
        })
    }

    /// The hosts that are allowed, as a dict.
    fn legacy_filter_properties(&self) -> Map<String, Value> {
        let Self(spec) = self;
        let mut properties = Map::new();
        for field in OF_HOSTS {
            if spec
                .get(field)
                .is_some_and(|hosts| hosts.as_array().is_none_or(|hosts| !hosts.is_empty()))
            {
                copy(&spec.data, field, &mut properties, field);
            }
        }
        if let Some(retry) = part(spec, "retry") {
            let hosts = part(&retry, "hosts").map(|hosts| hosts.data);
            let hosts = hosts.as_ref().and_then(|hosts| hosts["objects"].as_array());
            let host_and_node = |compute: &Value| {
                let compute = plain(compute);
                json!([compute["host"], compute["hypervisor_hostname"]])
            };
            let hosts: Vec<_> = hosts.into_iter().flatten().map(host_and_node).collect();
            let retry = json!({"num_attempts": retry.get("num_attempts"), "hosts": hosts});
            properties.insert("retry".into(), retry);
        }
        if let Some(mut limits) = part(spec, "limits") {
            limits.data.retain(|_, limit| !limit.is_null());
            properties.insert("limits".into(), limits.data.into());
        }
        if let Some(group) = part(spec, "instance_group") {
            let policies = json!([group.get("policy")]);
            properties.insert("group_updated".into(), true.into());
            properties.insert("group_policies".into(), policies);
            for field in ["uuid", "hosts", "members"] {
                let legacy = format!("group_{field}");
                copy(&group.data, field, &mut properties, &legacy);
            }
        }
        if let Some(hints) = spec.get("scheduler_hints").and_then(Value::as_object) {
            // A single value replaces a list of one.
            let alone = |value: &Value| match value.as_array().map(Vec::as_slice) {
                Some([one]) => one.clone(),
                _ => value.clone(),
            };
            let hints: Map<_, _> = hints
                .iter()
                .map(|(name, value)| (name.clone(), alone(value)))
                .collect();
            if !hints.is_empty() {
                properties.insert("scheduler_hints".into(), hints.into());
            }
        }
        if let Some(destination) = spec.get("requested_destination") {
            properties.insert("requested_destination".into(), destination.clone());
        }
        properties
    }

    /// Makes a request from the first dict only.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a server gives it away")]
    pub fn from_legacy_request_spec(request_spec: Value) -> Self {
        let mut data = Map::new();
        if let Some(legacy) = request_spec.as_object() {
            copy(legacy, "num_instances", &mut data, "num_instances");
            if let Some(instance) = legacy.get("instance_properties").and_then(Value::as_object) {
                for field in OF_INSTANCE {
                    copy(instance, field, &mut data, field);
                }
                copy(instance, "uuid", &mut data, "instance_uuid");
            }
            if let Some(image) = dict(legacy, "image") {
                let mut image = image.clone();
                if let Some(Value::Object(properties)) = image.remove("properties") {
                    let properties = Object::new("ImageMetaProps", "1.44", properties);
                    image.insert("properties".into(), properties.into_value());
                }
                let image = Object::new("ImageMeta", "1.8", image);
                data.insert("image".into(), image.into_value());
            }
            if dict(legacy, "instance_type").is_some() {
                copy(legacy, "instance_type", &mut data, "flavor");
            }
        }
        Self(Object::new("RequestSpec", "1.15", data))
    }

    /// Makes a request from both dicts. A field that is in neither is not set.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a server gives it away")]
    pub fn from_legacy(request_spec: Value, filter_properties: Value) -> Self {
        let mut spec = Self::from_legacy_request_spec(request_spec);
        let data = &mut spec.0.data;
        let Some(legacy) = filter_properties.as_object() else {
            return spec;
        };
        for field in OF_HOSTS.into_iter().chain(["requested_destination"]) {
            copy(legacy, field, data, field);
        }
        if let Some(retry) = dict(legacy, "retry") {
            let compute = |host: &Value| {
                let mut data = Map::new();
                data.insert("host".into(), host[0].clone());
                data.insert("hypervisor_hostname".into(), host[1].clone());
                Object::new("ComputeNode", "1.19", data).into_value()
            };
            let hosts = retry.get("hosts").and_then(Value::as_array);
            let computes: Vec<_> = hosts.into_iter().flatten().map(compute).collect();
            let computes = Map::from_iter([("objects".to_owned(), computes.into())]);
            let mut retried = Map::new();
            copy(retry, "num_attempts", &mut retried, "num_attempts");
            let computes = Object::new("ComputeNodeList", "1.17", computes);
            retried.insert("hosts".into(), computes.into_value());
            let retried = Object::new("SchedulerRetries", "1.1", retried);
            data.insert("retry".into(), retried.into_value());
        }
        if let Some(legacy) = dict(legacy, "limits") {
            let mut limits = Map::new();
            for limit in ["numa_topology", "vcpu", "disk_gb", "memory_mb"] {
                let value = legacy.get(limit).cloned().unwrap_or_default();
                limits.insert(limit.into(), value);
            }
            let limits = Object::new("SchedulerLimits", "1.0", limits);
            data.insert("limits".into(), limits.into_value());
        }
        if legacy.get("group_updated") == Some(&json!(true)) {
            let mut group = Map::new();
            for field in ["uuid", "hosts", "members"] {
                copy(legacy, &format!("group_{field}"), &mut group, field);
            }
            if let Some([policy, ..]) = legacy
                .get("group_policies")
                .and_then(Value::as_array)
                .map(Vec::as_slice)
            {
                group.insert("policy".into(), policy.clone());
            }
            let group = Object::new("InstanceGroup", "1.11", group);
            data.insert("instance_group".into(), group.into_value());
        }
        if let Some(hints) = legacy.get("scheduler_hints").and_then(Value::as_object) {
            let listed = |value: &Value| match value {
                Value::Array(_) => value.clone(),
                one => json!([one]),
            };
            let hints: Map<_, _> = hints
                .iter()
                .map(|(name, value)| (name.clone(), listed(value)))
                .collect();
            data.insert("scheduler_hints".into(), hints.into());
        }
        spec
    }
}

/// Copies an entry if it exists, also if it is null.
fn copy(from: &Map<String, Value>, name: &str, to: &mut Map<String, Value>, new_name: &str) {
    if let Some(value) = from.get(name) {
        to.insert(new_name.to_owned(), value.clone());
    }
}

/// A field that holds an object.
fn part(object: &Object, field: &str) -> Option<Object> {
    Object::deserialize(object.get(field)?).ok()
}

/// An entry that holds a dict that is not empty.
fn dict<'a>(legacy: &'a Map<String, Value>, name: &str) -> Option<&'a Map<String, Value>> {
    legacy
        .get(name)?
        .as_object()
        .filter(|dict| !dict.is_empty())
}
