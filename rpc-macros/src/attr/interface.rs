//! The options of a trait, of its methods, and of their arguments.

use std::time::Duration;

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::{Attribute, Expr, Ident, LitStr, Path};

use super::suggest::{Places, unknown};
use super::value::{self, below, below_path, path, route, text, times, version, word};
use super::{Metas, Opt, Set, Version, metas, name, push, rpc_metas};
use crate::errors::Errors;

/// A name that was in use before a version.
pub(crate) struct OldName {
    pub(crate) before: Version,
    pub(crate) name: LitStr,
}

/// Where a method's timeout or monitor comes from.
pub(crate) enum Time {
    Fixed(Duration),
    /// One of the trait's `times(…)`.
    Named(Ident),
}

/// A function that computes where messages go, and the arguments that it gets.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) function: Path,
    pub(crate) arguments: Vec<Ident>,
}

/// What an argument is when it is not sent.
pub(crate) enum DefaultValue {
    /// What its type says.
    OfType,
    Is(Box<Expr>),
}

/// What becomes of an argument for servers that do not know it yet.
pub(crate) enum Below {
    Refuse,
    Drop,
    /// What this function makes of it is sent, under these names or its own.
    With {
        function: Path,
        names: Vec<LitStr>,
    },
}

/// The options of a trait.
#[derive(Default)]
pub(crate) struct TraitOptions {
    pub(crate) topic: Opt<LitStr>,
    pub(crate) version: Opt<Version>,
    pub(crate) namespace: Opt<LitStr>,
    pub(crate) exchange: Opt<LitStr>,
    pub(crate) aliases: Opt<Vec<(LitStr, Set<Version>)>>,
    pub(crate) times: Opt<Vec<(Ident, Duration)>>,
    pub(crate) route: Opt<Route>,
    pub(crate) lock: Opt<LitStr>,
    pub(crate) krate: Opt<Path>,
}

/// The options of a method.
#[derive(Default)]
pub(crate) struct MethodOptions {
    pub(crate) call: Opt<()>,
    pub(crate) cast: Opt<()>,
    pub(crate) fanout: Opt<()>,
    pub(crate) version: Opt<Version>,
    pub(crate) versions: Opt<Vec<Set<Version>>>,
    pub(crate) timeout: Opt<Time>,
    pub(crate) monitor: Opt<Time>,
    pub(crate) route: Opt<Route>,
    pub(crate) name: Opt<LitStr>,
    pub(crate) old_names: Vec<Set<OldName>>,
}

/// The options of an argument.
#[derive(Default)]
pub(crate) struct ArgumentOptions {
    pub(crate) name: Opt<LitStr>,
    pub(crate) old_names: Vec<Set<OldName>>,
    pub(crate) since: Opt<Version>,
    pub(crate) until: Opt<Version>,
    pub(crate) default: Opt<DefaultValue>,
    pub(crate) below: Opt<Below>,
    pub(crate) from: Opt<Path>,
    pub(crate) server: Opt<()>,
    pub(crate) topic: Opt<()>,
    pub(crate) route: Opt<()>,
    pub(crate) timeout: Opt<()>,
    /// Whether all that there is could be read: else nothing is known to be missing.
    pub(crate) readable: bool,
}

const OF_TRAIT: &[&str] = &[
    "topic",
    "version",
    "namespace",
    "exchange",
    "aliases",
    "times",
    "route",
    "lock",
    "crate",
];
const OF_METHOD: &[&str] = &[
    "call",
    "cast",
    "fanout",
    "version",
    "versions",
    "timeout",
    "monitor",
    "route",
    "name",
    "name_before",
];
const OF_ARGUMENT: &[&str] = &[
    "name",
    "name_before",
    "since",
    "until",
    "default",
    "below",
    "from",
    "server",
    "topic",
    "route",
    "timeout",
];

const PLACES: Places = &[
    ("the trait", OF_TRAIT),
    ("a method", OF_METHOD),
    ("an argument", OF_ARGUMENT),
];

