//! Parses the values of options. Each function reports a malformed value with an example of the correct form.

use std::time::Duration;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Ident, Lit, LitStr, Meta, Path, Token};

use super::case::Case;
use super::parsed::{Below, DefaultValue, OldName, Refused, Route, Time};
use super::{Set, Version, name};
use crate::errors::Errors;

pub(super) fn word(errors: &Errors, meta: &Meta) -> Option<()> {
    if meta.require_path_only().is_ok() {
        return Some(());
    }
    let name = name(meta.path());
    errors.at(meta, format!("`{name}` must have no value: write `{name}`"));
    None
}

pub(super) fn value<'a>(errors: &Errors, meta: &'a Meta, example: &str) -> Option<&'a Expr> {
    if let Meta::NameValue(pair) = meta {
        return Some(unwrapped(&pair.value));
    }
    let name = name(meta.path());
    errors.at(
        meta,
        format!("`{name}` must have a value: write `{name} = {example}`"),
    );
    None
}

/// The expression without the invisible groups that `macro_rules!` puts around its fragments.
fn unwrapped(mut value: &Expr) -> &Expr {
    while let Expr::Group(group) = value {
        value = &group.expr;
    }
    value
}

pub(super) fn text_value<'a>(errors: &Errors, meta: &'a Meta, example: &str) -> Option<&'a LitStr> {
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

pub(super) fn text(errors: &Errors, meta: &Meta) -> Option<LitStr> {
    text_value(errors, meta, "\"…\"").cloned()
}

pub(super) fn case(errors: &Errors, meta: &Meta) -> Option<Case> {
    let text = text_value(errors, meta, "\"camelCase\"")?;
    let found = Case::find(&text.value());
    if found.is_none() {
        let names: Vec<_> = Case::ALL
            .iter()
            .map(|(name, _)| format!("\"{name}\""))
            .collect();
        let names = names.join(", ");
        errors.at(
            text,
            format!("`rename_all` must be a case: write one of {names}"),
        );
    }
    found
}

pub(super) fn version(errors: &Errors, meta: &Meta) -> Option<Version> {
    let example = "\"2.3\"";
    version_of(
        errors,
        &format!("`{}`", name(meta.path())),
        text_value(errors, meta, example)?,
    )
}

fn version_of(errors: &Errors, what: &str, text: &LitStr) -> Option<Version> {
    let parsed = parse_version(&text.value());
    if parsed.is_none() {
        errors.at(
            text,
            format!("{what} must be {}", instead_of(&text.value())),
        );
    }
    parsed
}

/// The advice for text that is not a version.
fn instead_of(text: &str) -> String {
    let parts: Vec<_> = text.trim().trim_start_matches('v').split('.').collect();
    let is_number =
        |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let general = "two or three numbers: write \"2.3\"".to_owned();
    if !parts.iter().all(is_number) {
        return general;
    }
    let numbers: Result<Vec<u32>, _> = parts.iter().map(|part| part.parse()).collect();
    let Ok(numbers) = numbers else {
        return format!(
            "numbers up to {}, with a dot between them: write \"2.3\"",
            u32::MAX
        );
    };
    let written: Vec<_> = numbers.iter().map(ToString::to_string).collect();
    let mut written = written.join(".");
    let padded = written.len() < parts.join(".").len();
    match parts.len() {
        1 => written.push_str(".0"),
        2 | 3 => {}
        _ => return general,
    }
    if padded {
        format!("numbers without leading zeros: write \"{written}\"")
    } else {
        format!("two or three numbers, with dots between them: write \"{written}\"")
    }
}

/// Parses a version, with the same strict grammar as `rpc_runtime::Version`.
pub(crate) fn parse_version(text: &str) -> Option<Version> {
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

/// A number of seconds, or the name of one of the trait's times.
pub(super) fn time(errors: &Errors, meta: &Meta) -> Option<Time> {
    let value = value(errors, meta, "30")?;
    if let Expr::Path(path) = value
        && let Some(name) = path.path.get_ident()
    {
        return Some(Time::Named(name.clone()));
    }
    seconds(errors, &name(meta.path()), value).map(Time::Fixed)
}

fn seconds(errors: &Errors, option: &str, value: &Expr) -> Option<Duration> {
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
        let message = format!(
            "`{option}` must be a positive number of seconds: write `{option} = 30` or `{option} = 0.5`"
        );
        errors.at(value, message);
    }
    duration
}

