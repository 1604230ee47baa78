//! The rules that two interfaces can break, and the text of each error.

use std::fmt;

use crate::Version;
use crate::interface::text::Text;

/// Why an endpoint does not serve all clients of another interface. The text says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incompatibility {
    /// The name and the version of the interface that is served.
    pub(super) interface: &'static str,
    pub(super) served: Version,
    pub(super) violation: Violation,
}

/// The result of checking a rule.
pub(super) type Checked = Result<(), Violation>;

/// A rule that does not hold. Methods and arguments have the names that the old interface sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Violation {
    Namespace(Option<&'static str>),
    Exchange(&'static str),
    Topic(&'static str),
    /// No message for a method has the major version that is served.
    Major {
        method: &'static str,
        highest: Version,
    },
    /// A message has a version above the served one.
    Stamp {
        method: &'static str,
        stamp: Version,
    },
    /// The method does not exist.
    Method {
        method: &'static str,
        stamp: Version,
    },
    /// A method that was called can only be cast.
    Mode {
        method: &'static str,
    },
    Returns {
        method: &'static str,
        old: &'static str,
        new: &'static str,
    },
    /// The argument does not exist.
    Argument {
        method: &'static str,
        argument: &'static str,
        stamp: Version,
    },
    Type {
        method: &'static str,
        argument: &'static str,
        old: &'static str,
        new: &'static str,
    },
    /// One message contains an argument under two of its names.
    Twice {
        method: &'static str,
        argument: &'static str,
        stamp: Version,
    },
    /// A required argument is not sent.
    Required {
        method: &'static str,
        argument: &'static str,
        stamp: Version,
    },
}

impl Incompatibility {
    pub(super) const fn text(&self) -> Text {
        use Violation as V;
        let interface = self.interface;
        let served = Text::version(self.served);
        let served = served.as_str();
        match self.violation {
            V::Namespace(Some(name)) => Text::of(
                "`{}` must keep the namespace `{}`, which its clients name: write `namespace = \"{}\"`",
                &[interface, name, name],
            ),
            V::Namespace(None) => Text::of(
                "`{}` must have no namespace, as its clients name none: remove `namespace`",
                &[interface],
            ),
            V::Exchange(name) => Text::of(
                "`{}` must keep the exchange `{}`, which its clients publish to: write `exchange = \"{}\"`",
                &[interface, name, name],
            ),
            V::Topic(name) => Text::of(
                "`{}` must keep the topic `{}`, which its clients send to: write `topic = \"{}\"`",
                &[interface, name, name],
            ),
            V::Major { method, highest } => Text::of(
                "clients send `{}` in {}, but `{}` has version {}, another major: serve the old interface \
                 beside the new one",
                &[method, Text::version(highest).as_str(), interface, served],
            ),
            V::Stamp { method, stamp } => {
                let stamp = Text::version(stamp);
                let stamp = stamp.as_str();
                Text::of(
                    "clients stamp `{}` with {}, but `{}` has version {}: raise `{}` to {}",
                    &[method, stamp, interface, served, interface, stamp],
                )
            }
            V::Method { method, stamp } => Text::of(
                "`{}` must stay a method of `{}`, as clients of {} send it: keep it, or give its successor \
                 `name_before(\"…\", \"{}\")`",
                &[method, interface, Text::version(stamp).as_str(), method],
            ),
            V::Mode { method } => Text::of(
                "`{}` must stay a call, as its clients wait for the reply: remove `cast`, or write \
                 `call, cast`",
                &[method],
            ),
            V::Returns { method, old, new } => Text::of(
                "`{}` must return `{}`, which its clients expect, and returns `{}`: keep the type, or add \
                 a method",
                &[method, old, new],
            ),
            V::Argument {
                method,
                argument,
                stamp,
            } => Text::of(
                "`{}` of `{}` must stay an argument, as clients of {} send it: keep it, with `until` if it \
                 is to go, or give its successor `name_before(\"…\", \"{}\")`",
                &[argument, method, Text::version(stamp).as_str(), argument],
            ),
            V::Type {
                method,
                argument,
                old,
                new,
            } => Text::of(
                "clients send `{}` as `{}` of `{}`, which takes `{}`: keep the type, or add an argument",
                &[old, argument, method, new],
            ),
            V::Twice {
                method,
                argument,
                stamp,
            } => Text::of(
                "clients of {} send `{}` of `{}` by two of its names: make one of them an argument of its own",
                &[Text::version(stamp).as_str(), argument, method],
            ),
            V::Required {
                method,
                argument,
                stamp,
            } => Text::of(
                "clients of {} need not send `{}` of `{}`: give it a `default`, or make it an `Option`",
                &[Text::version(stamp).as_str(), argument, method],
            ),
        }
    }
}

impl fmt::Display for Incompatibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

impl std::error::Error for Incompatibility {}
