//! Tests the server with a scripted driver, for sequences that a real broker does not reproduce.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod log;
mod script;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rpc_runtime::interface::{Argument, Method, Mode};
use rpc_runtime::server::{BoxFuture, Invocation, Outcome, Scope, UntypedEndpoint};
use rpc_runtime::wire::{MessageId, RawRequest, Reply, ReplyTo};
use rpc_runtime::{
    Context, Endpoint, Error, Interface, RemoteError, RpcClient, Server, Target, Transport,
    Version, args,
};
use rpc_tests::PATIENCE;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

/// An endpoint that returns its argument and reports that it ran. It is written by hand, since it panics before it
/// returns a future, which the macro's endpoints never do.
#[derive(Debug)]
struct Parrot {
    ran: mpsc::UnboundedSender<i128>,
}

const PARROT: Interface = Interface::new(
    "Parrot",
    Version::new(1, 0),
    &[Method::new("say", Mode::Call, Version::new(1, 0))
        .with_arguments(&[Argument::new("n", "i128")])
        .with_returns("i128")],
);

impl Endpoint for Parrot {
    fn scope(&self) -> Scope {
        Scope::of(const { &PARROT })
    }
    fn dispatch<'a>(&'a self, incoming: &'a Invocation<'a>) -> BoxFuture<'a, Outcome> {
        let n = incoming.arguments(["n"]).and_then(|[n]| n.decode::<i128>());
        assert_ne!(n.as_ref().ok(), Some(&UNLUCKY), "an unlucky number");
        Box::pin(async move {
            let n = n?;
            let _ = self.ran.send(n);
            if n == SLOW {
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
            incoming.reply::<_, Error>(Ok(n))
        })
    }
}

struct Play {
    requests: mpsc::Sender<(Bytes, bool)>,
    replies: mpsc::UnboundedReceiver<(ReplyTo, Bytes)>,
    ran: mpsc::UnboundedReceiver<i128>,
    server: Server,
}

impl Play {
    async fn start() -> Self {
        let (tell, ran) = mpsc::unbounded_channel();
        let (transport, requests, replies) = script::transport();
        let server = Server::builder(&transport, "polly")
            .topic("parrots")
            .endpoint(Parrot { ran: tell })
            .start()
            .await
            .unwrap();
        Self {
            requests,
            replies,
            ran,
            server,
        }
    }

    async fn request(&self, body: impl Into<Bytes>) {
        self.requests.send((body.into(), true)).await.unwrap();
    }

    /// The class and the message of the error in the next reply.
    async fn failure(&mut self) -> (String, String) {
        let (_, body) = self.replies.recv().await.unwrap();
        match Reply::decode(&body).unwrap().into_result::<()>() {
            Err(Error::Remote(error)) => (error.class, error.message),
            other => panic!("{other:?}"),
        }
    }

    async fn result(&mut self) -> i128 {
        let (to, body) = self.replies.recv().await.unwrap();
        assert_eq!(to, ReplyTo::new("replies", ID));
        Reply::decode(&body).unwrap().into_result().unwrap()
    }
}

/// The argument for which the endpoint takes five seconds.
const SLOW: i128 = 5;
const UNLUCKY: i128 = 13;

const ID: &str = "0123456789abcdef0123456789abcdef";

/// A call without an envelope, as old peers send it.
fn call(unique_id: &str, args: &str) -> String {
    format!(
        r#"{{"method":"say","args":{args},"_msg_id":"{ID}","_reply_q":"replies","_unique_id":"{unique_id}","new":[1]}}"#
    )
}

