//! Runs the recorded cases of cinder, ironic, heat and neutron with the typed clients.

use openstack_api::cinder::{SchedulerClient, VolumeServiceClient};
use openstack_api::heat::EngineClient;
use openstack_api::ironic::ConductorClient;
use openstack_api::neutron::{PROCESSING_STEP, Plugin, PluginClient, Report, ReportsClient};
use rpc_runtime::Context;
use serde_json::{Value, json};

use crate::replay::{Case, Outcome};

pub(crate) async fn migrate_volume(case: &Case) -> Outcome {
    let request_spec: Option<Value> = case.given("request_spec");
    let filter_properties: Option<Value> = case.given("filter_properties");
    SchedulerClient::new(&case.transport)
        .prepare(case.options())
        .migrate_volume(
            &Context::new(),
            &case.given("volume"),
            &case.given::<String>("backend"),
            case.given("force_copy"),
            request_spec.as_ref(),
            filter_properties.as_ref(),
        )
        .await?;
    Ok(json!(null))
}

pub(crate) async fn get_backup_device(case: &Case) -> Outcome {
    let volumes = VolumeServiceClient::new(&case.transport).prepare(case.options());
    let (ctxt, backup, volume) = (Context::new(), case.given("backup"), case.given("volume"));
    let device = volumes.get_backup_device(&ctxt, &backup, &volume);
    Ok(json!(device.await?))
}

pub(crate) async fn heartbeat(case: &Case) -> Outcome {
    let text = |name| case.given::<Option<String>>(name);
    ConductorClient::new(&case.transport)
        .prepare(case.options())
        .heartbeat(
            &Context::new(),
            &case.given::<String>("node_id"),
            &case.given::<String>("callback_url"),
            &case.given::<String>("agent_version"),
            text("agent_token").as_deref(),
            text("agent_verify_ca").as_deref(),
            text("agent_status").as_deref(),
            text("agent_status_message").as_deref(),
            text("topic").as_deref(),
        )
        .await?;
    Ok(json!(null))
}

pub(crate) async fn check_software_deployment(case: &Case) -> Outcome {
    let (id, timeout) = (case.given::<String>("deployment_id"), case.given("timeout"));
    let engine = EngineClient::new(&case.transport);
    let ctxt = Context::new();
    let checked = engine.check_software_deployment(&ctxt, &id, timeout);
    Ok(json!(checked.await?))
}

pub(crate) async fn delete_stack(case: &Case) -> Outcome {
    let (ctxt, stack) = (Context::new(), case.given("stack_identity"));
    let engine = EngineClient::new(&case.transport);
    let delete = engine.delete_stack(&ctxt, &stack);
    if case.given("cast") {
        delete.cast().await?;
        return Ok(json!(null));
    }
    Ok(json!(delete.await?))
}

pub(crate) async fn update_device_list(case: &Case) -> Outcome {
    let step = case.conf("rpc_resources_processing_step");
    let step = step.map_or(PROCESSING_STEP, |step| usize::try_from(step).unwrap());
    let (up, down): (Vec<_>, Vec<_>) = (case.given("devices_up"), case.given("devices_down"));
    let (agent_id, host): (String, String) = (case.given("agent_id"), case.given("host"));
    let tunnels = case.given("refresh_tunnels");
    let devices = PluginClient::new(&case.transport)
        .update_device_list(&Context::new(), &up, &down, &agent_id, &host, tunnels, step)
        .await?;
    Ok(json!(devices))
}

/// The recording uses this name and this time of the report.
pub(crate) async fn report_state(case: &Case) -> Outcome {
    let uuid = "40000000-0000-4000-8000-000000000001";
    let report = Report::new(case.given("agent_state"), uuid);
    let (ctxt, reports) = (Context::new(), ReportsClient::new(&case.transport));
    let reported = reports.report_state(&ctxt, &report, "2026-01-02T03:04:05.678901");
    if case.given("use_call") {
        return Ok(json!(reported.await?));
    }
    reported.cast().await?;
    Ok(json!(null))
}
