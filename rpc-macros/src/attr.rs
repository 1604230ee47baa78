//! Reads `#[rpc_client(…)]` and `#[rpc(…)]`: which options there are, and of what form.
//!
//! A bad option is reported and skipped, so that the others still count. What an option's value means
//! in its place is for [`check`](crate::check) to say.

use std::time::Duration;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitStr, Meta, Path, Token};

use crate::errors::Errors;

/// A value together with the tokens that it was read from.
pub(crate) struct Set<T> {
    pub(crate) value: T,
    pub(crate) tokens: TokenStream,
}

/// An option's value, if it was given.
pub(crate) struct Opt<T>(pub(crate) Option<Set<T>>);

impl<T> Default for Opt<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Opt<T> {
    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_ref().map(|set| &set.value)
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    /// Takes a value that was read, unless there is one already.
    fn set(&mut self, errors: &Errors, meta: &Meta, value: Option<T>) {
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

/// The options of a trait.
#[derive(Default)]
pub(crate) struct TraitOptions {
    pub(crate) topic: Opt<LitStr>,
    /// Whether a topic was meant, though it may be bad or misspelt.
    pub(crate) topic_meant: bool,
    pub(crate) version: Opt<Version>,
    /// Whether a version was meant, though it may be bad or misspelt: then it is not missing.
    pub(crate) version_meant: bool,
    pub(crate) namespace: Opt<LitStr>,
    pub(crate) exchange: Opt<LitStr>,
    pub(crate) krate: Opt<Path>,
}

/// The options of a method.
#[derive(Default)]
pub(crate) struct MethodOptions {
    pub(crate) cast: Opt<()>,
    pub(crate) fanout: Opt<()>,
    pub(crate) version: Opt<Version>,
    pub(crate) timeout: Opt<Duration>,
    pub(crate) monitor: Opt<Duration>,
    pub(crate) name: Opt<LitStr>,
}

/// The options of an argument.
#[derive(Default)]
pub(crate) struct ArgumentOptions {
    pub(crate) name: Opt<LitStr>,
}

impl TraitOptions {
    pub(crate) fn parse(errors: &Errors, tokens: TokenStream) -> Self {
        const NAMES: &[&str] = &["topic", "version", "namespace", "exchange", "crate"];
        let mut options = Self::default();
        let Some(metas) = metas(errors, Metas::parse_terminated.parse2(tokens)) else {
            options.version_meant = true;
            return options;
        };
        for meta in &metas {
            match name(meta.path()).as_str() {
                "topic" => {
                    options.topic_meant = true;
                    options.topic.set(errors, meta, text(errors, meta));
                }
                "version" => {
                    options.version_meant = true;
                    options.version.set(errors, meta, version(errors, meta));
                }
                "namespace" => options.namespace.set(errors, meta, text(errors, meta)),
                "exchange" => options.exchange.set(errors, meta, text(errors, meta)),
                "crate" => options.krate.set(errors, meta, path(errors, meta)),
                other => {
                    let meant = unknown(errors, meta, other, NAMES);
                    options.version_meant |= meant == Some("version");
                    options.topic_meant |= meant == Some("topic");
                }
            }
        }
        options
    }
}

impl MethodOptions {
    pub(crate) fn parse(errors: &Errors, attributes: &[Attribute]) -> Self {
        const NAMES: &[&str] = &["cast", "fanout", "version", "timeout", "monitor", "name"];
        let mut options = Self::default();
        for meta in &rpc_metas(errors, attributes) {
            match name(meta.path()).as_str() {
                "cast" => options.cast.set(errors, meta, word(errors, meta)),
                "fanout" => options.fanout.set(errors, meta, word(errors, meta)),
                "version" => options.version.set(errors, meta, version(errors, meta)),
                "timeout" => options.timeout.set(errors, meta, seconds(errors, meta)),
                "monitor" => options.monitor.set(errors, meta, seconds(errors, meta)),
                "name" => options.name.set(errors, meta, text(errors, meta)),
                other => _ = unknown(errors, meta, other, NAMES),
            }
        }
        options
    }
}

impl ArgumentOptions {
    pub(crate) fn parse(errors: &Errors, attributes: &[Attribute]) -> Self {
        const NAMES: &[&str] = &["name"];
        let mut options = Self::default();
        for meta in &rpc_metas(errors, attributes) {
            match name(meta.path()).as_str() {
                "name" => options.name.set(errors, meta, text(errors, meta)),
                other => _ = unknown(errors, meta, other, NAMES),
            }
        }
        options
    }
}

/// The options of an enum of errors.
#[derive(Default)]
pub(crate) struct EnumOptions {
    pub(crate) module: Opt<LitStr>,
    /// Whether a module was meant, though it may be bad or misspelt: then it is not missing.
    pub(crate) module_meant: bool,
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

impl EnumOptions {
    pub(crate) fn parse(errors: &Errors, attributes: &[Attribute]) -> Self {
        const NAMES: &[&str] = &["module", "crate"];
        let mut options = Self::default();
        for meta in &rpc_metas(errors, attributes) {
            match name(meta.path()).as_str() {
                "module" => {
                    options.module_meant = true;
                    options.module.set(errors, meta, text(errors, meta));
                }
                "crate" => options.krate.set(errors, meta, path(errors, meta)),
                other => {
                    let meant = unknown(errors, meta, other, NAMES);
                    options.module_meant |= meant == Some("module");
                }
            }
        }
        options
    }
}

impl VariantOptions {
    pub(crate) fn parse(errors: &Errors, attributes: &[Attribute]) -> Self {
        const NAMES: &[&str] = &["class", "module", "message", "other"];
        let mut options = Self::default();
        for meta in &rpc_metas(errors, attributes) {
            match name(meta.path()).as_str() {
                "class" => options.class.set(errors, meta, text(errors, meta)),
                "module" => options.module.set(errors, meta, text(errors, meta)),
                "message" => options.message.set(errors, meta, text(errors, meta)),
                "other" => options.other.set(errors, meta, word(errors, meta)),
                other => _ = unknown(errors, meta, other, NAMES),
            }
        }
        options
    }
}

impl FieldOptions {
    pub(crate) fn parse(errors: &Errors, attributes: &[Attribute]) -> Self {
        const NAMES: &[&str] = &["name", "arg", "message"];
        let mut options = Self::default();
        for meta in &rpc_metas(errors, attributes) {
            match name(meta.path()).as_str() {
                "name" => options.name.set(errors, meta, text(errors, meta)),
                "arg" => options.arg.set(errors, meta, index(errors, meta)),
                "message" => options.message.set(errors, meta, word(errors, meta)),
                other => _ = unknown(errors, meta, other, NAMES),
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

fn word(errors: &Errors, meta: &Meta) -> Option<()> {
    if meta.require_path_only().is_ok() {
        return Some(());
    }
    let name = name(meta.path());
    errors.at(meta, format!("`{name}` must stand alone: write `{name}`"));
    None
}

fn value<'a>(errors: &Errors, meta: &'a Meta, example: &str) -> Option<&'a Expr> {
    if let Meta::NameValue(pair) = meta {
        let mut value = &pair.value;
        // `macro_rules!` wraps what it was given.
        while let Expr::Group(group) = value {
            value = &group.expr;
        }
        return Some(value);
    }
    let name = name(meta.path());
    errors.at(
        meta,
        format!("`{name}` must have a value: write `{name} = {example}`"),
    );
    None
}

fn text_value<'a>(errors: &Errors, meta: &'a Meta, example: &str) -> Option<&'a LitStr> {
    match value(errors, meta, example)? {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text),
        other => {
            let name = name(meta.path());
            errors.at(
                other,
                format!("`{name}` must be a string: write `{name} = {example}`"),
            );
            None
        }
    }
}

fn text(errors: &Errors, meta: &Meta) -> Option<LitStr> {
    text_value(errors, meta, "\"…\"").cloned()
}

fn version(errors: &Errors, meta: &Meta) -> Option<Version> {
    let text = text_value(errors, meta, "\"2.0\"")?;
    let parsed = parse_version(&text.value());
    if parsed.is_none() {
        errors.at(
            text,
            "`version` must be two or three numbers: write `version = \"2.3\"`",
        );
    }
    parsed
}

/// The strict grammar of `rpc_runtime::Version`.
fn parse_version(text: &str) -> Option<Version> {
    let number = |part: &str| {
        let plain = part.bytes().all(|byte| byte.is_ascii_digit());
        let padded = part.len() > 1 && part.starts_with('0');
        part.parse().ok().filter(|_| plain && !padded)
    };
    let parts: Option<Vec<u32>> = text.split('.').map(number).collect();
    match parts?[..] {
        [major, minor] => Some((major, minor, 0)),
        [major, minor, revision] => Some((major, minor, revision)),
        _ => None,
    }
}

fn seconds(errors: &Errors, meta: &Meta) -> Option<Duration> {
    let value = value(errors, meta, "30")?;
    let seconds = match value {
        Expr::Lit(ExprLit {
            lit: Lit::Int(number),
            ..
        }) if number.suffix().is_empty() => number.base10_parse::<u32>().ok().map(f64::from),
        Expr::Lit(ExprLit {
            lit: Lit::Float(number),
            ..
        }) if number.suffix().is_empty() => number.base10_parse().ok(),
        _ => None,
    };
    let duration = seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|duration| !duration.is_zero());
    if duration.is_none() {
        let name = name(meta.path());
        let message = format!(
            "`{name}` must be a positive number of seconds: write `{name} = 30` or `{name} = 0.5`"
        );
        errors.at(value, message);
    }
    duration
}

fn index(errors: &Errors, meta: &Meta) -> Option<usize> {
    let value = value(errors, meta, "0")?;
    let index = match value {
        Expr::Lit(ExprLit {
            lit: Lit::Int(number),
            ..
        }) => number.base10_parse().ok(),
        _ => None,
    };
    if index.is_none() {
        errors.at(
            value,
            "`arg` must be a place among the exception's arguments: write `arg = 0`",
        );
    }
    index
}

fn path(errors: &Errors, meta: &Meta) -> Option<Path> {
    match value(errors, meta, "::path::to::rpc_runtime")? {
        Expr::Path(path) if path.qself.is_none() => Some(path.path.clone()),
        other => {
            errors.at(
                other,
                "`crate` must be a path: write `crate = ::path::to::rpc_runtime`",
            );
            None
        }
    }
}

/// Reports an option that there is not, and tells which one was meant.
fn unknown<'k>(errors: &Errors, meta: &Meta, name: &str, known: &[&'k str]) -> Option<&'k str> {
    let close = known
        .iter()
        .map(|known| (distance(name, known), *known))
        .filter(|(distance, known)| *distance <= 2 && *distance < known.len())
        .min()
        .map(|(_, known)| known);
    let advice = match (close, known) {
        (Some(close), _) => format!("did you mean `{close}`?"),
        (None, [only]) => format!("here there is `{only}`"),
        (None, known) => {
            let known: Vec<_> = known.iter().map(|known| format!("`{known}`")).collect();
            format!("here there are {}", known.join(", "))
        }
    };
    errors.at(meta.path(), format!("unknown option `{name}`: {advice}"));
    close
}

/// How many letters must be added, removed or changed to make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_letters() {
        for (a, b, count) in [
            ("", "", 0),
            ("abc", "abc", 0),
            ("verison", "version", 2),
            ("cst", "cast", 1),
            ("x", "", 1),
        ] {
            assert_eq!(distance(a, b), count, "{a} {b}");
        }
    }

    #[test]
    fn versions_are_strict() {
        assert_eq!(parse_version("2.3"), Some((2, 3, 0)));
        assert_eq!(parse_version("2.3.4"), Some((2, 3, 4)));
        for text in [
            "",
            "2",
            "2.",
            "+2.3",
            "02.3",
            "2.3.4.5",
            "a.b",
            "2.99999999999",
        ] {
            assert_eq!(parse_version(text), None, "{text}");
        }
    }
}
