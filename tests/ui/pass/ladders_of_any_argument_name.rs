//! Arguments with ladders may have the names of the macro's own variables, or of keywords.
#![expect(
    clippy::many_single_char_names,
    clippy::too_many_arguments,
    clippy::trivially_copy_pass_by_ref,
    reason = "it is what they are called that counts"
)]

use rpc_runtime::{Context, MaybeAbsent, Result, Route, Server, Transport, Version, rpc_client};

#[rpc_client(topic = "names", version = "1.0", times(args = 30))]
pub trait Names {
    #[rpc(timeout = args, route = route(args, r#type))]
    async fn first(
        &self,
        request: &Context,
        #[rpc(since = "1.1", default = 1)] value: u8,
        #[rpc(since = "1.1", default = 2)] default0: u8,
        #[rpc(since = "1.2", below = with(with), from = default1)] args: u8,
        #[rpc(name_before("1.2", "kind"))] r#type: &str,
        #[rpc(name_before("1.2", "self"))] self_: MaybeAbsent<u8>,
        #[rpc(name_before("1.1", "in"), name_before("1.2", "arg1"))] r#match: u8,
    ) -> Result<Vec<u8>>;
    #[rpc(name_before("1.1", "loop"))]
    async fn r#while(
        &self,
        ctxt: &Context,
        #[rpc(since = "1.1", default)] rpc: u8,
        #[rpc(since = "1.1", below = drop)] old2: Option<u8>,
        #[rpc(since = "1.1", default = "")] sent: &str,
        #[rpc(since = "1.1", below = with(halves, "made", "x"), from = from, default = 3)] arg0: u8,
        #[rpc(server)] service: &str,
        #[rpc(timeout)] timeout: u8,
    ) -> Result<String>;
}

fn with(args: u8) -> u8 {
    args
}

fn default1(args: u8) -> u8 {
    args
}

fn halves(arg0: u8) -> (u8, u8) {
    (arg0, 0)
}

fn from(old: u8, new: u8) -> u8 {
    old + new
}

fn route(_: Option<Version>, args: &u8, value: &str) -> Route {
    Route::new().topic(format!("names{}", value.len() + usize::from(*args)))
}

struct Echo;

impl Names for Echo {
    async fn first(
        &self,
        _: &Context,
        a: u8,
        b: u8,
        c: u8,
        d: &str,
        e: MaybeAbsent<u8>,
        f: u8,
    ) -> Result<Vec<u8>> {
        let d = u8::try_from(d.len()).unwrap();
        Ok(vec![a, b, c, d, e.given().unwrap_or(0), f])
    }
    async fn r#while(
        &self,
        _: &Context,
        a: u8,
        b: Option<u8>,
        c: &str,
        d: u8,
        e: &str,
        f: u8,
    ) -> Result<String> {
        Ok(format!("{a} {b:?} {c} {d} {e} {f}"))
    }
}

#[tokio::main(flavor = "current_thread")]
pub async fn main() {
    let transport = Transport::new("memory://ui-ladder-names").unwrap();
    let server = Server::builder(&transport, "a")
        .override_topic("names3")
        .endpoint(NamesEndpoint::new(Echo))
        .start()
        .await
        .unwrap();
    let client = NamesClient::new(&transport);
    let ctxt = Context::new();
    for cap in [(1, 2), (1, 1), (1, 0)] {
        let call = client.first(&ctxt, 1, 2, 1, "ab", MaybeAbsent::Given(5), 6);
        let all = call.version_cap(cap).await.unwrap();
        assert_eq!(all, [1, 2, 1, 2, 5, 6]);
        let call = client.r#while(&ctxt, 0, None, "", 4, "a", 7);
        let text = call.topic("names3").version_cap(cap).await.unwrap();
        assert_eq!(text, "0 None  4 a 7");
    }
    let [first, looped] = NamesClient::INTERFACE.methods() else {
        panic!("there are two methods")
    };
    assert_eq!(first.route(), Some("route(args, type)"));
    assert_eq!(looped.name_in((1, 0).into()), "loop");
    server.stop().await;
}
