//! The rules for the trait itself, and for what is in it beside methods of the interface.

use syn::{FnArg, ItemTrait, TraitItem};

use crate::attr::is_rpc;
use crate::errors::Errors;
use crate::model;

/// A client is one type, and what is sent has no type parameters.
pub(super) fn no_generics(errors: &Errors, original: &ItemTrait) {
    if !original.generics.params.is_empty() {
        errors.at(
            &original.generics,
            "the trait must have no generic parameters: what crosses the wire has one type, so name it",
        );
    }
    if let Some(clause) = &original.generics.where_clause {
        errors.at(
            clause,
            "the trait must have no `where` clause: name its supertraits behind the colon",
        );
    }
}

/// The client implements the trait in safe code.
pub(super) fn plain_trait(errors: &Errors, original: &ItemTrait) {
    if let Some(token) = &original.unsafety {
        errors.at(token, "the trait must be safe: remove `unsafe`");
    }
    if let Some(token) = &original.modifiers.auto_token {
        errors.at(token, "the trait must not be an auto trait: remove `auto`");
    }
}

/// Above this attribute, `#[async_trait]` leaves no `async fn`. Said once, at the first method.
pub(super) fn no_boxed_futures(errors: &Errors, interface: &model::Interface<'_>) -> bool {
    let is_boxed = |method: &&model::Method<'_>| {
        let mut lifetimes = method.original.sig.generics.lifetimes();
        lifetimes.any(|lifetime| lifetime.lifetime.ident == "async_trait")
    };
    let boxed = interface.methods.iter().find(is_boxed);
    if let Some(method) = boxed {
        errors.turn_to(method.place);
        errors.at(
            &method.original.sig.ident,
            "the trait must keep its `async fn`, whose futures are `Send` without more: remove `#[async_trait]`",
        );
    }
    boxed.is_some()
}

/// The client has to implement everything that the trait demands.
pub(super) fn other_items(errors: &Errors, original: &ItemTrait) -> bool {
    let mut sound = true;
    for (place, item) in (1..).zip(&original.items) {
        errors.turn_to(place);
        let attributes = match item {
            TraitItem::Const(constant) => {
                if constant.default.is_none() {
                    sound = false;
                    errors.at(
                        constant,
                        "an associated constant must have a value, which the client can take: write `= …`",
                    );
                }
                &constant.attrs
            }
            TraitItem::Type(ty) => {
                sound = false;
                errors.at(
                    ty,
                    "the trait must have no associated types: what crosses the wire has one type, so name it",
                );
                continue;
            }
            TraitItem::Fn(function) if function.default.is_some() => {
                for input in &function.sig.inputs {
                    no_options(
                        errors,
                        input_attributes(input),
                        "the parameters of a provided method",
                    );
                }
                &function.attrs
            }
            TraitItem::Fn(function) => {
                for input in function.sig.inputs.iter().take(2) {
                    // Behind the receiver and the context come the arguments, which may have options.
                    no_options(
                        errors,
                        input_attributes(input),
                        "the receiver and the context",
                    );
                }
                continue;
            }
            TraitItem::Verbatim(unknown) => {
                sound = false;
                errors.at(
                    unknown,
                    "the trait must have methods and constants alone: remove this",
                );
                continue;
            }
            other => {
                sound = false;
                errors.at(
                    other,
                    "the trait must have no macros in it: write the methods out",
                );
                continue;
            }
        };
        no_options(
            errors,
            attributes,
            "constants and provided methods, which are not sent",
        );
    }
    sound
}

fn input_attributes(input: &FnArg) -> &[syn::Attribute] {
    match input {
        FnArg::Receiver(receiver) => &receiver.attrs,
        FnArg::Typed(typed) => &typed.attrs,
    }
}

/// An option that does nothing is a mistake.
fn no_options(errors: &Errors, attributes: &[syn::Attribute], place: &str) {
    for attribute in attributes.iter().filter(|attribute| is_rpc(attribute)) {
        errors.at(
            attribute,
            format!("`#[rpc]` must not stand on {place}: remove it"),
        );
    }
}