#[tokio::test]
async fn a_duplicate_is_dropped() {
    let mut play = Play::start().await;
    play.request(call("u1", r#"{"n":1}"#)).await;
    play.request(call("u1", r#"{"n":1}"#)).await;
    play.request(call("u2", r#"{"n":2}"#)).await;
    let mut results = [play.result().await, play.result().await];
    results.sort_unstable();
    assert_eq!(results, [1, 2]);
    assert!(play.server.stop().await.is_clean());
    assert!(play.replies.recv().await.is_none(), "a third reply");
}

#[tokio::test]
async fn a_request_whose_acknowledgement_is_in_doubt_is_not_run() {
    let mut play = Play::start().await;
    play.requests
        .send((call("u1", r#"{"n":1}"#).into(), false))
        .await
        .unwrap();
    play.request(call("u2", r#"{"n":2}"#)).await;
    assert_eq!(play.result().await, 2);
    play.server.stop().await;
    assert_eq!(play.ran.recv().await, Some(2));
    assert_eq!(play.ran.recv().await, None);
}

#[tokio::test]
async fn bad_messages_fail_their_callers_and_nothing_else() {
    let mut play = Play::start().await;
    let bomb = format!(r#"{{"n":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    for (args, class, text) in [
        (r#"{"n":NaN}"#, "ValueError", "bad argument 'n'"),
        (r#"{"n":-Infinity}"#, "ValueError", "bad argument 'n'"),
        (r#"{"n":"\ud800"}"#, "ValueError", "bad argument 'n'"),
        (bomb.as_str(), "ValueError", "bad argument 'n'"),
        (r#"{"n":1e999}"#, "ValueError", "bad argument 'n'"),
        (
            r#"{"n":1180591620717411303424000000000000000000}"#,
            "ValueError",
            "bad argument 'n'",
        ),
        (
            r"[1]",
            "ValueError",
            "bad arguments: expected a JSON object",
        ),
        (r"7", "ValueError", "bad arguments: expected a JSON object"),
        (r#"{"n":1,}"#, "ValueError", "bad arguments: expected a key"),
        (r"{}", "TypeError", "missing 1 required argument: 'n'"),
        ("null", "TypeError", "missing 1 required argument: 'n'"),
    ] {
        play.request(call(&MessageId::unique().to_string(), args))
            .await;
        let failure = play.failure().await;
        assert_eq!(failure.0, class, "{args:.40}");
        assert!(failure.1.contains(text), "{failure:?}");
    }
    play.request(call("u", r#"{"n":1180591620717411303424}"#))
        .await;
    assert_eq!(play.result().await, 1_180_591_620_717_411_303_424);
}

#[tokio::test]
async fn a_malformed_body_is_dropped_and_its_caller_is_told_if_it_can_be_read() {
    let mut play = Play::start().await;
    let whole = call("u", r#"{"n":1}"#);
    for body in [
        "",
        "null",
        "[]",
        "{",
        "hello",
        r#"{"args":{}}"#,
        r#"{"oslo.version":"3.0","oslo.message":"{}"}"#,
    ] {
        play.request(body).await;
    }
    play.request(b"\xff\xfe".as_slice()).await;
    play.request(whole[..whole.len() / 3].to_owned()).await;
    // The reply address stands before the end of the text, or around the malformed byte.
    play.request(whole.strip_suffix('}').unwrap().to_owned())
        .await;
    assert_eq!(play.failure().await.0, "ValueError");
    let mut not_utf8 = call("v", r#"{"n":"?"}"#).into_bytes();
    let at = not_utf8.iter().position(|byte| *byte == b'?').unwrap();
    not_utf8[at] = 0xff;
    play.request(not_utf8).await;
    let failure = play.failure().await;
    assert!(failure.1.contains("not UTF-8"), "{failure:?}");
    play.request(whole).await;
    assert_eq!(play.result().await, 1);
}

/// A call with a monitor of two seconds.
fn monitored(method: &str, n: i128) -> String {
    let call = call(&MessageId::unique().to_string(), &format!(r#"{{"n":{n}}}"#));
    call.replace("say", method)
        .replacen('{', r#"{"_timeout":2,"#, 1)
}

#[tokio::test(start_paused = true)]
async fn heartbeats_come_while_the_method_runs_and_stop_with_it() {
    let mut play = Play::start().await;
    play.request(monitored("say", SLOW)).await;
    let mut heartbeats = 0;
    loop {
        let (_, body) = play.replies.recv().await.unwrap();
        let reply = Reply::decode(&body).unwrap();
        if reply.is_ending() {
            assert_eq!(reply.into_result::<i128>().unwrap(), SLOW);
            break;
        }
        heartbeats += 1;
    }
    assert!(
        (4..=5).contains(&heartbeats),
        "{heartbeats} in five seconds"
    );
    // Neither a call that has ended nor one that was refused sends heartbeats: nothing comes in a minute.
    play.request(monitored("nosuch", 1)).await;
    assert_eq!(play.failure().await.0, "NoSuchMethod");
    play.request(monitored("say", 1)).await;
    assert_eq!(play.result().await, 1);
    let minute = Duration::from_secs(60);
    assert!(
        tokio::time::timeout(minute, play.replies.recv())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_panic_before_there_is_a_future_is_a_failure_too() {
    let mut play = Play::start().await;
    play.request(call("u1", &format!(r#"{{"n":{UNLUCKY}}}"#)))
        .await;
    let failure = play.failure().await;
    assert!(failure.1.contains("an unlucky number"), "{failure:?}");
    play.request(call("u2", r#"{"n":1}"#)).await;
    assert_eq!(play.result().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_blocks_its_thread_does_not_delay_the_stop() {
    let (unblock, blocked) = std::sync::mpsc::channel::<()>();
    let (tell, mut ran) = mpsc::unbounded_channel();
    let transport = Transport::new("memory://").unwrap();
    let blocking = Blocking {
        blocked: std::sync::Mutex::new(blocked),
        ran: tell,
    };
    let builder = Server::builder(&transport, "s")
        .topic("t")
        .endpoint(blocking);
    let server = builder.start().await.unwrap();
    let client = RpcClient::new(&transport, Target::new("t").version((1, 0)));
    client.cast(&(), "say", args! {}).await.unwrap();
    ran.recv().await.unwrap();
    let stop = tokio::time::timeout(PATIENCE, server.stop_within(Duration::ZERO));
    let report = stop.await.expect("the stop does not wait for the handler");
    assert_eq!(report.cut_off, 1);
    unblock.send(()).unwrap();
}

/// More requests arrive at once than a task may take before the runtime lets others run.
#[tokio::test]
async fn a_stop_counts_all_requests_that_it_cuts_off() {
    const ALL: usize = 1000;
    let play = Play::start().await;
    for number in 0..ALL {
        let slow = format!(r#"{{"n":{SLOW}}}"#);
        play.request(call(&format!("u{number}"), &slow)).await;
    }
    let report = play.server.stop_within(Duration::ZERO).await;
    assert_eq!((report.cut_off, report.finished), (ALL, 0), "{report:?}");
}

/// An endpoint that blocks its thread.
#[derive(Debug)]
struct Blocking {
    blocked: std::sync::Mutex<std::sync::mpsc::Receiver<()>>,
    ran: mpsc::UnboundedSender<()>,
}

impl Endpoint for Blocking {
    fn scope(&self) -> Scope {
        Scope::of(const { &PARROT })
    }
    fn dispatch<'a>(&'a self, _: &'a Invocation<'a>) -> BoxFuture<'a, Outcome> {
        self.ran.send(()).unwrap();
        let _ = self.blocked.lock().unwrap().recv();
        Box::pin(async { Ok(None) })
    }
}

#[tokio::test]
async fn a_server_without_an_endpoint_or_a_name_does_not_start() {
    let transport = Transport::new("memory://").unwrap();
    let ran = mpsc::unbounded_channel().0;
    let parrot = Arc::new(move || Parrot { ran: ran.clone() });
    for (builder, text) in [
        (
            Server::builder(&transport, "s").topic("t"),
            "has no endpoint",
        ),
        (
            Server::builder(&transport, "s")
                .topic("")
                .endpoint(parrot()),
            "a topic and a name",
        ),
        (
            Server::builder(&transport, "")
                .topic("t")
                .endpoint(parrot()),
            "a topic and a name",
        ),
        (
            Server::builder(&transport, "s")
                .topic("t")
                .endpoint(parrot())
                .concurrency(0),
            "at least 1",
        ),
    ] {
        let error = builder.start().await.unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
    }
}

/// An endpoint of an interface, which is never called.
#[derive(Debug)]
struct Of(&'static Interface);

impl Endpoint for Of {
    fn scope(&self) -> Scope {
        Scope::of(self.0)
    }
    fn dispatch<'a>(&'a self, _: &'a Invocation<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async { Ok(None) })
    }
}

static INVENTORY: Interface =
    Interface::new("Inventory", Version::new(1, 0), &[]).with_topic("inventory");
static BILLING: Interface =
    Interface::new("Billing", Version::new(1, 0), &[]).with_topic("billing");
static COMPUTE: Interface = Interface::new("Compute", Version::new(1, 0), &[])
    .with_topic("inventory")
    .with_exchange("nova");
/// An interface without a topic.
static COMMON: Interface = Interface::new("Common", Version::new(1, 0), &[]);

#[tokio::test]
async fn a_server_listens_where_its_endpoints_say() {
    let transport = Transport::new("memory://").unwrap();
    let builder = || Server::builder(&transport, "s");
    for (builder, place) in [
        (builder().endpoint(Of(&INVENTORY)), "openstack/inventory.s"),
        (builder().endpoint(Of(&COMPUTE)), "nova/inventory.s"),
        (
            builder().endpoint(Of(&COMMON)).endpoint(Of(&COMPUTE)),
            "nova/inventory.s",
        ),
        (
            builder().topic("inventory").endpoint(Of(&INVENTORY)),
            "openstack/inventory.s",
        ),
        (
            builder().exchange("cinder").endpoint(Of(&INVENTORY)),
            "cinder/inventory.s",
        ),
        (
            builder()
                .override_topic("other")
                .override_exchange("else")
                .endpoint(Of(&COMPUTE))
                .endpoint(Of(&BILLING)),
            "else/other.s",
        ),
        (builder().topic("t").ping(true), "openstack/t.s"),
    ] {
        let server = builder.start().await.unwrap();
        assert_eq!(server.target().to_string(), place);
        server.stop().await;
    }
}

#[tokio::test]
async fn endpoints_that_disagree_are_an_error_that_names_both() {
    let transport = Transport::new("memory://").unwrap();
    let builder = || Server::builder(&transport, "s");
    for (builder, parts) in [
        (
            builder().endpoint(Of(&INVENTORY)).endpoint(Of(&BILLING)),
            ["`Inventory` has `inventory`", "`Billing` has `billing`"],
        ),
        (
            builder().endpoint(Of(&INVENTORY)).endpoint(Of(&COMPUTE)),
            ["`Inventory` has `openstack`", "`Compute` has `nova`"],
        ),
        (
            builder().topic("other").endpoint(Of(&INVENTORY)),
            ["topic `other`", "`Inventory` names the topic `inventory`"],
        ),
        (
            builder().exchange("cinder").endpoint(Of(&COMPUTE)),
            ["exchange `cinder`", "`Compute` names the exchange `nova`"],
        ),
        (
            builder().endpoint(Of(&COMMON)),
            ["needs a topic", "`topic` of the builder"],
        ),
    ] {
        let error = builder.start().await.unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "{error}");
        }
    }
}

/// A proxy raises the errors of its service. They are logged as errors of the service only.
#[tokio::test]
async fn an_error_that_a_proxy_passes_through_is_not_its_own() {
    let log = log::Log::default();
    let _guard = log.install();
    let transport = Transport::new("memory://").unwrap();
    let raising = |request: RawRequest| async move {
        let raised = RemoteError::new("Boom", request.method);
        Err::<Box<RawValue>, _>(raised)
    };
    let behind = RpcClient::new(&transport, Target::new("behind"));
    let passing = move |request: RawRequest| {
        let behind = behind.clone();
        async move { behind.forward(&request).await }
    };
    let service = Server::builder(&transport, "s")
        .topic("behind")
        .endpoint(UntypedEndpoint::new(raising));
    let proxy = Server::builder(&transport, "p")
        .topic("front")
        .endpoint(UntypedEndpoint::new(passing));
    let _servers = (service.start().await.unwrap(), proxy.start().await.unwrap());
    let client = RpcClient::new(&transport, Target::new("front"));
    let failed = client.call::<()>(&(), "why", args! {}).await.unwrap_err();
    assert_eq!(failed.remote().unwrap().to_string(), "Boom: why");
    let failures = log.lines("a request failed");
    let [service, proxy] = &failures[..] else {
        panic!("{failures:?}");
    };
    assert!(
        service.contains("ERROR") && service.contains("behind"),
        "{service}"
    );
    assert!(
        proxy.contains("DEBUG") && proxy.contains("front"),
        "{proxy}"
    );
}

/// Fails unless exactly one line has this text, and it has all of these names.
#[track_caller]
fn assert_named(log: &log::Log, text: &str, names: &[&str]) {
    let lines = log.lines(text);
    assert_eq!(lines.len(), 1, "{text}: {lines:?}");
    for name in names {
        assert!(lines[0].contains(name), "{name} is not in {}", lines[0]);
    }
}

/// A call with a request id.
fn named_call(method: &str, unique_id: &str) -> String {
    format!(
        r#"{{"method":"{method}","args":{{"n":7}},"_context_request_id":"req-9","_msg_id":"{ID}","_reply_q":"replies","_unique_id":"{unique_id}"}}"#
    )
}

#[tokio::test]
async fn each_line_about_a_request_names_it() {
    let message_id = format!("message_id=\"{ID}\"");
    let names = |method| [method, "request_id=\"req-9\"", message_id.as_str()];
    let log = log::Log::default();
    // Without spans: the fields must be those of the lines themselves.
    let _logged = log.install_without_spans();
    let mut play = Play::start().await;
    play.request(named_call("say", "u1")).await;
    assert_eq!(play.result().await, 7);
    play.request(named_call("say", "u1")).await;
    play.request(named_call("sing", "u2")).await;
    assert_eq!(play.failure().await.0, "NoSuchMethod");
    play.requests
        .send((named_call("say", "u3").into(), false))
        .await
        .unwrap();
    let cut = named_call("say", "u4");
    play.request(cut.strip_suffix('}').unwrap().to_owned())
        .await;
    assert_eq!(play.failure().await.0, "ValueError");
    // The reply cannot be sent.
    play.replies.close();
    play.request(named_call("say", "u5")).await;
    play.server.stop().await;
    let say = "method=\"say\"";
    assert_named(&log, "a duplicate was dropped", &names(say));
    assert_named(&log, "a request was refused", &names("method=\"sing\""));
    assert_named(&log, "a request was not run", &names(say));
    assert_named(&log, "a malformed request was dropped", &[&message_id]);
    let unsent = format!("message_id={ID}");
    assert_named(
        &log,
        "a reply was not sent",
        &[say, "request_id=\"req-9\"", &unsent],
    );
}

#[tokio::test]
async fn lines_of_the_sender_and_of_a_failed_handler_name_the_request() {
    let log = log::Log::default();
    let _logged = log.install_without_spans();
    let transport = Transport::new("memory://").unwrap();
    let client = RpcClient::new(&transport, Target::new("parrots"));
    let ctxt = rpc_runtime::Context::new().with_request_id("req-9");
    let call = client.call::<()>(&ctxt, "squawk", args! {});
    let serve = async {
        let fail =
            |_: RawRequest| async { Err::<Box<RawValue>, _>(RemoteError::new("Hoarse", "")) };
        let server = Server::builder(&transport, "polly")
            .topic("parrots")
            .endpoint(UntypedEndpoint::new(fail));
        // The call waits for its reply.
        tokio::task::yield_now().await;
        server.start().await.unwrap()
    };
    let (failed, server) = tokio::join!(call, serve);
    let failed = failed.unwrap_err();
    assert_eq!(failed.method(), Some("squawk"));
    assert!(
        failed
            .to_string()
            .starts_with("`squawk`: remote error: Hoarse"),
        "{failed}"
    );
    server.stop().await;
    let names = ["method=\"squawk\"", "request_id=\"req-9\"", "message_id=\""];
    assert_named(&log, "nobody serves the target", &names);
    assert_named(&log, "a request failed", &names);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_does_not_end_is_cut_off_a_minute_after_its_transport_was_closed() {
    let transport = Transport::new("memory://").unwrap();
    let forever =
        UntypedEndpoint::new(|_| std::future::pending::<Result<Box<RawValue>, RemoteError>>());
    let server = Server::builder(&transport, "one")
        .topic("t")
        .endpoint(forever)
        .start()
        .await
        .unwrap();
    let running = tokio::spawn(server.run_until(std::future::pending::<()>()));
    let client = RpcClient::new(&transport, Target::new("t"));
    client
        .cast(&Context::new(), "wait", args! {})
        .await
        .unwrap();
    tokio::task::yield_now().await;
    let began = tokio::time::Instant::now();
    transport.close().await;
    let report = running.await.unwrap();
    assert_eq!((report.cut_off, report.finished), (1, 0), "{report:?}");
    assert_eq!(began.elapsed().as_secs(), 60);
}
