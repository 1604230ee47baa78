//! Metrics: the recorded names and labels are those of the guide's table.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod script;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use metrics_util::MetricKind;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use rpc_faults::proxy::{End, Proxy};
use rpc_runtime::server::UntypedEndpoint;
use rpc_runtime::wire::{MessageId, RawRequest, RequestEncoder};
use rpc_runtime::{
    CallOptions, Context, Error, RemoteError, Result, RpcClient, Server, Target, Transport,
    TransportUrl, args, rpc_client,
};
use rpc_tests::{PATIENCE, broker_url, unique_topic};
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::Notify;

#[rpc_client(version = "1.0", namespace = "stock")]
trait Stock {
    async fn size(&self, ctxt: &Context, host: &str) -> Result<u32>;
    /// Ends when the test releases it.
    async fn wait(&self, ctxt: &Context) -> Result<()>;
    #[rpc(cast)]
    async fn note(&self, ctxt: &Context) -> Result<()>;
}

#[derive(Debug, Default)]
struct Shelves {
    running: Notify,
    released: Notify,
}

impl Stock for Shelves {
    async fn size(&self, _: &Context, host: &str) -> Result<u32> {
        match host {
            "nowhere" => Err(RemoteError::new("HostNotFound", host).into()),
            host => Ok(u32::try_from(host.len()).unwrap_or(u32::MAX)),
        }
    }

    async fn wait(&self, _: &Context) -> Result<()> {
        self.running.notify_one();
        self.released.notified().await;
        Ok(())
    }

    async fn note(&self, _: &Context) -> Result<()> {
        Ok(())
    }
}

/// One instrument: its name, its kind, and its labels with their values.
type Series = (String, &'static str, BTreeMap<String, String>);

/// The recorded values. Taking them removes them from the recorder.
struct Recorded(BTreeMap<Series, i64>);

impl Recorded {
    fn take(recorder: &Snapshotter) -> Self {
        let series = recorder.snapshot().into_vec().into_iter();
        let series = series.map(|(key, _, description, value)| {
            let (kind, key) = (key.kind(), key.key());
            assert!(description.is_some(), "{} is not described", key.name());
            let kind = match kind {
                MetricKind::Counter => "counter",
                MetricKind::Gauge => "gauge",
                MetricKind::Histogram => "histogram",
            };
            let labels = key.labels();
            let labels = labels.map(|label| (label.key().to_owned(), label.value().to_owned()));
            #[expect(clippy::cast_possible_truncation, reason = "gauges count, too")]
            let value = match value {
                DebugValue::Counter(count) => count.try_into().unwrap(),
                DebugValue::Gauge(value) => value.into_inner() as i64,
                // The number of measurements.
                DebugValue::Histogram(values) => values.len().try_into().unwrap(),
            };
            ((key.name().to_owned(), kind, labels.collect()), value)
        });
        Self(series.collect())
    }

    /// The sum of all series with this name and these labels.
    fn sum(&self, name: &str, labels: &[(&str, &str)]) -> i64 {
        let has = |series: &BTreeMap<String, String>| {
            let mut labels = labels.iter();
            labels.all(|(key, value)| series.get(*key).is_some_and(|own| own == value))
        };
        let found = self
            .0
            .iter()
            .filter(|((own, _, labels), _)| own == name && has(labels));
        found.map(|(_, value)| value).sum()
    }

    fn values(&self, label: &str) -> BTreeSet<&str> {
        let labels = self.0.keys().filter_map(|(_, _, labels)| labels.get(label));
        labels.map(String::as_str).collect()
    }

    /// Each name, with its kind and the keys of its labels.
    fn rows(&self) -> BTreeSet<Row> {
        let rows = self.0.keys().map(|(name, kind, labels)| {
            let labels = labels.keys().cloned().collect();
            (name.clone(), (*kind).to_owned(), labels)
        });
        rows.collect()
    }
}

type Row = (String, String, BTreeSet<String>);

/// The guide's table.
fn table() -> BTreeSet<Row> {
    let page = include_str!("../rpc-runtime/src/guide/metrics.md");
    let code = |cell: &str| -> Vec<String> {
        let pieces = cell.split('`').skip(1).step_by(2);
        pieces.map(str::to_owned).collect()
    };
    let rows = page.lines().filter(|line| line.starts_with("| `rpc_"));
    let rows = rows.map(|line| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let labels = code(cells[3]).into_iter().collect();
        (code(cells[1])[0].clone(), cells[2].to_owned(), labels)
    });
    rows.collect()
}

/// A server of `topic` with a trait, and with an endpoint for all other methods.
async fn serve(transport: &Transport, topic: &str, shelves: &Arc<Shelves>) -> Server {
    let others = UntypedEndpoint::new(|request: RawRequest| async move {
        match request.method.strip_prefix("raise_") {
            Some(class) => Err(RemoteError::new(class, "as asked")),
            None => Ok::<Box<RawValue>, _>(to_raw_value(&request.method).unwrap()),
        }
    });
    Server::builder(transport, "one")
        .topic(topic)
        .endpoint(StockEndpoint::new(shelves.clone()))
        .endpoint(others)
        .concurrency(2)
        .start()
        .await
        .unwrap()
}

