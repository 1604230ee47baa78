//! Parses a trait, and removes the parts that the compiler would report again in the expansion.
//!
//! Each such mistake is reported once, here. The rest expands as if the mistake had not been made, so that
//! the client and the endpoint exist even if one method is wrong. This module reports only what the compiler
//! rejects, too; all other rules belong to [`check`](crate::check).

use std::collections::HashMap;

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::visit_mut::VisitMut;
use syn::{
    Attribute, BoundLifetimes, Expr, FnArg, GenericParam, Generics, Ident, Item, ItemTrait,
    Lifetime, LifetimeParam, Meta, Signature, TraitItem, TraitItemFn, Visibility,
};

use crate::attr::is_rpc;
use crate::errors::Errors;

/// The annotated trait, without the items that could not be parsed.
pub(crate) struct Read {
    pub(crate) item: ItemTrait,
    /// Tokens that report the items which the compiler can parse and this macro cannot.
    pub(crate) unread: TokenStream,
}

/// Parses the annotated item.
pub(crate) fn read(errors: &Errors, item: &TokenStream) -> syn::Result<Read> {
    let parsed = match syn::parse2(item.clone()) {
        Ok(Item::Trait(item)) => Ok((item, Vec::new())),
        Ok(Item::Impl(item)) if item.trait_.is_some() => Err(syn::Error::new(
            Span::call_site(),
            "`#[rpc_client]` must be applied to the trait alone: put it above any attribute that writes an implementation, such as `automock`",
        )),
        Ok(_) => Err(syn::Error::new(
            Span::call_site(),
            "`#[rpc_client]` must be applied to a trait: declare the service's methods in one",
        )),
        Err(error) => piecewise(item).ok_or(error),
    };
    let (mut item, unread) = parsed?;
    once(errors, &mut item.attrs);
    let mut known = HashMap::new();
    let outer = item.generics.clone();
    item.items = (1..)
        .zip(std::mem::take(&mut item.items))
        .filter_map(|(place, item)| {
            errors.turn_to(place);
            repaired(errors, item, &outer, &mut known)
        })
        .collect();
    let unread = unread.iter().map(late).collect();
    Ok(Read { item, unread })
}

/// Parses a trait item by item, and leaves out those that cannot be parsed.
fn piecewise(item: &TokenStream) -> Option<(ItemTrait, Vec<syn::Error>)> {
    let mut tokens: Vec<_> = item.clone().into_iter().collect();
    let Some(TokenTree::Group(body)) = tokens.pop() else {
        return None;
    };
    if body.delimiter() != Delimiter::Brace {
        return None;
    }
    let mut empty = Group::new(Delimiter::Brace, TokenStream::new());
    empty.set_span(body.span());
    tokens.push(empty.into());
    let mut item: ItemTrait = syn::parse2(tokens.into_iter().collect()).ok()?;
    let mut unread = Vec::new();
    for piece in pieces(body.stream()) {
        match syn::parse2(piece) {
            Ok(read) => item.items.push(read),
            Err(error) => unread.push(error),
        }
    }
    Some((item, unread))
}

