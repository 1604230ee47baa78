//! Combinations of rungs: defaults with transformations, and old names with methods of other endpoints.

use super::*;

fn joined(words: Option<Vec<String>>) -> String {
    words.unwrap_or_default().join(" ")
}

#[expect(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "from what is sent to the argument's type"
)]
fn parted(text: String) -> Option<Vec<String>> {
    Some(text.split(' ').map(str::to_owned).collect())
}

#[rpc_client(topic = "labels", version = "1.0")]
trait Labels {
    async fn label(
        &self,
        ctxt: &Context,
        #[rpc(since = "1.1", below = with(joined, "text"), from = parted)] words: Option<
            Vec<String>,
        >,
    ) -> Result<Vec<String>>;
}

struct Label;

impl Labels for Label {
    async fn label(&self, _: &Context, words: Option<Vec<String>>) -> Result<Vec<String>> {
        Ok(words.unwrap_or_else(|| vec!["none".into()]))
    }
}

#[tokio::test]
async fn a_default_value_is_not_transformed() {
    let transport = Transport::new("memory://labels").unwrap();
    let builder = Server::builder(&transport, "s");
    let server = builder.endpoint(LabelsEndpoint::new(Label)).start();
    let server = server.await.unwrap();
    let labels = LabelsClient::new(&transport);
    let ctxt = Context::new();
    for cap in [(1, 0), (1, 1)] {
        let none = labels.label(&ctxt, None).version_cap(cap).await.unwrap();
        assert_eq!(none, ["none"], "{cap:?}");
        let two = labels
            .label(&ctxt, parted("a b".into()))
            .version_cap(cap)
            .await;
        assert_eq!(two.unwrap(), ["a", "b"], "{cap:?}");
    }
    server.stop().await;
}

#[rpc_client(topic = "labels", version = "1.0")]
trait Marks {
    #[rpc(version = "1.1", name_before("1.2", "label"))]
    async fn mark(&self, ctxt: &Context) -> Result<String>;
}

#[rpc_client(topic = "labels", version = "1.2")]
trait Tags {
    async fn label(&self, ctxt: &Context, #[rpc(timeout)] within: i64) -> Result<String>;
}

impl Marks for Label {
    async fn mark(&self, _: &Context) -> Result<String> {
        Ok("mark".into())
    }
}

impl Tags for Label {
    async fn label(&self, _: &Context, _: i64) -> Result<String> {
        Ok("label".into())
    }
}

#[tokio::test]
async fn an_old_name_hides_no_other_endpoints_method() {
    let transport = Transport::new("memory://marks").unwrap();
    let builder = Server::builder(&transport, "s")
        .endpoint(MarksEndpoint::new(Label))
        .endpoint(TagsEndpoint::new(Label));
    let server = builder.start().await.unwrap();
    let (marks, tags, ctxt) = (
        MarksClient::new(&transport),
        TagsClient::new(&transport),
        Context::new(),
    );
    assert_eq!(tags.label(&ctxt, 9).await.unwrap(), "label");
    let older = marks.mark(&ctxt).version_cap((1, 1));
    assert_eq!(older.await.unwrap(), "mark");
    server.stop().await;
}

#[tokio::test]
async fn a_negative_time_is_refused() {
    let (transport, _) = Recorder::transport(json!("ok"));
    let tags = TagsClient::new(&transport);
    let error = tags.label(&Context::new(), -1).await.unwrap_err();
    assert!(
        error.to_string().contains("give it a positive number"),
        "{error}"
    );
}
