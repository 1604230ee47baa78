//! The spans that the example prints, without a collector.

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