impl TraitOptions {
    pub(crate) fn parse(errors: &Errors, tokens: TokenStream) -> Self {
        let mut options = Self::default();
        let Some(metas) = metas(errors, Metas::parse_terminated.parse2(tokens)) else {
            options.version.1 = true;
            return options;
        };
        for meta in &metas {
            match name(meta.path()).as_str() {
                "topic" => options.topic.set(errors, meta, text(errors, meta)),
                "version" => options.version.set(errors, meta, version(errors, meta)),
                "namespace" => options.namespace.set(errors, meta, text(errors, meta)),
                "exchange" => options.exchange.set(errors, meta, text(errors, meta)),
                "aliases" => options
                    .aliases
                    .set(errors, meta, value::aliases(errors, meta)),
                "times" => options.times.set(errors, meta, times(errors, meta)),
                "route" => options.route.set(errors, meta, route(errors, meta)),
                "lock" => options.lock.set(errors, meta, text(errors, meta)),
                "crate" => options.krate.set(errors, meta, path(errors, meta)),
                other => match unknown(errors, meta, other, OF_TRAIT, PLACES) {
                    Some("version") => options.version.1 = true,
                    Some("topic") => options.topic.1 = true,
                    Some("times") => options.times.1 = true,
                    Some("route") => options.route.1 = true,
                    _ => {}
                },
            }
        }
        options
    }
}

impl MethodOptions {
    pub(crate) fn parse(errors: &Errors, attributes: &[Attribute]) -> Self {
        let mut options = Self::default();
        for meta in &rpc_metas(errors, attributes) {
            match name(meta.path()).as_str() {
                "call" => options.call.set(errors, meta, word(errors, meta)),
                "cast" => options.cast.set(errors, meta, word(errors, meta)),
                "fanout" => options.fanout.set(errors, meta, word(errors, meta)),
                "version" => options.version.set(errors, meta, version(errors, meta)),
                "versions" => {
                    let versions = value::versions(errors, meta);
                    options.versions.set(errors, meta, versions);
                }
                "timeout" => options.timeout.set(errors, meta, value::time(errors, meta)),
                "monitor" => options.monitor.set(errors, meta, value::time(errors, meta)),
                "route" => options.route.set(errors, meta, route(errors, meta)),
                "name" => options.name.set(errors, meta, text(errors, meta)),
                "name_before" => {
                    let old_name = value::old_name(errors, meta);
                    push(&mut options.old_names, meta, old_name);
                }
                other => match unknown(errors, meta, other, OF_METHOD, PLACES) {
                    Some("cast") => options.cast.1 = true,
                    Some("fanout") => options.fanout.1 = true,
                    Some("version") => options.version.1 = true,
                    Some("versions") => options.versions.1 = true,
                    Some("route") => options.route.1 = true,
                    _ => {}
                },
            }
        }
        options
    }
}

impl ArgumentOptions {
    pub(crate) fn parse(errors: &Errors, attributes: &[Attribute]) -> Self {
        let before = errors.count();
        let mut options = Self::default();
        for meta in &rpc_metas(errors, attributes) {
            match name(meta.path()).as_str() {
                "name" => options.name.set(errors, meta, text(errors, meta)),
                "name_before" => {
                    let old_name = value::old_name(errors, meta);
                    push(&mut options.old_names, meta, old_name);
                }
                "since" => options.since.set(errors, meta, version(errors, meta)),
                "until" => options.until.set(errors, meta, version(errors, meta)),
                "default" => options
                    .default
                    .set(errors, meta, value::default(errors, meta)),
                "below" => options.below.set(errors, meta, below(errors, meta)),
                "from" => options.from.set(errors, meta, below_path(errors, meta)),
                "server" => options.server.set(errors, meta, word(errors, meta)),
                "topic" => options.topic.set(errors, meta, word(errors, meta)),
                "route" => options.route.set(errors, meta, word(errors, meta)),
                "timeout" => options.timeout.set(errors, meta, word(errors, meta)),
                other => _ = unknown(errors, meta, other, OF_ARGUMENT, PLACES),
            }
        }
        options.readable = errors.count() == before;
        options
    }
}
