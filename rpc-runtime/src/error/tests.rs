use std::time::Duration;

use super::{Error, RemoteError, Stage};
use crate::{Target, Version};

#[test]
fn the_cause_of_an_error_is_its_source() {
    let url = "x".parse::<crate::TransportUrl>().unwrap_err();
    let version = "x".parse::<Version>().unwrap_err();
    let remote = RemoteError::new("HostNotFound", "no host db-1");
    for (error, source) in [
        (Error::from(url.clone()), url.to_string()),
        (version.clone().into(), version.to_string()),
        (remote.clone().into(), remote.to_string()),
    ] {
        let found = std::error::Error::source(&error).unwrap();
        assert_eq!(found.to_string(), source);
        assert!(error.to_string().contains(&source));
    }
    assert!(std::error::Error::source(&Error::new_closed()).is_none());
}

#[test]
fn an_error_returned_from_main_is_printed_as_its_text() {
    let error = Error::new_unreachable("rabbit-1:5672: connection refused");
    let printed = format!("{error:?}");
    assert_eq!(printed, error.to_string());
    assert!(
        printed.starts_with("cannot connect: rabbit-1:5672"),
        "{printed}"
    );
}

#[test]
fn an_error_is_retryable_if_it_may_pass_and_the_method_has_not_run() {
    let target = Target::new("t");
    let timeout = |stage| Error::new_timeout(&target, Duration::from_secs(1), stage);
    let delivery = |maybe| Error::new_delivery(&target, 1, "cut", maybe);
    for (error, retryable) in [
        (timeout(Stage::Connection(None)), true),
        (timeout(Stage::Reply), false),
        (delivery(false), true),
        (delivery(true), false),
        (Error::new_undeliverable(&target), true),
        (Error::new_rejected(&target), true),
        (Error::new_rejected(&target.clone().fanout(true)), false),
        (Error::new_unreachable("refused"), true),
        (Error::new_refused("a queue", "denied"), false),
        (Error::new_closed(), false),
        (Error::new_remote("C", "m"), false),
    ] {
        assert_eq!(error.is_retryable(), retryable, "{error}");
    }
}
