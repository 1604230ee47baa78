//! The client borrows arguments. The server decodes them into owned forms and passes references.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::{CStr, OsStr};
use std::path::{Path, PathBuf};

use rpc_runtime::{Context, MaybeAbsent, Result, Server, Transport, rpc_client};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Host {
    name: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Page<'a> {
    after: Cow<'a, str>,
}

#[rpc_client(topic = "borrowed", version = "1.0")]
pub trait Borrowed {
    async fn text(&self, ctxt: &Context, text: &str) -> Result<String>;
    async fn named<'a, 'b>(
        &'a self,
        ctxt: &'b Context,
        text: &'a str,
        again: &'b str,
    ) -> Result<String>;
    async fn maybe(
        &self,
        ctxt: &Context,
        text: Option<&str>,
        hosts: Option<&[Host]>,
        host: Option<&Host>,
    ) -> Result<usize>;
    async fn slice(&self, ctxt: &Context, hosts: &[Host]) -> Result<Host>;
    async fn owned_inside(
        &self,
        ctxt: &Context,
        map: &HashMap<String, Vec<Host>>,
        all: &[Cow<'_, str>],
    ) -> Result<usize>;
    async fn cow(
        &self,
        ctxt: &Context,
        text: Cow<'_, str>,
        page: Page<'_>,
        last: &Page<'_>,
    ) -> Result<String>;
}

/// The owned form of a reference may be another type. A user's type may have such a name, too.
#[rpc_client(topic = "owned-otherwise", version = "1.1")]
pub trait OwnedOtherwise {
    async fn paths(
        &self,
        ctxt: &Context,
        path: &Path,
        other: &std::path::Path,
        none: Option<&Path>,
    ) -> Result<PathBuf>;
    #[rpc(version = "1.0")]
    async fn newer(
        &self,
        ctxt: &Context,
        #[rpc(since = "1.1", default)] path: &Path,
        #[rpc(since = "1.1", default = Path::new("/etc"))] other: &Path,
    ) -> Result<PathBuf>;
    async fn texts(&self, ctxt: &Context, os: Option<&OsStr>, c: &CStr) -> Result<usize>;
    async fn raw(&self, ctxt: &Context, json: &RawValue) -> Result<String>;
    async fn own(&self, ctxt: &Context, path: &own::Path, maybe: Option<&own::Path>)
    -> Result<u32>;
    async fn maybe(
        &self,
        ctxt: &Context,
        text: MaybeAbsent<&str>,
        slice: MaybeAbsent<&[Host]>,
        host: MaybeAbsent<&Host>,
        path: MaybeAbsent<&Path>,
    ) -> Result<String>;
}

pub mod own {
    /// Neither `Clone` nor anything else.
    #[derive(serde::Serialize, serde::Deserialize)]
    pub struct Path(pub u32);
}

struct Otherwise;

impl OwnedOtherwise for Otherwise {
    async fn paths(
        &self,
        _: &Context,
        path: &Path,
        other: &Path,
        none: Option<&Path>,
    ) -> Result<PathBuf> {
        assert_eq!(none, None);
        Ok(path.join(other))
    }
    async fn newer(&self, _: &Context, path: &Path, other: &Path) -> Result<PathBuf> {
        Ok(path.join(other))
    }
    async fn texts(&self, _: &Context, os: Option<&OsStr>, c: &CStr) -> Result<usize> {
        Ok(os.map_or(0, OsStr::len) + c.count_bytes())
    }
    async fn raw(&self, _: &Context, json: &RawValue) -> Result<String> {
        Ok(json.get().to_owned())
    }
    async fn own(&self, _: &Context, path: &own::Path, maybe: Option<&own::Path>) -> Result<u32> {
        Ok(path.0 + maybe.map_or(0, |path| path.0))
    }
    async fn maybe(
        &self,
        _: &Context,
        text: MaybeAbsent<&str>,
        slice: MaybeAbsent<&[Host]>,
        host: MaybeAbsent<&Host>,
        path: MaybeAbsent<&Path>,
    ) -> Result<String> {
        Ok(format!("{text:?} {slice:?} {host:?} {path:?}"))
    }
}

async fn owned_otherwise() {
    let transport = Transport::new("memory://ui-owned-otherwise").unwrap();
    let _server = Server::builder(&transport, "a")
        .endpoint(OwnedOtherwiseEndpoint::new(Otherwise))
        .start()
        .await
        .unwrap();
    let client = OwnedOtherwiseClient::new(&transport);
    let ctxt = Context::new();
    let joined = client.paths(&ctxt, Path::new("/a"), Path::new("b"), None);
    assert_eq!(joined.await.unwrap(), PathBuf::from("/a/b"));
    let old = client.prepare(rpc_runtime::CallOptions::new().version_cap((1, 0)));
    let joined = old.newer(&ctxt, Path::new(""), Path::new("/etc"));
    assert_eq!(joined.await.unwrap(), PathBuf::from("/etc"));
    let count = client.texts(&ctxt, Some(OsStr::new("abc")), c"de");
    assert_eq!(count.await.unwrap(), 5);
    let json = RawValue::from_string("{\"a\":[1]}".to_owned()).unwrap();
    assert_eq!(client.raw(&ctxt, &json).await.unwrap(), json.get());
    let own = client.own(&ctxt, &own::Path(3), Some(&own::Path(4)));
    assert_eq!(own.await.unwrap(), 7);
    let host = Host {
        name: "db-1".to_owned(),
    };
    let given = client.maybe(
        &ctxt,
        MaybeAbsent::Given("x"),
        MaybeAbsent::Absent,
        MaybeAbsent::Given(&host),
        MaybeAbsent::Absent,
    );
    assert_eq!(
        given.await.unwrap(),
        "Given(\"x\") Absent Given(Host { name: \"db-1\" }) Absent"
    );
    let given = client.maybe(
        &ctxt,
        MaybeAbsent::Absent,
        MaybeAbsent::Given(&[]),
        MaybeAbsent::Absent,
        MaybeAbsent::Given(Path::new("p")),
    );
    assert_eq!(given.await.unwrap(), "Absent Given([]) Absent Given(\"p\")");
}

struct Echo;

impl Borrowed for Echo {
    async fn text(&self, _: &Context, text: &str) -> Result<String> {
        Ok(text.to_owned())
    }
    async fn named<'a, 'b>(
        &'a self,
        _: &'b Context,
        text: &'a str,
        again: &'b str,
    ) -> Result<String> {
        Ok(format!("{text}{again}"))
    }
    async fn maybe(
        &self,
        _: &Context,
        text: Option<&str>,
        hosts: Option<&[Host]>,
        host: Option<&Host>,
    ) -> Result<usize> {
        let text = text.map_or(0, str::len);
        Ok(text + hosts.map_or(0, <[_]>::len) + usize::from(host.is_some()))
    }
    async fn slice(&self, _: &Context, hosts: &[Host]) -> Result<Host> {
        Ok(hosts[0].clone())
    }
    async fn owned_inside(
        &self,
        _: &Context,
        map: &HashMap<String, Vec<Host>>,
        all: &[Cow<'_, str>],
    ) -> Result<usize> {
        Ok(map.len() + all.len())
    }
    async fn cow(
        &self,
        _: &Context,
        text: Cow<'_, str>,
        page: Page<'_>,
        last: &Page<'_>,
    ) -> Result<String> {
        Ok(format!("{text}{}{}", page.after, last.after))
    }
}

#[tokio::main(flavor = "current_thread")]
pub async fn main() {
    owned_otherwise().await;
    let transport = Transport::new("memory://ui-borrowed").unwrap();
    let server = Server::builder(&transport, "a")
        .endpoint(BorrowedEndpoint::new(Echo))
        .start()
        .await
        .unwrap();
    let client = BorrowedClient::new(&transport);
    let ctxt = Context::new();
    let host = Host {
        name: "db-1".into(),
    };
    assert_eq!(client.text(&ctxt, &String::from("é")).await.unwrap(), "é");
    assert_eq!(client.named(&ctxt, "a", "b").await.unwrap(), "ab");
    let hosts = [host.clone(), host.clone()];
    let count = client.maybe(&ctxt, Some("abc"), Some(&hosts), Some(&host));
    assert_eq!(count.await.unwrap(), 6);
    assert_eq!(client.maybe(&ctxt, None, None, None).await.unwrap(), 0);
    assert_eq!(client.slice(&ctxt, &hosts).await.unwrap(), host);
    let map = HashMap::from([("a".to_owned(), vec![host])]);
    let all = [Cow::Borrowed("a"), Cow::Owned("b".to_owned())];
    assert_eq!(client.owned_inside(&ctxt, &map, &all).await.unwrap(), 3);
    let [page, last] = ["b", "c"].map(|after| Page {
        after: after.into(),
    });
    let cow = client.cow(&ctxt, "a".into(), page, &last);
    assert_eq!(cow.await.unwrap(), "abc");
    server.stop().await;
}
