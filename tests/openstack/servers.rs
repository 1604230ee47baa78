//! A server of the same traits: a scheduler accepts the messages of clients of each version.

use openstack_api::nova::{RequestSpec, Scheduler, SchedulerClient, SchedulerEndpoint};
use rpc_runtime::{Context, Result, Server, Transport};
use serde_json::{Value, json};

use crate::replay::recorded;

/// Returns the arguments of the call.
struct Echo;

impl Scheduler for Echo {
    async fn select_destinations(
        &self,
        _: &Context,
        spec_obj: &RequestSpec,
        instance_uuids: Option<&[String]>,
        return_objects: bool,
        return_alternates: bool,
    ) -> Result<Value> {
        Ok(json!([
            spec_obj,
            instance_uuids,
            return_objects,
            return_alternates
        ]))
    }
}

#[tokio::test]
async fn a_scheduler_serves_clients_of_each_version() {
    let transport = Transport::new("memory://openstack").unwrap();
    let server = Server::builder(&transport, "controller")
        .endpoint(SchedulerEndpoint::new(Echo))
        .start()
        .await
        .unwrap();
    let scheduler = SchedulerClient::new(&transport);
    let recorded = recorded();
    let transforms = recorded["methods"][0]["transforms"].as_array().unwrap();
    let uuids = ["10000000-0000-4000-8000-000000000001".to_owned()];
    for transform in transforms {
        let spec: RequestSpec = serde_json::from_value(transform["from"].clone()).unwrap();
        for (cap, known) in [
            ((4, 5), true),
            ((4, 4), true),
            ((4, 3), false),
            ((4, 0), false),
        ] {
            let echoed = scheduler
                .select_destinations(&Context::new(), &spec, Some(&uuids), false, false)
                .version_cap(cap)
                .await
                .unwrap();
            let uuids = known.then_some(&uuids);
            assert_eq!(echoed, json!([spec, uuids, false, false]), "{cap:?}");
        }
    }
    server.stop().await;
}
