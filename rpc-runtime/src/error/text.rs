//! The parts of errors' texts that need code. The functions get the fields of a variant, so this module does
//! not depend on the error type.

use std::fmt;

use crate::excerpt::excerpt;
use crate::{Target, Version};

/// What the text of an error begins with: the method's name, or nothing if there is none.
pub(super) fn method_prefix(method: Option<&str>) -> String {
    let begin = |method| format!("`{}`: ", excerpt(method));
    method.map(begin).unwrap_or_default()
}

/// The text of `Error::Delivery`.
pub(super) fn undelivered(target: &Target, attempts: u32, reason: &str, maybe: bool) -> String {
    let attempts = match attempts {
        1 => "1 attempt".to_owned(),
        more => format!("{more} attempts"),
    };
    if maybe {
        format!(
            "the message for {target} may or may not have been delivered ({attempts}: {reason}); \
             if a second delivery does no harm, allow another attempt with `resend`"
        )
    } else {
        format!(
            "the message for {target} was not delivered after {attempts}: {reason}; \
             check the transport URL and the broker, or allow more tries with `retry`"
        )
    }
}

/// The text of `Error::VersionCap`.
pub(super) fn capped(
    method: &str,
    argument: Option<&str>,
    requested: Option<Version>,
    cap: Version,
) -> String {
    match (argument, requested) {
        (Some(argument), Some(requested)) => format!(
            "the value of `{argument}` in a message for `{method}` needs version {requested}, but the version cap or \
             the call's `version` allows {cap} at most: leave it at its default, or raise the version once all servers \
             are new enough"
        ),
        (None, Some(requested)) => format!(
            "`{method}` needs version {requested}, which the version cap {cap} excludes: raise the cap once all \
             servers are new enough, or ask `can_send_version` first"
        ),
        (_, None) => format!(
            "`{method}` has no version, and a client with the version cap {cap} sends only messages with a version: \
             set `version` on the target or the call, or remove the cap"
        ),
    }
}

/// The reason of `Error::Deserialize`. Its length is limited because it may quote a peer.
pub(super) fn unreadable(reason: impl fmt::Display) -> String {
    let mut reason = excerpt(reason.to_string()).into_owned();
    // serde_json has two texts for a lone surrogate, and no error category of its own for it.
    if reason.contains("surrogate") || reason.contains("unexpected end of hex escape") {
        reason += "; the text contains a lone surrogate, which Python allows and Unicode does not: use \
                   `rpc_runtime::Lossy<T>` in place of `T` to read it as U+FFFD";
    }
    reason
}