/// Parses the comma-separated list in an option's parentheses.
fn listed<T: Parse>(errors: &Errors, meta: &Meta, example: &str) -> Option<Vec<T>> {
    let parts = meta.require_list().and_then(|list| {
        list.parse_args_with(Punctuated::<T, Token![,]>::parse_terminated)
            .map(|parts| parts.into_iter().collect::<Vec<_>>())
    });
    let parts = parts.ok().filter(|parts| !parts.is_empty());
    if parts.is_none() {
        let name = name(meta.path());
        let message = format!("`{name}` must be a list: write `{name}({example})`");
        errors.at(meta, message);
    }
    parts
}

/// All values, or `None` if one is missing. The iterator runs to its end, so that every mistake is reported.
fn all<T>(values: impl Iterator<Item = Option<T>>) -> Option<Vec<T>> {
    let values: Vec<_> = values.collect();
    values.into_iter().collect()
}

/// `name = value`, where the name may be quoted.
struct Pair {
    name: LitStr,
    value: Expr,
}

impl Parse for Pair {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = if input.peek(LitStr) {
            input.parse()?
        } else {
            let name = Ident::parse_any(input)?;
            LitStr::new(&name.unraw().to_string(), name.span())
        };
        input.parse::<Token![=]>()?;
        let value = unwrapped(&input.parse()?).clone();
        Ok(Self { name, value })
    }
}

pub(super) fn aliases(errors: &Errors, meta: &Meta) -> Option<Vec<(LitStr, Set<Version>)>> {
    let pairs: Vec<Pair> = listed(errors, meta, "juno = \"2.6\", \"2024.1\" = \"2.9\"")?;
    let alias = |Pair { name, value }| {
        let value = match value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => Set {
                value: version_of(errors, &format!("`{}`", name.value()), &text)?,
                tokens: text.into_token_stream(),
            },
            other => {
                let alias = name.value();
                errors.at(
                    other,
                    format!("an alias must name a version: write `{alias} = \"2.6\"`"),
                );
                return None;
            }
        };
        Some((name, value))
    };
    all(pairs.into_iter().map(alias))
}

pub(super) fn times(errors: &Errors, meta: &Meta) -> Option<Vec<(Ident, Duration)>> {
    let pairs: Vec<Pair> = listed(errors, meta, "long = 1800")?;
    let time = |Pair { name, value }: Pair| {
        let Ok(ident) = name.parse::<Ident>() else {
            errors.at(
                &name,
                "the name of a time must be an identifier: write `long = 1800`",
            );
            return None;
        };
        Some((ident, seconds(errors, &name.value(), &value)?))
    };
    all(pairs.into_iter().map(time))
}

pub(super) fn versions(errors: &Errors, meta: &Meta) -> Option<Vec<Set<Version>>> {
    let texts: Vec<LitStr> = listed(errors, meta, "\"3.0\", \"2.4\", \"2.0\"")?;
    let version = |text: LitStr| {
        Some(Set {
            value: version_of(errors, "each of `versions`", &text)?,
            tokens: text.into_token_stream(),
        })
    };
    all(texts.into_iter().map(version))
}

pub(super) fn old_name(errors: &Errors, meta: &Meta) -> Option<OldName> {
    let example = "\"2.4\", \"old_name\"";
    let [version, name] = <[LitStr; 2]>::try_from(listed(errors, meta, example)?)
        .map_err(|_| {
            let message = format!(
                "`name_before` must have a version and a name: write `name_before({example})`"
            );
            errors.at(meta, message);
        })
        .ok()?;
    let before = version_of(errors, "the version of `name_before`", &version)?;
    Some(OldName { before, name })
}

