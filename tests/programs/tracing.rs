//! The spans that the example prints, and those that it sends to a collector.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;

use super::{built, output};

/// The spans before the message of a line, from the outermost to the innermost: `NAME METHOD`, or `NAME` for a span of
/// the program's own.
fn spans(line: &str) -> Option<Vec<String>> {
    let (_, mut rest) = line.split_once(" INFO ")?;
    let mut spans = Vec::new();
    // `name{fields}:name{fields}: message`, where a span without fields has no braces.
    while !rest.starts_with(' ') {
        let (name, fields) = rest.split_at(rest.find([':', '{'])?);
        let (fields, after) = match fields.strip_prefix('{') {
            Some(fields) => fields.split_once('}')?,
            None => ("", fields),
        };
        let method = fields.split_once("rpc.method=\"");
        let method = method.and_then(|(_, value)| value.split('"').next());
        spans.push(method.map_or(name.to_owned(), |method| format!("{name} {method}")));
        rest = after.strip_prefix(':')?;
    }
    Some(spans)
}

/// The spans of the lines whose message contains `message`, in alphabetical order.
fn of_lines(text: &str, message: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| line.contains(message));
    let spans = lines.map(|line| spans(line).unwrap_or_else(|| panic!("no spans: {line}")));
    let mut spans: Vec<_> = spans.map(|spans| spans.join(" > ")).collect();
    spans.sort();
    spans
}

#[test]
fn each_call_and_each_request_is_a_span() {
    let mut command = built("tracing");
    for name in [
        "RUST_LOG",
        "RPC_TRANSPORT_URL",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
    ] {
        command.env_remove(name);
    }
    let text = output(&mut command);
    let ended = of_lines(&text, ": close ");
    let expected = [
        "morning",
        "morning > call order",
        "receive order",
        "receive order > call take",
        "receive take",
    ];
    assert_eq!(ended, expected, "{text}");
    assert_eq!(
        of_lines(&text, "an order has come in"),
        ["receive order"],
        "{text}"
    );
    assert!(text.contains("taken: 4"), "{text}");
}

/// Reads one HTTP request, and answers it. Returns its first line and its body, or `None` at the end of the connection.
fn answer(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let (mut read, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut chunk).ok().filter(|count| *count > 0)?;
        read.extend_from_slice(&chunk[..count]);
        let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.map_or(0, |length| length.trim().parse().expect("a number"));
        if read.len() >= end + 4 + length {
            let first = head.lines().next().unwrap_or_default().to_owned();
            return Some((first, read.split_off(end + 4)));
        }
    }
}

#[test]
fn spans_are_sent_to_the_collector_that_the_environment_names() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    let (sender, requests) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let sender = sender.clone();
            thread::spawn(move || {
                let mut stream = stream?;
                while let Some(request) = answer(&mut stream) {
                    // Noted before the answer, so it is there when the program ends.
                    let _ = sender.send(request);
                    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
                }
                std::io::Result::Ok(())
            });
        }
    });
    let mut command = built("tracing");
    for name in [
        "RUST_LOG",
        "RPC_TRANSPORT_URL",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
    ] {
        command.env_remove(name);
    }
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{address}"));
    let text = output(&mut command);
    assert!(text.contains("taken: 4"), "{text}");
    let sent: Vec<_> = requests.try_iter().collect();
    let names = ["front.order", "order receive", "stock.take", "take receive"];
    for name in names {
        let has_it = |(first, body): &(String, Vec<u8>)| {
            let found = body
                .windows(name.len())
                .any(|window| window == name.as_bytes());
            first.starts_with("post /v1/traces") && found
        };
        assert!(sent.iter().any(has_it), "no span {name} was sent: {text}");
    }
}
