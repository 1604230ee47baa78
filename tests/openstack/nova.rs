//! Runs the recorded cases of nova with the typed clients.

use openstack_api::nova::{
    ComputeClient, ComputeTaskClient, Image, Instance, Limits, Object, RequestSpec, SchedulerClient,
};
use rpc_runtime::{CallOptions, Context, Error};
use serde_json::{Map, Value, json};

use crate::recorder::Recorder;
use crate::replay::{Case, Outcome, Refused, recorded};

pub(crate) async fn select_destinations(case: &Case) -> Outcome {
    let response = case.configured("rpc_response_timeout", 60);
    let scheduler = SchedulerClient::builder(&case.transport)
        .timeout(response)
        .time("response", response)
        .time("long", case.configured("long_rpc_timeout", 1800))
        .build()?
        .prepare(case.options());
    let spec_obj = case.given("spec_obj");
    let instance_uuids: Option<Vec<String>> = case.given("instance_uuids");
    let (objects, alternates) = (
        case.given("return_objects"),
        case.given("return_alternates"),
    );
    let ctxt = Context::new();
    let selected = scheduler.select_destinations(
        &ctxt,
        &spec_obj,
        instance_uuids.as_deref(),
        objects,
        alternates,
    );
    Ok(selected.await?)
}

/// A client of computes with the configuration of the case.
fn computes(case: &Case) -> Result<ComputeClient, Error> {
    let timeout = case.configured("rpc_response_timeout", 60);
    let client = ComputeClient::responding_within(&case.transport, timeout).build()?;
    Ok(client.prepare(case.options()))
}

/// An argument that was an object, or already a dict.
fn object_or<T>(
    value: Option<Value>,
    of_object: fn(&Object) -> T,
    of_dict: fn(Map<String, Value>) -> T,
) -> Option<T> {
    let value = value?;
    Some(match serde_json::from_value::<Object>(value.clone()) {
        Ok(object) => of_object(&object),
        Err(_) => of_dict(serde_json::from_value(value).unwrap()),
    })
}

pub(crate) async fn prep_resize(case: &Case) -> Outcome {
    let (instance, request_spec) = (case.given("instance"), case.given("request_spec"));
    let image = object_or(case.given("image"), |image| Image::from(image), Image);
    let host: Option<String> = case.given("host");
    let node: Option<String> = case.given("node");
    let migration: Option<Value> = case.given("migration");
    let filter_properties: Option<Value> = case.given("filter_properties");
    let host_list: Option<Vec<Value>> = case.given("host_list");
    computes(case)?
        .prep_resize(
            &Context::new(),
            &instance,
            image.as_ref(),
            &case.given("flavor"),
            host.as_deref(),
            migration.as_ref(),
            &request_spec,
            filter_properties.as_ref(),
            node.as_deref(),
            case.given("clean_shutdown"),
            host_list.as_deref(),
        )
        .await?;
    Ok(json!(null))
}

pub(crate) async fn rebuild_instance(case: &Case) -> Outcome {
    let limits = object_or(
        case.given("limits"),
        |limits| Limits::try_from(limits).unwrap(),
        |limits| serde_json::from_value(limits.into()).unwrap(),
    );
    let host: Option<String> = case.given("host");
    let node: Option<String> = case.given("node");
    let migration: Option<Value> = case.given("migration");
    let request_spec: Option<RequestSpec> = case.given("request_spec");
    let injected_files: Vec<_> = case.given("injected_files");
    let accel_uuids: Vec<_> = case.given("accel_uuids");
    let target_state: Option<String> = case.given("target_state");
    computes(case)?
        .rebuild_instance(
            &Context::new(),
            &case.given("instance"),
            &case.given::<String>("new_pass"),
            &injected_files,
            &case.given::<String>("image_ref"),
            &case.given::<String>("orig_image_ref"),
            &case.given("orig_sys_metadata"),
            &case.given("bdms"),
            case.given("recreate"),
            case.given("on_shared_storage"),
            host.as_deref(),
            node.as_deref(),
            case.given("preserve_ephemeral"),
            migration.as_ref(),
            limits.as_ref(),
            request_spec.as_ref(),
            &accel_uuids,
            case.given("reimage_boot_volume"),
            target_state.as_deref(),
        )
        .await?;
    Ok(json!(null))
}

pub(crate) async fn stop_instance(case: &Case) -> Outcome {
    let (ctxt, instance) = (Context::new(), case.given("instance"));
    let computes = computes(case)?;
    let stop = computes.stop_instance(&ctxt, &instance, case.given("clean_shutdown"));
    if case.given("do_cast") {
        stop.cast().await?;
    } else {
        stop.await?;
    }
    Ok(json!(null))
}

pub(crate) async fn confirm_resize(case: &Case) -> Outcome {
    let (ctxt, instance) = (Context::new(), case.given("instance"));
    let migration = case.given("migration");
    let host: Option<String> = case.given("host");
    let computes = computes(case)?;
    let confirm = computes.confirm_resize(&ctxt, &instance, &migration, host.as_deref());
    if case.given("cast") {
        confirm.cast().await?;
        return Ok(json!(null));
    }
    Ok(confirm.await?)
}