pub(super) fn default(errors: &Errors, meta: &Meta) -> Option<DefaultValue> {
    match meta {
        Meta::Path(_) => Some(DefaultValue::OfType),
        Meta::NameValue(pair) if has_self(pair.value.to_token_stream()) => {
            errors.at(
                &pair.value,
                "`default` must not use `Self`, which is not the same for clients and servers: name a constant by its path",
            );
            None
        }
        Meta::NameValue(pair) => Some(DefaultValue::Is(Box::new(pair.value.clone()))),
        Meta::List(_) => {
            errors.at(
                meta,
                "`default` must have no value, or one after `=`: write `default` or `default = 4`",
            );
            None
        }
    }
}

pub(super) fn refused(errors: &Errors, meta: &Meta) -> Option<Refused> {
    match meta {
        Meta::Path(_) => Some(Refused::All),
        _ => text(errors, meta).map(Refused::Argument),
    }
}

fn has_self(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "Self",
        TokenTree::Group(group) => has_self(group.stream()),
        _ => false,
    })
}

/// The function may be `Self::f`: only the client calls it, so that `Self` is the client.
pub(super) fn route(errors: &Errors, meta: &Meta) -> Option<Route> {
    let value = value(errors, meta, "by_host(host)")?;
    let route = match value {
        Expr::Call(call) => match unwrapped(&call.func) {
            Expr::Path(function) if function.qself.is_none() => {
                let arguments = call.args.iter().map(|argument| match unwrapped(argument) {
                    Expr::Path(path) => path.path.get_ident().cloned(),
                    _ => None,
                });
                arguments.collect::<Option<_>>().map(|arguments| Route {
                    function: function.path.clone(),
                    arguments,
                })
            }
            _ => None,
        },
        _ => None,
    };
    if route.is_none() {
        errors.at(
            value,
            "`route` must be a function and the names of the arguments that it gets: write `route = by_host(host)`",
        );
    }
    route
}

/// The function of `with` may be `Self::f`: only the client calls it, so that `Self` is the client.
pub(super) fn below(errors: &Errors, meta: &Meta) -> Option<Below> {
    let value = value(errors, meta, "drop")?;
    let below = match value {
        Expr::Path(path) if path.path.is_ident("refuse") => Some(Below::Refuse),
        Expr::Path(path) if path.path.is_ident("drop") => Some(Below::Drop),
        Expr::Call(call) if matches!(&*call.func, Expr::Path(with) if with.path.is_ident("with")) =>
        {
            let mut arguments = call.args.iter().map(unwrapped);
            let function = match arguments.next() {
                Some(Expr::Path(path)) if path.qself.is_none() => Some(path.path.clone()),
                _ => None,
            };
            let names = arguments.map(|name| match name {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(name),
                    ..
                }) => Some(name.clone()),
                _ => None,
            });
            let names = names
                .collect::<Option<Vec<_>>>()
                .filter(|names| names.len() <= 4);
            function
                .zip(names)
                .map(|(function, names)| Below::With { function, names })
        }
        _ => None,
    };
    if below.is_none() {
        errors.at(
            value,
            "`below` must say what older servers get: write `refuse`, `drop`, `with(path)`, or `with(path, \"name\", …)` with up to four names",
        );
    }
    below
}

/// The function that makes an argument from the values of older clients.
pub(super) fn from_path(errors: &Errors, meta: &Meta) -> Option<Path> {
    let must = "`from` must be a function that makes the argument from the values of older clients: write `from = path::to::function`";
    plain_path(errors, meta, "path::to::function", must)
}

pub(super) fn index(errors: &Errors, meta: &Meta) -> Option<usize> {
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
            "`arg` must be an index into the exception's arguments, from 0: write `arg = 0`",
        );
    }
    index
}

/// The path of the runtime crate.
pub(super) fn crate_path(errors: &Errors, meta: &Meta) -> Option<Path> {
    let must = "`crate` must be a path: write `crate = ::path::to::rpc_runtime`";
    plain_path(errors, meta, "::path::to::rpc_runtime", must)
}

/// A path without `Self`: where the expansion uses the path, `Self` is not the client.
fn plain_path(errors: &Errors, meta: &Meta, example: &str, must: &str) -> Option<Path> {
    match value(errors, meta, example)? {
        Expr::Path(path)
            if path.qself.is_none()
                && path.path.segments.iter().all(|part| part.ident != "Self") =>
        {
            Some(path.path.clone())
        }
        other => {
            errors.at(other, must);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parse_version;

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
