//! Compressed messages: which messages are compressed, and the handling of those that cannot be decompressed.

use flate2::Compression;
use flate2::read::ZlibEncoder;
use lapin::options::BasicPublishOptions;
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel};
use rpc_runtime::{CallOptions, Context, Result, RpcClient, Server, args, rpc_client};
use std::io::Read;

use super::*;

const MEBIBYTE: usize = 1 << 20;

#[rpc_client(topic = "packed", version = "1.0")]
trait Packed {
    async fn repeat(&self, ctxt: &Context, text: &str, times: usize) -> Result<String>;
}

struct Service;

impl Packed for Service {
    async fn repeat(&self, _: &Context, text: &str, times: usize) -> Result<String> {
        Ok(text.repeat(times))
    }
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut compressed = Vec::new();
    ZlibEncoder::new(bytes, Compression::best())
        .read_to_end(&mut compressed)
        .unwrap();
    compressed
}

/// A call whose argument is `text`, with its reply address at the end, as peers write it.
fn call_of(text: &str, to: &ReplyTo) -> Vec<u8> {
    let message = format!(
        r#"{{"method": "repeat", "args": {{"text": "{text}", "times": 1}}, "version": "1.0", "_msg_id": "{}", "_reply_q": "{}"}}"#,
        to.message_id, to.queue
    );
    let envelope = serde_json::json!({ "oslo.version": "2.0", "oslo.message": message });
    envelope.to_string().into_bytes()
}

async fn publish(channel: &Channel, queue: &str, format: &str, body: &[u8]) {
    let mut headers = FieldTable::default();
    headers.insert("compression".into(), AMQPValue::LongString(format.into()));
    let properties = BasicProperties::default().with_headers(headers);
    let options = BasicPublishOptions::default();
    channel
        .basic_publish("".into(), queue.into(), options, body, properties)
        .await
        .unwrap();
}

/// A separate connection, with a reply queue for requests that tests publish themselves.
struct Aside {
    _connection: lapin::Connection,
    channel: Channel,
    to: ReplyTo,
}

impl Aside {
    async fn new() -> Self {
        let (connection, channel) = aside().await;
        let options = QueueDeclareOptions {
            exclusive: true,
            ..QueueDeclareOptions::default()
        };
        let queue = topic();
        channel
            .queue_declare(queue.as_str().into(), options, FieldTable::default())
            .await
            .unwrap();
        Self {
            _connection: connection,
            channel,
            to: ReplyTo::new(queue, "00000000000000000000000000000001"),
        }
    }

    /// Waits for the next message in `queue`.
    async fn get(&self, queue: &str) -> lapin::message::Delivery {
        let found = std::cell::RefCell::new(None);
        until("a message", || async {
            let options = lapin::options::BasicGetOptions { no_ack: true };
            let got = self.channel.basic_get(queue.into(), options).await.unwrap();
            *found.borrow_mut() = got.map(|got| got.delivery);
            found.borrow().is_some()
        })
        .await;
        found.into_inner().unwrap()
    }

    /// The error in the next reply.
    async fn failure(&self) -> String {
        let reply = self.get(&self.to.queue).await;
        let reply = rpc_runtime::wire::Reply::decode(&reply.data).unwrap();
        reply.result().unwrap_err().to_string()
    }
}

