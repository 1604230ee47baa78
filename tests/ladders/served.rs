//! A server reads the messages of each older client.

use super::*;

/// Returns the arguments that it got.
#[derive(Debug)]
struct Echo;

impl Disks for Echo {
    async fn create(
        &self,
        _: &Context,
        name: &str,
        copies: u32,
        hint: Option<&str>,
        spec: &Spec,
        bus: Option<&str>,
        owner: MaybeAbsent<Option<String>>,
    ) -> Result<Vec<Value>> {
        let owner = match owner {
            MaybeAbsent::Absent => json!("absent"),
            MaybeAbsent::Given(owner) => json!({"given": owner}),
        };
        Ok(vec![
            json!(name),
            json!(copies),
            json!(hint),
            json!(spec),
            json!(bus),
            owner,
        ])
    }

    async fn resize(
        &self,
        _: &Context,
        disk: &str,
        size: u32,
        tags: &[String],
        label: &str,
    ) -> Result<Vec<Value>> {
        Ok(vec![json!(disk), json!(size), json!(tags), json!(label)])
    }

    async fn check(
        &self,
        _: &Context,
        host: Option<&str>,
        _: Option<u32>,
    ) -> Result<Option<String>> {
        Ok(host.map(str::to_owned))
    }

    async fn scan(&self, _: &Context, pool: Option<&str>) -> Result<String> {
        Ok(format!("{pool:?}"))
    }

    async fn forget(&self, _: &Context, _: &str, _: u32, _: bool) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_server_accepts_messages_of_each_older_client() {
    let transport = Transport::new("memory://ladders").unwrap();
    let server = Server::builder(&transport, "h1")
        .endpoint(DisksEndpoint::new(Echo))
        .start()
        .await
        .unwrap();
    let disks = DisksClient::new(&transport);
    let ctxt = Context::new();
    let spec = json!({"size": 8, "kind": "ssd"});
    for (cap, hint, bus) in [
        ((2, 4), json!("h"), json!(null)),
        ((2, 3), json!("h"), json!(null)),
        ((2, 2), json!("h"), json!(null)),
        ((2, 1), json!(null), json!("scsi")),
        ((2, 0), json!(null), json!("scsi")),
    ] {
        let owner = MaybeAbsent::Given(None);
        let got = disks
            .create(&ctxt, "d", 3, Some("h"), &disk(), Some("scsi"), owner)
            .version_cap(cap)
            .await
            .unwrap();
        let expected = vec![
            json!("d"),
            json!(3),
            hint,
            spec.clone(),
            bus,
            json!({"given": null}),
        ];
        assert_eq!(got, expected, "{cap:?}");
    }
    let absent = disks
        .create(&ctxt, "d", 4, None, &disk(), None, MaybeAbsent::Absent)
        .await
        .unwrap();
    assert_eq!((&absent[1], &absent[5]), (&json!(4), &json!("absent")));
    // A newer argument with an older stamp is kept.
    let early = rpc_runtime::args! { name: "d", spec: spec };
    let got: Vec<Value> = disks.rpc().call(&ctxt, "create", early).await.unwrap();
    assert_eq!(got[3], spec);
    for cap in [(2, 4), (2, 3), (2, 2), (2, 1)] {
        let got = disks
            .resize(&ctxt, "d", 2, &[], "")
            .version_cap(cap)
            .await
            .unwrap();
        assert_eq!(got, [json!("d"), json!(2), json!([]), json!("")], "{cap:?}");
    }
    // On the server, an argument that only routes has the server's own name or topic, or its default.
    assert_eq!(
        disks.check(&ctxt, None, None).await.unwrap().as_deref(),
        Some("h1")
    );
    assert_eq!(
        disks
            .scan(&ctxt, Some("h1"))
            .version_cap((2, 0))
            .await
            .unwrap(),
        "None"
    );

    let newer = disks.rpc().prepare(CallOptions::new().version((2, 6)));
    let error = newer
        .call::<Value>(&ctxt, "scan", rpc_runtime::args! {})
        .await
        .unwrap_err();
    assert_eq!(error.remote().unwrap().class, "UnsupportedVersion");
    let both = rpc_runtime::args! { disk: "d", volume: "d", size: 2 };
    let error = disks
        .rpc()
        .call::<Value>(&ctxt, "resize", both)
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("multiple values for argument 'disk'"),
        "{error}"
    );
    server.stop().await;
}

#[test]
fn the_interface_shows_all_of_it() {
    let interface = DisksClient::INTERFACE;
    assert_eq!(interface.version(), (2, 5).into());
    assert_eq!(interface.aliases()[0], ("ash", Version::new(2, 1)));
    let create = interface.method("create").unwrap();
    let versions: Vec<_> = create
        .versions()
        .map(|version| version.to_string())
        .collect();
    assert_eq!(versions, ["2.4", "2.3", "2.2", "2.1", "2.0"]);
    let copies = &create.arguments()[1];
    assert_eq!(
        (copies.since(), copies.default()),
        (Some((2, 1).into()), Some("3"))
    );
    let resize = interface.method("resize").unwrap();
    assert_eq!(resize.name_in((2, 2).into()), "grow");
    assert_eq!(
        interface.method("scan").unwrap().route(),
        Some("by_pool(pool)")
    );
}
