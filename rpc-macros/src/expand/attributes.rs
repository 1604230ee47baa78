//! Selects the user's attributes that are copied to the expansion.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, ItemTrait, Meta, Path, Token, TraitItem, parse_quote};

use crate::attr::is_cfg;
use crate::check::Method;

/// The `cfg` attributes, which decide whether an item exists.
pub(super) fn cfgs(attributes: &[Attribute]) -> Vec<Attribute> {
    selected(attributes, &|path| path.is_ident("cfg"))
}

/// The `cfg` attributes, and the lints that the user allows. A lint that the user expects is allowed in the
/// expansion; the expectation is fulfilled at the user's own code.
pub(super) fn levels(attributes: &[Attribute]) -> Vec<Attribute> {
    selected(attributes, &|path| path.is_ident("cfg") || is_allowed(path))
}

/// The attributes of a trait's method that its method in the client has, too.
pub(super) fn of_method(attributes: &[Attribute]) -> Vec<Attribute> {
    selected(attributes, &|path| {
        let own = ["doc", "cfg", "deprecated"];
        is_allowed(path) || own.iter().any(|name| path.is_ident(name))
    })
}

/// Whether the trait's method has documentation.
pub(super) fn is_documented(attributes: &[Attribute]) -> bool {
    !selected(attributes, &|path| path.is_ident("doc")).is_empty()
}

/// The attributes of the trait that the client and the endpoint have, too.
pub(super) fn of_type(attributes: &[Attribute]) -> Vec<Attribute> {
    selected(attributes, &|path| {
        path.is_ident("deprecated") || is_allowed(path)
    })
}

/// The attributes of the block that contains the expansion. If the trait or a method is deprecated, the block
/// allows calling it. Otherwise it allows only what the user allows, because a crate may forbid a lint.
pub(super) fn of_block(original: &ItemTrait) -> Vec<Attribute> {
    let is_deprecated = |attributes: &[Attribute]| {
        !selected(attributes, &|path| path.is_ident("deprecated")).is_empty()
    };
    let mut methods = original.items.iter().filter_map(|item| match item {
        TraitItem::Fn(function) => Some(&function.attrs[..]),
        _ => None,
    });
    let mut allowed = selected(&original.attrs, &is_allowed);
    if is_deprecated(&original.attrs) || methods.any(is_deprecated) {
        allowed.push(parse_quote!(#[allow(deprecated)]));
    }
    allowed
}

/// The lints that are allowed for any of the methods.
pub(super) fn of_all<'a>(methods: impl IntoIterator<Item = &'a Method<'a>>) -> Vec<Attribute> {
    let mut known = HashSet::new();
    let methods = methods.into_iter();
    methods
        .flat_map(|method| selected(&method.original.attrs, &is_allowed))
        .filter(|allowed| known.insert(allowed.to_token_stream().to_string()))
        .collect()
}

/// Removes the attributes that allow or expect a lint. Returns whether there were any. An attribute that also has a
/// `cfg` is kept: it decides whether the argument exists.
pub(super) fn allow_something(attributes: &mut Vec<Attribute>) -> bool {
    let before = attributes.len();
    attributes.retain(|attribute| {
        is_cfg(attribute) || selected(std::slice::from_ref(attribute), &is_allowed).is_empty()
    });
    attributes.len() < before
}

fn is_allowed(path: &Path) -> bool {
    path.is_ident("allow") || path.is_ident("expect")
}

/// The attributes with the wanted paths, including those behind `cfg_attr`.
fn selected(attributes: &[Attribute], wanted: &dyn Fn(&Path) -> bool) -> Vec<Attribute> {
    let selected = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            // Unchanged, with its spans.
            meta if wanted(meta.path()) && !meta.path().is_ident("expect") => {
                Some(attribute.clone())
            }
            meta => select(meta, wanted).map(|meta| parse_quote!(#[#meta])),
        });
    selected.collect()
}

fn select(meta: &Meta, wanted: &dyn Fn(&Path) -> bool) -> Option<TokenStream> {
    if wanted(meta.path()) {
        return match meta {
            Meta::List(list) if list.path.is_ident("expect") => {
                let lints = &list.tokens;
                Some(quote!(allow(#lints)))
            }
            _ => Some(meta.to_token_stream()),
        };
    }
    let list = meta
        .require_list()
        .ok()
        .filter(|list| list.path.is_ident("cfg_attr"))?;
    let parts = Punctuated::<Meta, Token![,]>::parse_terminated.parse2(list.tokens.clone());
    let parts = parts.ok()?;
    let mut parts = parts.iter();
    let condition = parts.next()?;
    let kept: Vec<_> = parts.filter_map(|meta| select(meta, wanted)).collect();
    (!kept.is_empty()).then(|| quote!(cfg_attr(#condition, #(#kept),*)))
}
