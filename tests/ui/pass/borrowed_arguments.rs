//! What the client borrows, the server decodes into an owned form and lends.

use std::borrow::Cow;
use std::collections::HashMap;

use rpc_runtime::{Context, Result, Server, Transport, rpc_client};
use serde::{Deserialize, Serialize};

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
    let transport = Transport::new("memory://ui-borrowed").unwrap();
    let server = Server::builder(&transport, "borrowed", "a")
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
