//! Defaults may be any expressions, functions may have any path, and any type may be borrowed.
#![expect(
    clippy::too_many_arguments,
    clippy::unnecessary_wraps,
    reason = "one method shows all"
)]

use std::borrow::Cow;

use rpc_runtime::{Context, MaybeAbsent, Result, Route, Server, Transport, Version, rpc_client};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    name: String,
    sizes: Vec<u32>,
}

impl Spec {
    const EMPTY: Self = Self {
        name: String::new(),
        sizes: Vec::new(),
    };

    fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::EMPTY
        }
    }

    fn legacy(&self) -> &str {
        &self.name
    }

    fn modern(name: String) -> Self {
        Self {
            name,
            sizes: vec![1],
        }
    }

    fn route(cap: Option<Version>, all: &[String], one: Option<&Self>, spec: &Self) -> Route {
        if cap.is_none() && all.is_empty() && one.is_none() {
            Route::new().server(spec.legacy())
        } else {
            Route::new()
        }
    }
}

mod limits {
    pub const COPIES: u32 = 3;

    pub fn most() -> Option<u32> {
        Some(COPIES + 4)
    }
}

fn upper(text: Cow<'_, str>) -> String {
    text.into_owned().to_uppercase()
}

fn lower(mut text: String) -> MaybeAbsent<Cow<'static, str>> {
    text.make_ascii_lowercase();
    MaybeAbsent::Given(Cow::Owned(text))
}

fn or_empty(name: Option<&str>) -> String {
    name.unwrap_or_default().to_owned()
}

fn not_empty(name: String) -> Option<String> {
    Some(name).filter(|name| !name.is_empty())
}

#[rpc_client(topic = "values", version = "1.0")]
pub trait Values {
    async fn defaults<'a>(
        &'a self,
        ctxt: &'a Context,
        #[rpc(since = "1.1", default = limits::COPIES * 2)] copies: u32,
        #[rpc(since = "1.1", default = limits::most())] most: Option<u32>,
        #[rpc(since = "1.1", default = &Spec::EMPTY)] constant: &'a Spec,
        #[rpc(since = "1.1", default = &Spec::named("x"))] made: &'a Spec,
        #[rpc(since = "1.1", default)] own: &Spec,
        #[rpc(since = "1.1", default)] owned: Spec,
        #[rpc(since = "1.1", default = Some("y"))] text: Option<&'a str>,
        #[rpc(since = "1.1", default = Some(&Spec::EMPTY))] spec: Option<&'a Spec>,
        #[rpc(since = "1.1", default = Cow::Borrowed("z"))] cow: Cow<'a, str>,
        #[rpc(since = "1.1", default = if cfg!(unix) { &[1, 2] } else { &[2, 1] })] all: &'a [u8],
    ) -> Result<String>;

    async fn forms(
        &self,
        ctxt: &Context,
        #[rpc(since = "1.2", below = with(Spec::legacy), from = Spec::modern)] spec: &Spec,
        #[rpc(since = "1.2", below = with(upper), from = lower)] maybe: MaybeAbsent<Cow<'_, str>>,
        #[rpc(since = "1.2", below = with(self::or_empty, "title"), from = self::not_empty)]
        name: Option<&str>,
        #[rpc(since = "1.2")] new: MaybeAbsent<u8>,
        #[rpc(until = "1.2")] old: MaybeAbsent<Vec<u8>>,
    ) -> Result<String>;

    #[rpc(cast, route = Spec::route(all, one, other))]
    async fn routed(
        &self,
        ctxt: &Context,
        spec: Spec,
        all: &[String],
        #[rpc(route)] one: Option<&Spec>,
        #[rpc(route, default = &Spec::named("server"))] other: &Spec,
    ) -> Result<()>;
}

struct Shown {
    /// The names with which `routed` ran.
    routed: mpsc::UnboundedSender<String>,
}

impl Values for Shown {
    async fn defaults<'a>(
        &'a self,
        _: &'a Context,
        copies: u32,
        most: Option<u32>,
        constant: &'a Spec,
        made: &'a Spec,
        own: &Spec,
        owned: Spec,
        text: Option<&'a str>,
        spec: Option<&'a Spec>,
        cow: Cow<'a, str>,
        all: &'a [u8],
    ) -> Result<String> {
        assert_eq!(
            (constant, own, &owned),
            (&Spec::EMPTY, &Spec::EMPTY, &Spec::EMPTY)
        );
        assert_eq!((spec, made.legacy()), (Some(&Spec::EMPTY), "x"));
        Ok(format!("{copies} {most:?} {text:?} {cow} {all:?}"))
    }

    async fn forms(
        &self,
        _: &Context,
        spec: &Spec,
        maybe: MaybeAbsent<Cow<'_, str>>,
        name: Option<&str>,
        new: MaybeAbsent<u8>,
        old: MaybeAbsent<Vec<u8>>,
    ) -> Result<String> {
        let maybe = maybe.given();
        Ok(format!(
            "{} {:?} {maybe:?} {name:?} {new:?} {old:?}",
            spec.name, spec.sizes
        ))
    }

    async fn routed(
        &self,
        _: &Context,
        _: Spec,
        _: &[String],
        _: Option<&Spec>,
        other: &Spec,
    ) -> Result<()> {
        // A panic would only be logged, since this is a cast.
        let _ = self.routed.send(other.legacy().to_owned());
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
pub async fn main() {
    let transport = Transport::new("memory://ui-ladder-values").unwrap();
    let (routed, mut names) = mpsc::unbounded_channel();
    let server = Server::builder(&transport, "a")
        .endpoint(ValuesEndpoint::new(Shown { routed }))
        .start()
        .await
        .unwrap();
    let client = ValuesClient::new(&transport);
    let (ctxt, empty, made) = (Context::new(), Spec::EMPTY, Spec::named("x"));
    for cap in [(1, 1), (1, 0)] {
        let (text, cow) = (Some("y"), Cow::Borrowed("z"));
        let call = client.defaults(
            &ctxt,
            6,
            Some(7),
            &empty,
            &made,
            &empty,
            Spec::EMPTY,
            text,
            Some(&empty),
            cow,
            &[1, 2],
        );
        let shown = call.version_cap(cap).await.unwrap();
        assert_eq!(shown, r#"6 Some(7) Some("y") z [1, 2]"#);
    }
    for (cap, expected) in [
        ((1, 2), r#"x [] Some("Up") Some("n") Given(1) Absent"#),
        ((1, 0), r#"x [1] Some("up") Some("n") Absent Given([2])"#),
    ] {
        let (maybe, new) = (MaybeAbsent::Given("Up".into()), MaybeAbsent::Given(1));
        let new = if cap == (1, 2) {
            new
        } else {
            MaybeAbsent::Absent
        };
        let old = MaybeAbsent::Given(vec![2]);
        let call = client.forms(&ctxt, &made, maybe, Some("n"), new, old);
        assert_eq!(call.version_cap(cap).await.unwrap(), expected);
    }
    let refused = client.forms(
        &ctxt,
        &made,
        MaybeAbsent::Absent,
        None,
        MaybeAbsent::Given(1),
        MaybeAbsent::Absent,
    );
    assert!(refused.version_cap((1, 0)).await.is_err());
    client
        .routed(&ctxt, made, &[], None, &Spec::named("a"))
        .await
        .unwrap();
    // The argument only routes, so the server reads its default.
    assert_eq!(names.recv().await.as_deref(), Some("server"));
    server.stop().await;
}
