//! The options of `#[rpc_client]`: those of a trait, of its methods, and of their arguments.

use std::time::Duration;

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::{Attribute, Ident, LitStr, Path};

use super::case::Case;
use super::parsed::{Below, DefaultValue, OldName, Route, Time};
use super::suggest::Places;
use super::value::{
    aliases, below, case, crate_path, default, from_path, old_name, route, text, time, times,
    version, versions, word,
};
use super::{Opt, Set, Slot, Version, all_metas, metas, rpc_metas};
use crate::errors::Errors;

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
        "strict" => strict: Opt<()> = word,
        "crate" => krate: Opt<Path> = crate_path,
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
    /// The options of an argument. `readable` says whether all of its options could be parsed. If not, no
    /// rule may report an option as missing.
    pub(crate) struct ArgumentOptions {
        "name" => name: Opt<LitStr> = text,
        "name_before" => old_names: Vec<Set<OldName>> = old_name,
        "since" => since: Opt<Version> = version,
        "until" => until: Opt<Version> = version,
        "default" => default: Opt<DefaultValue> = default,
        "below" => below: Opt<Below> = below,
        "from" => from: Opt<Path> = from_path,
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
