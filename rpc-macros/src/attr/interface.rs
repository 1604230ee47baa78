//! The options of a trait, of its methods, and of their arguments.

use std::time::Duration;

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::{Attribute, Expr, Ident, LitStr, Path};

use super::suggest::Places;
use super::value::{
    aliases, below, below_path, case, default, old_name, path, route, text, time, times, version,
    versions, word,
};
use super::{Opt, Set, Slot, Version, all_metas, metas, rpc_metas};
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

/// How names are written on the wire that are `snake_case` in Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

impl Case {
    /// Serde's name of each.
    pub(crate) const ALL: &[(&str, Self)] = &[
        ("lowercase", Self::Lower),
        ("UPPERCASE", Self::Upper),
        ("PascalCase", Self::Pascal),
        ("camelCase", Self::Camel),
        ("snake_case", Self::Snake),
        ("SCREAMING_SNAKE_CASE", Self::ScreamingSnake),
        ("kebab-case", Self::Kebab),
        ("SCREAMING-KEBAB-CASE", Self::ScreamingKebab),
    ];

    /// A name as it is sent: what serde makes of a field's.
    pub(crate) fn of(self, name: &str) -> String {
        match self {
            Self::Lower | Self::Snake => name.to_owned(),
            Self::Upper | Self::ScreamingSnake => name.to_ascii_uppercase(),
            Self::Kebab => name.replace('_', "-"),
            Self::ScreamingKebab => name.to_ascii_uppercase().replace('_', "-"),
            Self::Pascal | Self::Camel => {
                let mut made = String::new();
                let mut capital = self == Self::Pascal;
                for letter in name.chars() {
                    if letter == '_' {
                        capital = true;
                    } else if capital {
                        made.push(letter.to_ascii_uppercase());
                        capital = false;
                    } else {
                        made.push(letter);
                    }
                }
                if self == Self::Camel
                    && let Some(first) = made.get_mut(..1)
                {
                    first.make_ascii_lowercase();
                }
                made
            }
        }
    }
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

options! {
    /// The options of a trait.
    pub(crate) struct TraitOptions {
        "topic" => topic: Opt<LitStr> = text,
        "version" => version: Opt<Version> = version,
        "namespace" => namespace: Opt<LitStr> = text,
        "exchange" => exchange: Opt<LitStr> = text,
        "aliases" => aliases: Opt<Vec<(LitStr, Set<Version>)>> = aliases,
        "rename_all" => rename_all: Opt<Case> = case,
        "times" => times: Opt<Vec<(Ident, Duration)>> = times,
        "route" => route: Opt<Route> = route,
        "lock" => lock: Opt<LitStr> = text,
        "dyn" => object: Opt<()> = word,
        "crate" => krate: Opt<Path> = path,
    }
}

options! {
    /// The options of a method.
    pub(crate) struct MethodOptions {
        "call" => call: Opt<()> = word,
        "cast" => cast: Opt<()> = word,
        "fanout" => fanout: Opt<()> = word,
        "version" => version: Opt<Version> = version,
        "versions" => versions: Opt<Vec<Set<Version>>> = versions,
        "timeout" => timeout: Opt<Time> = time,
        "monitor" => monitor: Opt<Time> = time,
        "route" => route: Opt<Route> = route,
        "name" => name: Opt<LitStr> = text,
        "name_before" => old_names: Vec<Set<OldName>> = old_name,
    }
}

options! {
    /// The options of an argument. It is `readable` if all that there is could be read: else nothing is known to
    /// be missing.
    pub(crate) struct ArgumentOptions {
        "name" => name: Opt<LitStr> = text,
        "name_before" => old_names: Vec<Set<OldName>> = old_name,
        "since" => since: Opt<Version> = version,
        "until" => until: Opt<Version> = version,
        "default" => default: Opt<DefaultValue> = default,
        "below" => below: Opt<Below> = below,
        "from" => from: Opt<Path> = below_path,
        "server" => server: Opt<()> = word,
        "topic" => topic: Opt<()> = word,
        "route" => route: Opt<()> = word,
        "timeout" => timeout: Opt<()> = word,
    }
    with readable: bool
}

const PLACES: Places = &[
    ("the trait", TraitOptions::NAMES),
    ("a method", MethodOptions::NAMES),
    ("an argument", ArgumentOptions::NAMES),
];

impl TraitOptions {
    pub(crate) fn parse(errors: &Errors, tokens: TokenStream) -> Self {
        match metas(errors, all_metas.parse2(tokens)) {
            Some(metas) => Self::read(errors, &metas, PLACES),
            None => {
                let mut options = Self::default();
                options.version.mean();
                options
            }
        }
    }
}

impl MethodOptions {
    pub(crate) fn parse(errors: &Errors, attributes: &[Attribute]) -> Self {
        Self::read(errors, &rpc_metas(errors, attributes), PLACES)
    }
}

impl ArgumentOptions {
    pub(crate) fn parse(errors: &Errors, attributes: &[Attribute]) -> Self {
        let before = errors.count();
        let mut options = Self::read(errors, &rpc_metas(errors, attributes), PLACES);
        options.readable = errors.count() == before;
        options
    }
}

#[cfg(test)]
mod tests {
    use super::Case;

    #[test]
    fn cases_are_those_of_serde() {
        let all = Case::ALL.iter().map(|(_, case)| case.of("list_hosts_v2"));
        let all: Vec<_> = all.collect();
        assert_eq!(
            all,
            [
                "list_hosts_v2",
                "LIST_HOSTS_V2",
                "ListHostsV2",
                "listHostsV2",
                "list_hosts_v2",
                "LIST_HOSTS_V2",
                "list-hosts-v2",
                "LIST-HOSTS-V2",
            ]
        );
    }
}
