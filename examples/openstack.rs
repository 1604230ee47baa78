//! Calls a live nova, written in Python, through typed interfaces.
//!
//! ```text
//! RPC_TRANSPORT_URL=rabbit://openstack:…@controller:5672/ cargo run --example openstack
//! ```

use std::collections::BTreeMap;

use openstack_api::nova::{
    BaseApiClient, ComputeClient, ConductorClient, Instance, Object, RebuildError,
};
use rpc_runtime::{Context, Error, Result};
use serde_json::value::RawValue;

#[tokio::main]
async fn main() -> Result<()> {
    let transport = rpc_examples::transport()?;
    let ctxt = Context::new()
        .with_request_id("req-11111111-2222-4333-8444-555555555555")
        .with_user("admin")
        .with_project("admin")
        .with("is_admin", true)?;

    // Every nova service answers this interface, under its own topic.
    for topic in ["conductor", "scheduler", "compute"] {
        let hello = RawValue::from_string(r#""hello""#.into()).expect("this is JSON");
        match BaseApiClient::new(&transport, topic)
            .ping(&ctxt, hello)
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

    // In a roll-out, capped at what the oldest computes take: one of "zed" cannot leave the instance in a
    // state of the caller's choice, which is said here, before anything is sent.
    let computes = ComputeClient::builder(&transport)
        .version_cap_named("zed")
        .build()?;
    let data = [
        (
            "uuid".to_owned(),
            "10000000-0000-4000-8000-000000000001".into(),
        ),
        ("host".to_owned(), "compute-1".into()),
    ];
    let instance = Instance(Object::new("Instance", "2.8", data.into_iter().collect()));
    let (metadata, devices) = (BTreeMap::new(), [].into());
    let rebuilt = computes.rebuild_instance(
        &ctxt,
        &instance,
        "secret",
        &[],
        "new-image",
        "old-image",
        &metadata,
        &devices,
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
        Some("stopped"),
    );
    match rebuilt.await {
        Err(RebuildError::TargetState(version)) => {
            println!("not while there are computes below {version}");
        }
        Err(error) => println!("{error}"),
        Ok(()) => println!("compute-1 rebuilds the instance"),
    }
    transport.close().await;
    Ok(())
}