async fn serve_packed(transport: &Transport, topic: &str) -> Server {
    Server::builder(transport, "s")
        .override_topic(topic)
        .max_request_size(MEBIBYTE)
        .endpoint(PackedEndpoint::new(Service))
        .start()
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn requests_that_cannot_be_decompressed_affect_no_others() {
    let (topic, aside) = (topic(), Aside::new().await);
    let transport = transport("kombu_compression=gzip");
    let server = serve_packed(&transport, &topic).await;
    let gzip = "application/x-gzip";

    // Slightly above the limit: the caller gets an error.
    let large = call_of(&"x".repeat(2 * MEBIBYTE), &aside.to);
    publish(&aside.channel, &topic, gzip, &zlib(&large)).await;
    let why = aside.failure().await;
    assert!(why.contains(&format!("{} bytes", large.len())), "{why}");

    // The checksum is wrong, so any part may be damaged.
    let mut damaged = zlib(&call_of(&"x".repeat(5000), &aside.to));
    *damaged.last_mut().unwrap() ^= 1;
    publish(&aside.channel, &topic, gzip, &damaged).await;
    let why = aside.failure().await;
    assert!(why.contains("damaged"), "{why}");

    // These contain no readable reply address.
    let bomb = zlib(&call_of(&"x".repeat(32 * MEBIBYTE), &aside.to));
    assert!(bomb.len() < MEBIBYTE);
    publish(&aside.channel, &topic, gzip, &bomb).await;
    for format in ["application/x-lzma", "application/zstd", "own", gzip] {
        publish(&aside.channel, &topic, format, b"\xff\xfe").await;
    }

    let client = RpcClient::new(&transport, Target::new(&*topic))
        .prepare(CallOptions::new().version((1, 0)).timeout(LONG));
    let text = "x".repeat(100_000);
    let repeated: String = client
        .call(&(), "repeat", args! { text, times: 2 })
        .await
        .unwrap();
    assert_eq!(repeated.len(), 200_000);
    assert!(server.stop().await.is_clean());
    transport.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs RabbitMQ: tests/run"]
async fn the_limit_of_replies_applies_to_their_decompressed_size() {
    let (topic, aside) = (topic(), Aside::new().await);
    let transport = transport("kombu_compression=bzip2");
    let server = serve_packed(&transport, &topic).await;
    let client = RpcClient::builder(&transport, Target::new(&*topic))
        .max_reply_size(100_000)
        .timeout(LONG)
        .build()
        .unwrap()
        .prepare(CallOptions::new().version((1, 0)));
    let call = |times: usize| {
        let client = client.clone();
        async move {
            let text = "x".repeat(1000);
            client
                .call::<String>(&(), "repeat", args! { text, times })
                .await
        }
    };
    assert_eq!(call(90).await.unwrap().len(), 90_000);
    match call(500).await {
        Err(Error::TooLarge { size, limit, .. }) => {
            assert!(size > 500_000 && limit == 100_000, "{size} of {limit}");
        }
        other => panic!("{other:?}"),
    }
    // A reply far above the limit is not decompressed to its end, which names the call. So it ends no call.
    let target = Target::new(super::topic());
    let mut listener = listen(&transport, &target.clone().server("s")).await;
    let patient = CallOptions::new().topic(&*target.topic);
    let limited = client.prepare(patient);
    let gzip = "application/x-gzip";
    let (answered, ()) = tokio::join!(
        limited.call::<String>(&(), "m", args! {}).into_future(),
        async {
            let incoming = next(&mut listener).await;
            let to = reply_to(&incoming);
            for text in ["x".repeat(32 * MEBIBYTE), "small".to_owned()] {
                let body = zlib(&success(&to, &text).unwrap());
                publish(&aside.channel, &to.queue, gzip, &body).await;
            }
        }
    );
    assert_eq!(answered.unwrap(), "small");

    // A reply whose checksum is wrong ends its call at once.
    let (called, ()) = tokio::join!(super::call(&transport, &target), async {
        let incoming = next(&mut listener).await;
        let to = reply_to(&incoming);
        let body = success(&to, &"x".repeat(5000)).unwrap();
        let mut body = zlib(&body);
        *body.last_mut().unwrap() ^= 1;
        publish(&aside.channel, &to.queue, gzip, &body).await;
    });
    let error = called.unwrap_err();
    assert!(matches!(error, Error::Deserialize { .. }), "{error}");
    assert!(error.to_string().contains("damaged"), "{error}");
    listener.close().await;
    server.stop().await;
    transport.close().await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ: tests/run"]
async fn messages_above_a_size_are_compressed() {
    let (queue, aside) = (topic(), Aside::new().await);
    // The topic's queue stays after its server has closed.
    let serving = transport("");
    let mut listener = listen(&serving, &Target::new(&*queue).server("s")).await;
    listener.close().await;
    serving.close().await;
    for (option, format) in [
        ("gzip", Some("application/x-gzip")),
        ("bz2", Some("application/x-bz2")),
        ("", None),
    ] {
        let transport = transport(&format!("kombu_compression={option}"));
        let target = Target::new(&*queue);
        for (size, format) in [(10, None), (100_000, format)] {
            RpcClient::new(&transport, target.clone())
                .cast(&(), "repeat", args! { text: "x".repeat(size) })
                .await
                .unwrap();
            let sent = aside.get(&queue).await;
            let headers = sent.properties.headers().as_ref().unwrap().inner();
            let want = format.map(|format| AMQPValue::LongString(format.into()));
            assert_eq!(headers.get("compression"), want.as_ref());
            assert_eq!(sent.data.len() < 1000, format.is_some() || size < 1000);
        }
        transport.close().await;
    }
    delete_queue(&aside.channel, &queue).await;
}
