//! The outcome of requests, and the findings of a test.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use rpc_runtime::{Error, Result};
use tokio::time::Instant;

use crate::bench::{AT_ONCE, ENVELOPE, LIMIT, TOO_LARGE};

/// How a request ended, and how long it took.
pub(crate) struct Ended {
    pub(crate) result: Result<()>,
    pub(crate) took: Duration,
}

impl Ended {
    pub(crate) async fn of(request: impl Future<Output = Result<()>>) -> Self {
        let began = Instant::now();
        Self {
            result: request.await,
            took: began.elapsed(),
        }
    }
}

/// The faults that a test has found, for one message with all of them.
#[derive(Default)]
pub(crate) struct Findings(Vec<String>);

impl Findings {
    pub(crate) fn add(&mut self, what: impl Display, why: impl Display) {
        self.0.push(format!("{what}: {why}"));
    }

    /// Adds a finding unless `holds`.
    pub(crate) fn check(&mut self, what: impl Display, holds: bool, why: impl Display) {
        if !holds {
            self.add(what, why);
        }
    }

    /// Adds a finding unless the request succeeded within `limit`.
    pub(crate) fn succeeded(&mut self, what: impl Display, ended: &Ended, limit: Duration) {
        match &ended.result {
            Err(error) => self.add(what, describe(error)),
            Ok(()) => self.check(
                what,
                ended.took <= limit,
                format!("took {:.1?}", ended.took),
            ),
        }
    }

    /// Adds a finding unless the request failed at once and certainly did not run. Returns its error.
    pub(crate) fn was_refused<'e>(&mut self, what: &str, ended: &'e Ended) -> Option<&'e Error> {
        let took = ended.took;
        self.check(what, took <= AT_ONCE, format!("took {took:.1?}"));
        let Err(error) = &ended.result else {
            self.add(what, "succeeded");
            return None;
        };
        let described = describe(error);
        self.check(
            what,
            !error.may_have_run(),
            format!("may have run: {described}"),
        );
        self.check(what, !error.is_timeout(), format!("a timeout: {described}"));
        Some(error)
    }

    /// Adds a finding unless the broker refused the request for its size.
    pub(crate) fn was_too_large(&mut self, what: &str, ended: &Ended) {
        if let Some(error) = self.was_refused(what, ended) {
            let is_refused = matches!(error, Error::Refused { .. });
            let described = describe(error);
            self.check(what, is_refused, format!("not refused: {described}"));
            self.check(
                what,
                names_sizes(&described),
                format!("no size: {described}"),
            );
        }
    }

    /// Adds a finding unless the connections are the same as before.
    pub(crate) fn stay_open(&mut self, before: &[u16], after: &[u16]) {
        let lost = before.iter().filter(|port| !after.contains(port)).count();
        self.check(
            "the connections",
            before == after,
            format!(
                "{lost} of {} were lost, {} are open",
                before.len(),
                after.len()
            ),
        );
    }

    /// Takes the findings of another round over.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Fails with the findings, if there are any.
    pub(crate) fn none(self, summary: &str) {
        let mut counts = BTreeMap::<&str, usize>::new();
        for finding in &self.0 {
            *counts.entry(finding).or_default() += 1;
        }
        let lines: Vec<_> = counts
            .iter()
            .take(30)
            .map(|(finding, count)| format!("{count:4} times {finding}"))
            .collect();
        let (all, lines) = (self.0.len(), lines.join("\n"));
        assert!(self.0.is_empty(), "{summary}: {all} findings:\n{lines}");
    }
}

/// The variant of an error, and its text.
pub(crate) fn describe(error: &Error) -> String {
    let variant = format!("{error:?}");
    let variant = variant.split(['(', ' ']).next().unwrap_or_default();
    format!("{variant}: {error}")
}

/// Whether a text contains the broker's limit, and the size of a message with arguments of [`TOO_LARGE`] bytes.
pub(crate) fn names_sizes(text: &str) -> bool {
    let numbers: Vec<usize> = text
        .split(|character: char| !character.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .collect();
    let size = TOO_LARGE..TOO_LARGE + ENVELOPE;
    numbers.contains(&LIMIT) && numbers.iter().any(|number| size.contains(number))
}

#[test]
fn sizes_are_found_in_a_text() {
    assert!(names_sizes(
        "message size 600321 is larger than configured max size 524288"
    ));
    assert!(!names_sizes("message size 600321 is too large"));
    assert!(!names_sizes("the limit is 524288, take 2 or 999999"));
}
