//! Calls a live nova, written in Python, through typed interfaces.
//!
//! ```text
//! RPC_TRANSPORT_URL=rabbit://openstack:…@controller:5672/ cargo run --example openstack
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use openstack_api::nova::{BaseApiClient, ConductorClient, Object, RequestSpec, SchedulerClient};
use rpc_runtime::{Context, Error, Result};
use serde_json::json;
use serde_json::value::RawValue;

#[tokio::main]
async fn main() -> Result<()> {
    let transport = rpc_examples::transport()?;
    let ctxt = Context::new()
        .with_request_id("req-11111111-2222-4333-8444-555555555555")
        .with_user("admin")
        .with_project("admin")
        .with("is_admin", true)?;

    // Every nova service serves this interface, under its own topic.
    for topic in ["conductor", "scheduler", "compute"] {
        let hello = RawValue::from_string(r#""hello""#.into()).expect("this is JSON");
        match BaseApiClient::new(&transport, topic)
            .ping(&ctxt, hello)
            .queue_wait(Duration::ZERO)
            .await
        {
            Ok(pong) => println!("{topic}: {} is there", pong.service),
            Err(Error::Undeliverable { .. }) => println!("{topic}: nobody serves it"),
            Err(error) => println!("{topic}: {error}"),
        }
    }

    let versions = BTreeMap::from([("KeyPair".to_owned(), "1.4".to_owned())]);
    let keypair = ConductorClient::new(&transport)
        .object_class_action_versions(
            &ctxt,
            "KeyPair",
            "get_by_name",
            &versions,
            &["admin".into(), "default".into()],
            &BTreeMap::new(),
        )
        .await;
    match keypair {
        Ok(keypair) => println!("{keypair:#}"),
        Err(Error::Remote(error)) => println!("nova says {}: {}", error.class, error.message),
        Err(error) => println!("{error}"),
    }

    // During a rolling upgrade, the cap is the version of the oldest schedulers, here "pike". They know no alternates.
    // So a call that asks for alternates fails before anything is sent. Without them, the call is sent in the form of
    // "pike".
    let scheduler = SchedulerClient::builder(&transport)
        .version_cap_named("pike")
        .build()?;
    let spec = json!({"num_instances": 1, "project_id": "admin"});
    let spec = serde_json::from_value(spec).expect("this is an object");
    let spec = RequestSpec(Object::new("RequestSpec", "1.15", spec));
    for alternates in [true, false] {
        match scheduler
            .select_destinations(&ctxt, &spec, None, false, alternates)
            .await
        {
            Ok(hosts) => println!("{hosts:#}"),
            Err(error) => println!("{error}"),
        }
    }
    transport.close().await;
    Ok(())
}