/// Splits the body of a trait into items. Each item ends with `;` or with a block.
fn pieces(body: TokenStream) -> Vec<TokenStream> {
    let mut pieces = vec![TokenStream::new()];
    for token in body {
        let ends = match &token {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            _ => false,
        };
        if let Some(piece) = pieces.last_mut() {
            piece.extend([token]);
        }
        if ends {
            pieces.push(TokenStream::new());
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// An error that appears only if there is no other error.
///
/// The compiler has parsed the trait before the macro, and has reported what it could not parse. It runs no
/// lints after an error. So a lint reports exactly those items that only this macro cannot parse.
fn late(error: &syn::Error) -> TokenStream {
    let message = format!("`#[rpc_client]` must be able to read each method: {error}");
    quote_spanned! {error.span()=>
        const _: () = {
            #[must_use = #message]
            const fn __unread() -> ::core::primitive::u8 { 0 }
            #[deny(unused_must_use)]
            const fn __reported() { __unread(); }
            __reported();
        };
    }
}

/// Removes a second `#[rpc_client]`, which would declare everything twice.
fn once(errors: &Errors, attributes: &mut Vec<Attribute>) {
    errors.turn_to(0);
    attributes.retain(|attribute| {
        let last = attribute.path().segments.last();
        let again = last.is_some_and(|last| last.ident == "rpc_client");
        if again {
            errors.at(
                attribute,
                "`#[rpc_client]` must be applied to a trait once: remove this one",
            );
        }
        !again
    });
}

/// The item without the parts that the compiler would reject, or `None` if nothing is left.
fn repaired(
    errors: &Errors,
    item: TraitItem,
    outer: &Generics,
    known: &mut HashMap<String, bool>,
) -> Option<TraitItem> {
    let mut item = without_visibility(errors, item);
    match &mut item {
        TraitItem::Fn(function) => {
            fixed_arguments(errors, function);
            declared_lifetimes(errors, &mut function.sig, outer);
            no_serde(errors, function);
            if !is_first(errors, function, known) {
                return None;
            }
        }
        // `check` reports the item itself.
        TraitItem::Type(ty) => ty.attrs.retain(|attribute| !is_rpc(attribute)),
        TraitItem::Macro(invoked) => invoked.attrs.retain(|attribute| !is_rpc(attribute)),
        _ => {}
    }
    Some(item)
}

/// An item with a visibility, such as `pub async fn`, which a trait cannot contain.
struct Visible {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    item: TokenStream,
}

impl Parse for Visible {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self {
            attributes: input.call(Attribute::parse_outer)?,
            visibility: input.parse()?,
            item: input.parse()?,
        })
    }
}

/// Removes a visibility: the items of a trait have the visibility of the trait.
fn without_visibility(errors: &Errors, item: TraitItem) -> TraitItem {
    let TraitItem::Verbatim(tokens) = &item else {
        return item;
    };
    let Ok(visible) = syn::parse2::<Visible>(tokens.clone()) else {
        return item;
    };
    let Visible {
        attributes,
        visibility,
        item: rest,
    } = visible;
    let mut plain = TokenStream::new();
    for attribute in &attributes {
        attribute.to_tokens(&mut plain);
    }
    plain.extend(rest);
    match syn::parse2(plain) {
        Ok(TraitItem::Verbatim(_)) | Err(_) => item,
        Ok(_) if matches!(visibility, Visibility::Inherited) => item,
        Ok(plain) => {
            let written = visibility.to_token_stream().to_string();
            errors.at(
                &visibility,
                format!("an item of a trait must be as visible as the trait: remove `{written}`"),
            );
            plain
        }
    }
}

/// Removes `...`: a message has a fixed number of arguments.
fn fixed_arguments(errors: &Errors, function: &mut TraitItemFn) {
    if let Some(variadic) = function.sig.variadic.take() {
        errors.at(
            variadic,
            "a method must have a fixed number of arguments: remove `...`",
        );
    }
}

/// Declares the undeclared lifetimes of the signature. Otherwise the compiler would report each of them in
/// every part of the expansion.
fn declared_lifetimes(errors: &Errors, signature: &mut Signature, outer: &Generics) {
    let known = [outer, &signature.generics].map(Generics::lifetimes);
    let known = known.into_iter().flatten();
    let mut found = Undeclared {
        declared: known.map(|known| known.lifetime.ident.clone()).collect(),
        missing: Vec::new(),
    };
    for input in &mut signature.inputs.clone() {
        found.visit_fn_arg_mut(input);
    }
    found.visit_return_type_mut(&mut signature.output.clone());
    for lifetime in found.missing.into_iter().rev() {
        let name = &signature.ident;
        let word = signature.asyncness.map_or("", |_| "async ");
        errors.at(
            &lifetime,
            format!(
                "`{lifetime}` must be declared: write `{word}fn {name}<{lifetime}>`, or leave it out"
            ),
        );
        let lifetime = LifetimeParam::new(lifetime);
        signature
            .generics
            .params
            .insert(0, GenericParam::Lifetime(lifetime));
    }
}

/// Collects the undeclared lifetimes, each once.
struct Undeclared {
    declared: Vec<Ident>,
    missing: Vec<Lifetime>,
}

impl VisitMut for Undeclared {
    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        let name = &lifetime.ident;
        if name != "static" && name != "_" && !self.declared.contains(name) {
            self.declared.push(name.clone());
            self.missing.push(lifetime.clone());
        }
    }

    /// A `for<'a>` declares its lifetimes. They are treated as declared outside of it, too: the difference is
    /// too rare to matter.
    fn visit_bound_lifetimes_mut(&mut self, bound: &mut BoundLifetimes) {
        for parameter in &bound.lifetimes {
            if let GenericParam::Lifetime(parameter) = parameter {
                self.declared.push(parameter.lifetime.ident.clone());
            }
        }
    }

    fn visit_attribute_mut(&mut self, _: &mut Attribute) {}
    fn visit_expr_mut(&mut self, _: &mut Expr) {}
}