/// The bytes of one request, which can be sent twice.
fn request(method: &str) -> Bytes {
    let body = RequestEncoder::new(method);
    let body = body
        .finish(Some("stock"), Some((1, 0).into()), &())
        .unwrap();
    body.call(MessageId::unique(), "replies", None)
}

/// The parts run one after the other, since the limit of classes of errors is shared by the whole process. The time is
/// paused, so that a call does not time out before it runs.
#[tokio::test(start_paused = true)]
async fn the_recorded_metrics_are_those_of_the_table_and_peers_make_no_labels() {
    what_is_recorded_is_what_the_table_says().await;
    no_peer_can_make_more_labels().await;
}

/// Produces each outcome of a client and of a server once.
async fn meet_with_everything(topic: &str) {
    let transport = Transport::new("memory://").unwrap();
    let ctxt = Context::new();
    let client = StockClient::new(&transport, topic);
    let at_once = client.prepare(CallOptions::new().queue_wait(Duration::ZERO));
    let unserved = at_once.note(&ctxt).await.unwrap_err();
    assert!(
        matches!(unserved, Error::Undeliverable { .. }),
        "{unserved}"
    );
    let shelves = Arc::new(Shelves::default());
    let server = serve(&transport, topic, &shelves).await;
    assert_eq!(client.size(&ctxt, "db-1").await.unwrap(), 4);
    client.size(&ctxt, "nowhere").await.unwrap_err();
    client.note(&ctxt).await.unwrap();
    let name: String = client.rpc().call(&ctxt, "made_up", args! {}).await.unwrap();
    assert_eq!(name, "made_up");
    // The reply comes too late.
    let short = Duration::from_millis(50);
    let late = client.wait(&ctxt).timeout(short).await.unwrap_err();
    assert!(late.is_timeout(), "{late}");
    shelves.released.notify_one();
    // One call is dropped by its caller, and one is cut off by the stop.
    let dropped = tokio::spawn(client.wait(&ctxt).detached());
    shelves.running.notified().await;
    shelves.running.notified().await;
    dropped.abort();
    dropped.await.unwrap_err();
    assert_eq!(server.stop_within(Duration::ZERO).await.cut_off, 1);

    let (scripted, requests, _replies) = script::transport();
    let server = Server::builder(&scripted, "two")
        .topic(topic)
        .endpoint(StockEndpoint::new(Arc::new(Shelves::default())))
        .max_request_size(1000)
        .start()
        .await
        .unwrap();
    let twice = request("note");
    let large = Bytes::from(vec![b' '; 1001]);
    for (body, taken) in [
        (twice.clone(), true),
        (twice, true),
        (Bytes::from_static(b"?"), true),
        (large, true),
        (request("note"), false),
    ] {
        requests.send((body, taken)).await.unwrap();
    }
    server.stop().await;
}

async fn what_is_recorded_is_what_the_table_says() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    // Everything runs on this thread.
    let _recording = metrics::set_default_local_recorder(&recorder);
    let topic = "stock";
    meet_with_everything(topic).await;

    let recorded = Recorded::take(&snapshotter);
    let rows = recorded.rows();
    let table = table();
    let unknown: Vec<_> = rows.difference(&table).collect();
    assert!(
        unknown.is_empty(),
        "recorded, and not in the table: {unknown:?}"
    );
    let missing = table.difference(&rows);
    // Metrics of connections are missing, since there are none here. The test below has them.
    let missing: Vec<_> = missing
        .filter(|(_, _, labels)| !labels.contains("role"))
        .collect();
    assert!(
        missing.is_empty(),
        "in the table, and not recorded: {missing:?}"
    );

    let client_side = |method, outcome| {
        let labels = [("method", method), ("outcome", outcome), ("topic", topic)];
        recorded.sum("rpc_client_finished_total", &labels)
    };
    let server_side = |method, outcome| {
        let labels = [
            ("method", method),
            ("outcome", outcome),
            ("namespace", "stock"),
        ];
        recorded.sum("rpc_server_finished_total", &labels)
    };
    assert_eq!(client_side("size", "ok"), 1);
    assert_eq!(server_side("size", "ok"), 1);
    assert_eq!(client_side("size", "HostNotFound"), 1);
    assert_eq!(server_side("size", "HostNotFound"), 1);
    assert_eq!(client_side("note", "MessageUndeliverable"), 1);
    assert_eq!(client_side("wait", "MessagingTimeout"), 1);
    assert_eq!(client_side("wait", "cancelled"), 1);
    assert_eq!(
        (server_side("wait", "ok"), server_side("wait", "cancelled")),
        (1, 1)
    );
    assert_eq!(client_side("other", "ok"), 1);
    for side in ["client", "server"] {
        let of = |what: &str| recorded.sum(&format!("rpc_{side}_{what}"), &[]);
        let started = of("started_total");
        assert_eq!(
            (of("finished_total"), of("seconds")),
            (started, started),
            "{side}"
        );
        assert_eq!(of("in_flight"), 0, "{side}");
        let received = recorded.sum("rpc_received_bytes_total", &[("side", side)]);
        assert!(received > 0, "{side}");
    }
    for reason in ["duplicate", "malformed", "too_large", "not_run"] {
        let labels = [("reason", reason), ("topic", topic)];
        assert_eq!(
            recorded.sum("rpc_server_requests_dropped_total", &labels),
            1,
            "{reason}"
        );
    }
    assert_eq!(
        recorded.sum("rpc_replies_dropped_total", &[("reason", "late")]),
        1
    );
    assert_eq!(
        recorded.sum("rpc_publish_failures_total", &[("reason", "returned")]),
        1
    );
}