pub(crate) async fn attach_volume(case: &Case) -> Outcome {
    let conductor = ComputeTaskClient::builder(&case.transport)
        .time("response", case.configured("rpc_response_timeout", 60))
        .time("long", case.configured("long_rpc_timeout", 1800))
        .build()?
        .prepare(case.options());
    let (ctxt, instance) = (Context::new(), case.given("instance"));
    let volume = case.given("volume");
    let [device, disk_bus, device_type, tag] =
        ["device", "disk_bus", "device_type", "tag"].map(|name| case.given::<Option<String>>(name));
    let attach = conductor.attach_volume(
        &ctxt,
        &instance,
        &volume,
        device.as_deref(),
        disk_bus.as_deref(),
        device_type.as_deref(),
        tag.as_deref(),
        case.given("supports_multiattach"),
        case.given("delete_on_termination"),
    );
    if case.given("do_cast") {
        attach.cast().await?;
        return Ok(json!(null));
    }
    Ok(json!(attach.await?))
}

/// An instance without a host is not rebuilt, unless the call names a host. Arguments that the computes do not know are
/// refused before that.
#[tokio::test]
async fn a_value_is_refused_before_a_host_is_looked_for() {
    let (transport, sent) = Recorder::transport(json!(null));
    let computes = ComputeClient::new(&transport).prepare(CallOptions::new().version_cap((6, 1)));
    let data = Map::from_iter([("host".to_owned(), json!(null))]);
    let homeless = Instance(Object::new("Instance", "2.8", data));
    let (ctxt, metadata, bdms) = (Context::new(), [].into(), json!([]));
    let rebuild = |state| {
        computes.rebuild_instance(
            &ctxt,
            &homeless,
            "secret",
            &[],
            "new",
            "old",
            &metadata,
            &bdms,
            false,
            None,
            None,
            None,
            false,
            None,
            None,
            None,
            &[],
            false,
            state,
        )
    };
    let refused = Refused::from(rebuild(Some("stopped")).await.unwrap_err());
    assert_eq!(refused, Refused::TargetState((6, 2).into()));
    let error = rebuild(None).await.unwrap_err();
    assert!(error.to_string().ends_with("name one"), "{error}");
    assert_eq!(Refused::from(error), Refused::NoHost);
    assert!(sent.take_all().is_empty());

    rebuild(None).server("compute-2").await.unwrap();
    assert_eq!(sent.take().target.server.as_deref(), Some("compute-2"));
}

/// An operator may name releases. A cap that excludes everything is an error at once.
#[tokio::test]
async fn caps_are_named_like_releases() {
    let (transport, sent) = Recorder::transport(json!(null));
    let capped = |cap| {
        ComputeClient::builder(&transport)
            .version_cap_named(cap)
            .build()
    };
    let data = Map::from_iter([("host".to_owned(), json!("compute-1"))]);
    let (ctxt, instance) = (
        Context::new(),
        Instance(Object::new("Instance", "2.8", data)),
    );
    for (cap, stamp) in [("victoria", "5.0"), ("wallaby", "6.0"), ("gazpacho", "6.0")] {
        let computes = capped(cap).unwrap();
        let stop = computes.stop_instance(&ctxt, &instance, true).cast();
        stop.await.unwrap();
        assert_eq!(sent.take().message["version"], stamp, "{cap}");
    }
    for cap in ["pike", "4.22", "7.0", "auto"] {
        assert!(matches!(capped(cap), Err(Error::Config(_))), "{cap}");
    }
}

/// Objects are converted to dicts as nova does it, and dicts to objects.
#[test]
fn objects_become_dicts_and_dicts_objects() {
    let recorded = recorded();
    let methods = recorded["methods"].as_array().unwrap();
    let mut transforms = 0;
    for transform in methods
        .iter()
        .filter_map(|method| method["transforms"].as_array())
        .flatten()
    {
        let from: Object = serde_json::from_value(transform["from"].clone()).unwrap();
        for (function, to) in transform["to"].as_object().unwrap() {
            let made = match function.as_str() {
                "to_legacy_request_spec_dict" => RequestSpec(from.clone()).legacy().0,
                "to_legacy_filter_properties_dict" => RequestSpec(from.clone()).legacy().1,
                "obj_to_primitive" => json!(Image::from(&from)),
                "to_dict" => json!(Limits::try_from(&from).unwrap()),
                other => panic!("nobody does {other}"),
            };
            assert_eq!(&made, to, "{function}");
            transforms += 1;
        }
        if from.name == "RequestSpec" {
            let spec = RequestSpec(from);
            let (request_spec, filter_properties) = spec.legacy();
            assert_eq!(
                RequestSpec::from_legacy(request_spec, filter_properties),
                spec
            );
        }
    }
    assert_eq!(transforms, 7);
}