/// Removes `#[serde]` attributes: arguments are not fields, although they are sent like fields.
fn no_serde(errors: &Errors, function: &mut TraitItemFn) {
    let report = |attributes: &mut Vec<Attribute>, what: &str| {
        attributes.retain(|attribute| {
            let is_serde = attribute.path().is_ident("serde");
            if is_serde {
                let advice = instead_of(&attribute.meta);
                errors.at(
                    attribute,
                    format!("`serde` must not be on {what}, which is not a field: {advice}"),
                );
            }
            !is_serde
        });
    };
    report(&mut function.attrs, "a method");
    for input in &mut function.sig.inputs {
        if let FnArg::Typed(argument) = input {
            report(&mut argument.attrs, "an argument");
        }
    }
}

/// The `rpc` option that corresponds to serde's option.
fn instead_of(meta: &Meta) -> String {
    let option = match meta {
        Meta::List(list) => list.parse_args::<Meta>().ok(),
        _ => None,
    };
    let name = option.and_then(|option| option.path().get_ident().map(ToString::to_string));
    match name.as_deref() {
        Some("default" | "skip_serializing_if") => "write `#[rpc(default)]`".to_owned(),
        Some("rename") => "write `#[rpc(name = \"…\")]`".to_owned(),
        Some("alias") => "write `#[rpc(name_before(\"2.4\", \"…\"))]`".to_owned(),
        _ => "put it on the type, or remove it".to_owned(),
    }
}

/// Whether the function is the first with its name. Methods under `#[cfg]` may have the same name, since each
/// may exist in a different build.
fn is_first(errors: &Errors, function: &TraitItemFn, known: &mut HashMap<String, bool>) -> bool {
    let is_conditional = function
        .attrs
        .iter()
        .any(|attribute| attribute.path().is_ident("cfg"));
    let name = function.sig.ident.unraw().to_string();
    let Some(before) = known.insert(name.clone(), is_conditional) else {
        return true;
    };
    if before || is_conditional {
        return true;
    }
    errors.at(
        &function.sig.ident,
        format!("`{name}` must be the name of one method: rename this one"),
    );
    false
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    fn methods(item: &TokenStream) -> Vec<String> {
        let read = read_all(item);
        let functions = read.item.items.iter().map(|item| match item {
            TraitItem::Fn(function) => function.sig.ident.to_string(),
            other => other.to_token_stream().to_string(),
        });
        functions.collect()
    }

    fn read_all(item: &TokenStream) -> Read {
        let errors = Errors::new();
        let read = read(&errors, item);
        let _ = errors.into_compile_errors();
        read.unwrap()
    }

    #[test]
    fn an_item_that_cannot_be_parsed_does_not_affect_the_others() {
        let item = quote! {
            trait Hosts {
                async fn a(&self ctxt: &Context) -> Result<()>;
                async fn b(&self) -> Result<()>;
                fn c(&self) { {} }
                async fn d(&self, id: );
                pub async fn e(&self);
            }
        };
        assert_eq!(methods(&item), ["b", "c", "e"]);
        let unread = read_all(&item).unread.to_string();
        assert_eq!(unread.matches("must be able to read").count(), 2);
    }

    #[test]
    fn methods_under_cfg_may_have_the_same_name() {
        let item = quote! {
            trait Hosts {
                #[cfg(unix)]
                async fn a(&self);
                #[cfg(windows)]
                async fn a(&self);
                async fn b(&self);
                async fn r#b(&self);
            }
        };
        assert_eq!(methods(&item), ["a", "a", "b"]);
    }
}