async fn no_peer_can_make_more_labels() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let transport = Transport::new("memory://").unwrap();
    let server = serve(&transport, "stock", &Arc::default()).await;
    let ctxt = Context::new();
    for number in 0..200 {
        let namespace = format!("namespace_{number}");
        let target = Target::new("stock").namespace(namespace);
        let client = RpcClient::new(&transport, target);
        let name = format!("raise_Class{number}");
        let raised = client.call::<()>(&ctxt, &name, args! {}).await;
        assert!(raised.is_err());
    }
    server.stop().await;
    let recorded = Recorded::take(&snapshotter);
    assert_eq!(recorded.values("method"), ["other"].into());
    assert_eq!(recorded.values("namespace"), [""].into());
    let outcomes = recorded.values("outcome");
    assert!(
        outcomes.len() <= 66 && outcomes.contains("other"),
        "{outcomes:?}"
    );
    assert_eq!(recorded.sum("rpc_client_finished_total", &[]), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn connections_reconnects_and_returns_are_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    // A global recorder, since a connection has a thread of its own. The other tests have local recorders.
    recorder.install().unwrap();
    let url: TransportUrl = broker_url().parse().unwrap();
    let host = &url.hosts()[0];
    let broker = format!("{}:{}", host.name, host.port.unwrap());
    let proxy = Proxy::start(broker.parse().unwrap()).await.unwrap();
    let url = broker_url().replace(&broker, &proxy.address().to_string());
    let transport = Transport::new(&url).unwrap();
    let topic = unique_topic("metrics");
    let client = StockClient::new(&transport, &topic);
    let ctxt = Context::new();
    let at_once = client.prepare(CallOptions::new().queue_wait(Duration::ZERO));
    let unserved = at_once.note(&ctxt).await.unwrap_err();
    assert!(
        matches!(unserved, Error::Undeliverable { .. }),
        "{unserved}"
    );
    let server = serve(&transport, &topic, &Arc::default()).await;
    assert_eq!(client.size(&ctxt, "db-1").await.unwrap(), 4);

    let connected = transport.state();
    assert!(connected.is_connected(), "{connected:?}");
    proxy.end(End::Reset);
    let again = async {
        let mut state = transport.state_changed(&connected).await;
        while !state.is_connected() {
            state = transport.state_changed(&state).await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.unwrap();
    assert_eq!(client.size(&ctxt, "db-2").await.unwrap(), 4);
    server.stop().await;
    transport.close().await;
    // No connection can be made to a port without a listener.
    let nowhere = Transport::new("rabbit://user:word@127.0.0.1:1/").unwrap();
    let client = RpcClient::new(&nowhere, Target::new(&topic));
    let once = client.prepare(CallOptions::new().retry(0));
    let given_up = once.cast(&ctxt, "note", args! {}).await.unwrap_err();
    assert!(matches!(given_up, Error::Delivery { .. }), "{given_up}");
    nowhere.close().await;

    let recorded = Recorded::take(&snapshotter);
    let unknown = recorded.rows();
    let unknown: Vec<_> = unknown.difference(&table()).cloned().collect();
    assert!(
        unknown.is_empty(),
        "recorded, and not in the table: {unknown:?}"
    );
    for role in ["publish", "consume"] {
        let of = |name: &str| recorded.sum(name, &[("role", role)]);
        let (made, lost) = (
            of("rpc_connections_made_total"),
            of("rpc_connections_lost_total"),
        );
        assert!(
            lost >= 1 && made == lost + 1,
            "{role}: {made} made, {lost} lost"
        );
        assert_eq!(of("rpc_reconnects_total"), lost, "{role}");
    }
    assert!(recorded.sum("rpc_connection_failures_total", &[]) >= 1);
    let failures = |reason| recorded.sum("rpc_publish_failures_total", &[("reason", reason)]);
    assert!(failures("returned") >= 1 && failures("given_up") >= 1);
    assert_eq!(
        recorded.sum("rpc_server_permit_seconds", &[("topic", &topic)]),
        2
    );
}
