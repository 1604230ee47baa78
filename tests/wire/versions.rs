//! The version rule, against Python's own function.

use rpc_runtime::Version;
use rpc_tests::Python;
use serde_json::json;

use crate::random::Random;

fn version(random: &mut Random) -> Option<String> {
    // Few values, so that equal majors and minors are frequent.
    let mut number = || [0, 1, 2, 9, 10, 11][random.below(6)];
    let (major, minor, revision) = (number(), number(), number());
    match random.below(10) {
        0 => None,
        1..6 => Some(format!("{}.{minor}", major % 3)),
        _ => Some(format!("{}.{minor}.{revision}", major % 3)),
    }
}

#[tokio::test]
#[ignore = "needs oslo.messaging: tests/run"]
async fn versions_are_compatible_when_python_says_so() {
    let mut random = Random::new(3);
    let mut pairs: Vec<_> = (0..200)
        .map(|_| (version(&mut random), version(&mut random)))
        .collect();
    let fixed = [
        ("1.2.3", "1.2.3"),
        ("1.2", "1.2.1"),
        ("1.2.0", "1.2"),
        ("1.3", "1.2.9"),
    ];
    pairs.extend(fixed.map(|(one, other)| (Some(one.into()), Some(other.into()))));
    let mut codec = Python::codec().await;
    let python: Vec<bool> = codec.ask(json!({ "versions": pairs })).await.unwrap();
    assert_eq!(python.len(), pairs.len());
    for said in [true, false] {
        let count = python
            .iter()
            .filter(|&&compatible| compatible == said)
            .count();
        assert!(
            count >= 30,
            "{said} {count} times: the table shows too little"
        );
    }
    let parse = |text: &Option<String>| -> Option<Version> {
        text.as_ref().map(|text| text.parse().unwrap())
    };
    for ((implemented, requested), python) in pairs.iter().zip(python) {
        assert_eq!(
            Version::compatible(parse(implemented), parse(requested)),
            python,
            "{implemented:?} implemented, {requested:?} requested"
        );
    }
}
