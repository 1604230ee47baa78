//! Reads `#[rpc_client(…)]` and `#[rpc(…)]`: which options there are, and of what form.
//!
//! A bad option is reported and skipped, so that the others still count. What an option's value means
//! in its place is for [`check`](crate::check) to say.

mod suggest;
mod value;

use std::time::Duration;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Ident, LitStr, Meta, Path, Token};

use crate::errors::Errors;
use suggest::{Places, unknown};
use value::{below, below_path, index, path, route, text, times, version, word};

/// A value together with the tokens that it was read from.
pub(crate) struct Set<T> {
    pub(crate) value: T,
    pub(crate) tokens: TokenStream,
}

/// An option's value, if it was given, and could be read.
pub(crate) struct Opt<T>(pub(crate) Option<Set<T>>, Meant);

/// Whether an option was meant, though it may be bad or misspelt: then it is not missing.
type Meant = bool;

impl<T> Default for Opt<T> {
    fn default() -> Self {
        Self(None, false)
    }
}

impl<T> Opt<T> {
    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_ref().map(|set| &set.value)
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn is_meant(&self) -> bool {
        self.1
    }

    /// Takes a value that was read, unless there is one already.
    fn set(&mut self, errors: &Errors, meta: &Meta, value: Option<T>) {
        self.1 = true;
        if self.is_set() {
            let name = name(meta.path());
            errors.at(
                meta,
                format!("`{name}` must be given once: remove this one"),
            );
        } else if let Some(value) = value {
            let tokens = meta.to_token_stream();
            self.0 = Some(Set { value, tokens });
        }
    }
}

/// `major.minor[.revision]`
pub(crate) type Version = (u32, u32, u32);

/// The options that were read of those that may be given more than once.
impl<T> Opt<T> {
    fn push(list: &mut Vec<Set<T>>, meta: &Meta, value: Option<T>) {
        list.extend(value.map(|value| Set {
            value,
            tokens: meta.to_token_stream(),
        }));
    }
}

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
pub(crate) enum Fallback {
    /// What its type says.
    OfType,
    Value(Box<Expr>),
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
    pub(crate) default: Opt<Fallback>,
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
                    Opt::push(&mut options.old_names, meta, old_name);
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
                    Opt::push(&mut options.old_names, meta, old_name);
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

/// The options of an enum of errors.
#[derive(Default)]
pub(crate) struct EnumOptions {
    pub(crate) module: Opt<LitStr>,
    pub(crate) krate: Opt<Path>,
}

/// The options of one of its variants.
#[derive(Default)]
pub(crate) struct VariantOptions {
    pub(crate) class: Opt<LitStr>,
    pub(crate) module: Opt<LitStr>,
    pub(crate) message: Opt<LitStr>,
    pub(crate) other: Opt<()>,
}

/// The options of a variant's field.
#[derive(Default)]
pub(crate) struct FieldOptions {
    pub(crate) name: Opt<LitStr>,
    pub(crate) arg: Opt<usize>,
    pub(crate) message: Opt<()>,
}

const OF_ENUM: &[&str] = &["module", "crate"];
const OF_VARIANT: &[&str] = &["class", "module", "message", "other"];
const OF_FIELD: &[&str] = &["name", "arg", "message"];

const PLACES_OF_ERRORS: Places = &[
    ("the enum", OF_ENUM),
    ("a variant", OF_VARIANT),
    ("a field", OF_FIELD),
];

impl EnumOptions {
    pub(crate) fn parse(errors: &Errors, attributes: &[Attribute]) -> Self {
        let mut options = Self::default();
        for meta in &rpc_metas(errors, attributes) {
            match name(meta.path()).as_str() {
                "module" => options.module.set(errors, meta, text(errors, meta)),
                "crate" => options.krate.set(errors, meta, path(errors, meta)),
                other => {
                    let meant = unknown(errors, meta, other, OF_ENUM, PLACES_OF_ERRORS);
                    options.module.1 |= meant == Some("module");
                }
            }
        }
        options
    }
}

impl VariantOptions {
    pub(crate) fn parse(errors: &Errors, attributes: &[Attribute]) -> Self {
        let mut options = Self::default();
        for meta in &rpc_metas(errors, attributes) {
            match name(meta.path()).as_str() {
                "class" => options.class.set(errors, meta, text(errors, meta)),
                "module" => options.module.set(errors, meta, text(errors, meta)),
                "message" => options.message.set(errors, meta, text(errors, meta)),
                "other" => options.other.set(errors, meta, word(errors, meta)),
                other => _ = unknown(errors, meta, other, OF_VARIANT, PLACES_OF_ERRORS),
            }
        }
        options
    }
}

impl FieldOptions {
    pub(crate) fn parse(errors: &Errors, attributes: &[Attribute]) -> Self {
        let mut options = Self::default();
        for meta in &rpc_metas(errors, attributes) {
            match name(meta.path()).as_str() {
                "name" => options.name.set(errors, meta, text(errors, meta)),
                "arg" => options.arg.set(errors, meta, index(errors, meta)),
                "message" => options.message.set(errors, meta, word(errors, meta)),
                other => _ = unknown(errors, meta, other, OF_FIELD, PLACES_OF_ERRORS),
            }
        }
        options
    }
}

/// Whether this is ours, to be read and removed.
pub(crate) fn is_rpc(attribute: &Attribute) -> bool {
    attribute.path().is_ident("rpc")
}

/// Whether this would be ours in some builds.
pub(crate) fn is_conditional_rpc(attribute: &Attribute) -> bool {
    let Meta::List(list) = &attribute.meta else {
        return false;
    };
    attribute.path().is_ident("cfg_attr")
        && list
            .tokens
            .clone()
            .into_iter()
            .any(|token| matches!(token, TokenTree::Ident(name) if name == "rpc"))
}

fn rpc_metas(errors: &Errors, attributes: &[Attribute]) -> Vec<Meta> {
    let mut all = Vec::new();
    for attribute in attributes.iter().filter(|attribute| is_rpc(attribute)) {
        match attribute.meta.require_list() {
            Ok(list) => {
                let parsed = list.parse_args_with(Metas::parse_terminated);
                all.extend(metas(errors, parsed).into_iter().flatten());
            }
            Err(_) => errors.at(
                attribute,
                "`rpc` must have options in parentheses: write `#[rpc(cast)]`, or remove it",
            ),
        }
    }
    all
}

type Metas = Punctuated<Meta, Token![,]>;

/// The options that were read, unless there is no telling where one ends.
fn metas(errors: &Errors, parsed: syn::Result<Metas>) -> Option<Metas> {
    parsed
        .map_err(|error| {
            let message = format!(
                "options must be words or `name = value`, with commas between them: {error}"
            );
            errors.add(syn::Error::new(error.span(), message));
        })
        .ok()
}

/// The option's name; for anything but one word, all of its text.
fn name(path: &Path) -> String {
    path.get_ident()
        .map_or_else(|| path.to_token_stream().to_string(), Ident::to_string)
}
