//! `#[derive(IntoRemoteError)]`: each kind of variant on the wire, and which errors are read as it.

use std::fmt;

use rpc_runtime::{Context, Error, IntoRemoteError, RemoteError, Result, Transport, rpc_client};
use serde_json::{Value, json};

#[derive(Debug, IntoRemoteError)]
#[rpc(module = "stock.exceptions")]
enum StockError {
    #[rpc(message = "flavor {id} not found")]
    FlavorNotFound { id: u32, hint: Option<String> },
    #[rpc(class = "RackFullError", message = "rack {0} is full ({1:?}), {{0}}")]
    RackFull(u32, String),
    #[rpc(module = "builtins", class = "ValueError")]
    Value {
        #[rpc(message)]
        text: String,
        #[rpc(arg = 1)]
        code: i64,
        #[rpc(arg = 0)]
        what: String,
    },
    #[rpc(message = "{host} not found")]
    HostNotFound {
        #[rpc(arg = 2)]
        host: String,
    },
    #[rpc(message = "closed")]
    Closed,
    Shown {
        #[rpc(name = "type")]
        kind: String,
    },
    #[rpc(refused)]
    TooOld(Error),
    #[rpc(refused = "copies")]
    TooOldForCopies(Error),
    #[rpc(other)]
    Other(Error),
}

impl fmt::Display for StockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shown { kind } => write!(f, "shown as {kind}"),
            other => write!(f, "{other:?}"),
        }
    }
}

fn round_trip(error: StockError, wire: (&str, &str, &str, Value, Value)) -> StockError {
    let raised = error.into_remote_error();
    let (module, class, message, args, kwargs) = wire;
    assert!(raised.is(module, class), "{raised}");
    assert_eq!(raised.message, message);
    assert_eq!(Value::from(raised.args.clone()), args);
    assert_eq!(Value::from(raised.kwargs.clone()), kwargs);
    Error::from(raised).into()
}

const MODULE: &str = "stock.exceptions";

#[test]
fn named_fields_are_keyword_arguments() {
    let error = StockError::FlavorNotFound { id: 7, hint: None };
    let args = json!(["flavor 7 not found"]);
    let kwargs = json!({ "id": 7, "hint": null });
    let wire = (MODULE, "FlavorNotFound", "flavor 7 not found", args, kwargs);
    match round_trip(error, wire) {
        StockError::FlavorNotFound { id: 7, hint: None } => {}
        other => panic!("{other:?}"),
    }
    // As a Python service raises it, without a hint.
    let raised = RemoteError::new("FlavorNotFound", "x")
        .module(MODULE)
        .kwarg("id", 8);
    match StockError::from(Error::from(raised)) {
        StockError::FlavorNotFound { id: 8, hint: None } => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn unnamed_fields_are_positional_arguments() {
    let error = StockError::RackFull(3, "cold".into());
    let text = "rack 3 is full (\"cold\"), {0}";
    let wire = (MODULE, "RackFullError", text, json!([3, "cold"]), json!({}));
    match round_trip(error, wire) {
        StockError::RackFull(3, temperature) => assert_eq!(temperature, "cold"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn attributes_name_the_places_of_fields() {
    let error = StockError::Value {
        text: "bad".into(),
        code: -1,
        what: "size".into(),
    };
    let wire = (
        "builtins",
        "ValueError",
        "bad",
        json!(["size", -1]),
        json!({}),
    );
    match round_trip(error, wire) {
        StockError::Value {
            text,
            code: -1,
            what,
        } => assert_eq!((&*text, &*what), ("bad", "size")),
        other => panic!("{other:?}"),
    }
    // Before the only field is the message, as in Python's exceptions.
    let error = StockError::HostNotFound {
        host: "db-1".into(),
    };
    let text = "db-1 not found";
    let wire = (
        MODULE,
        "HostNotFound",
        text,
        json!([text, null, "db-1"]),
        json!({}),
    );
    match round_trip(error, wire) {
        StockError::HostNotFound { host } => assert_eq!(host, "db-1"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_message_is_the_variants_or_the_display() {
    let wire = (MODULE, "Closed", "closed", json!(["closed"]), json!({}));
    assert!(matches!(
        round_trip(StockError::Closed, wire),
        StockError::Closed
    ));
    let error = StockError::Shown { kind: "k".into() };
    let wire = (
        MODULE,
        "Shown",
        "shown as k",
        json!(["shown as k"]),
        json!({ "type": "k" }),
    );
    assert!(matches!(round_trip(error, wire), StockError::Shown { kind } if kind == "k"));
}

#[test]
fn everything_else_goes_to_other_and_passes_through_unchanged() {
    let unreadable = RemoteError::new("FlavorNotFound", "x")
        .module(MODULE)
        .kwarg("id", "seven");
    for raised in [
        RemoteError::new("Elsewhere", "x").module(MODULE),
        RemoteError::new("Closed", "x").module("another.module"),
        unreadable,
    ] {
        match StockError::from(Error::from(raised.clone())) {
            StockError::Other(error) => {
                assert_eq!(error.remote(), Some(&raised));
                assert_eq!(StockError::Other(error).into_remote_error(), raised);
            }
            other => panic!("{other:?}"),
        }
    }
    let timeout = StockError::from(Error::new_closed());
    assert!(matches!(timeout, StockError::Other(Error::Closed { .. })));
    let raised = timeout.into_remote_error();
    assert!(
        raised.is("oslo_messaging.exceptions", "MessagingException"),
        "{raised}"
    );
    let json = serde_json::to_value(&raised).unwrap();
    assert_eq!(
        json.get("expected"),
        None,
        "what is expected is nobody else's business"
    );
}

#[rpc_client(topic = "stock", version = "1.0")]
trait Stock {
    #[rpc(version = "1.1")]
    async fn store(
        &self,
        ctxt: &Context,
        #[rpc(since = "1.2", default = 1)] copies: u32,
        #[rpc(since = "1.2")] label: Option<&str>,
    ) -> Result<(), StockError>;
}

#[tokio::test]
async fn refusals_are_variants_of_their_own() {
    let transport = Transport::new("memory://").unwrap();
    let stock = StockClient::builder(&transport)
        .version_cap((1, 1))
        .build()
        .unwrap();
    let ctxt = Context::new();
    let copies = stock.store(&ctxt, 2, None).await;
    assert!(matches!(
        copies,
        Err(StockError::TooOldForCopies(Error::VersionCap { .. }))
    ));
    let label = stock.store(&ctxt, 1, Some("x")).await;
    let Err(StockError::TooOld(error)) = label else {
        panic!("{label:?}");
    };
    assert!(error.to_string().contains("`label`"), "{error}");
    let raised = StockError::TooOld(error).into_remote_error();
    assert!(
        raised.is("oslo_messaging.rpc.client", "RPCVersionCapError"),
        "{raised}"
    );
    let method = stock.store(&ctxt, 1, None).version_cap((1, 0)).await;
    assert!(matches!(method, Err(StockError::TooOld(_))));
}
