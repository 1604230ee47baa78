//! The rules for the trait itself, and for its items other than methods of the interface.

use syn::{FnArg, ItemTrait, TraitItem};

use super::signature;
use crate::attr::is_rpc;
use crate::errors::Errors;
use crate::model;

/// The trait has no generic parameters: a client is one type, and messages have fixed types.
pub(super) fn no_generics(errors: &Errors, original: &ItemTrait) {
    if !original.generics.params.is_empty() {
        errors.at(
            &original.generics,
            "the trait must have no generic parameters, because messages have fixed types: write a concrete type",
        );
    }
    if let Some(clause) = &original.generics.where_clause {
        errors.at(
            clause,
            "the trait must have no `where` clause: name its supertraits after the colon",
        );
    }
}

/// The trait is neither unsafe nor an auto trait, because generated safe code implements it for the client.
pub(super) fn plain_trait(errors: &Errors, original: &ItemTrait) {
    if let Some(token) = &original.unsafety {
        errors.at(token, "the trait must be safe: remove `unsafe`");
    }
    if let Some(token) = &original.modifiers.auto_token {
        errors.at(token, "the trait must not be an auto trait: remove `auto`");
    }
}

/// If `#[async_trait]` stands above this attribute, it has replaced every `async fn`. That is reported once,
/// at the first method.
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
            "the trait must keep its `async fn`, whose futures are `Send` as they are: remove `#[async_trait]`",
        );
    }
    boxed.is_some()
}

/// The trait contains only items that the client can implement.
pub(super) fn other_items(errors: &Errors, original: &ItemTrait) -> bool {
    let mut implementable = true;
    for (place, item) in (1..).zip(&original.items) {
        errors.turn_to(place);
        let attributes = match item {
            TraitItem::Const(constant) => {
                if constant.default.is_none() {
                    implementable = false;
                    errors.at(
                        constant,
                        "an associated constant must have a value, which the client can take: write `= …`",
                    );
                }
                &constant.attrs
            }
            TraitItem::Type(ty) => {
                implementable = false;
                errors.at(
                    ty,
                    "the trait must have no associated types, because messages have fixed types: write a concrete type",
                );
                continue;
            }
            TraitItem::Fn(function) if function.default.is_some() => {
                signature::provided_not_the_clients_own(errors, &function.sig);
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
                    // The receiver and the context have no options; the arguments after them may have some.
                    no_options(
                        errors,
                        input_attributes(input),
                        "the receiver and the context",
                    );
                }
                continue;
            }
            TraitItem::Verbatim(unknown) => {
                implementable = false;
                errors.at(
                    unknown,
                    "the trait must have only methods and constants: remove this",
                );
                continue;
            }
            other => {
                implementable = false;
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
    implementable
}

fn input_attributes(input: &FnArg) -> &[syn::Attribute] {
    match input {
        FnArg::Receiver(receiver) => &receiver.attrs,
        FnArg::Typed(typed) => &typed.attrs,
    }
}

/// Options are errors where they have no effect.
fn no_options(errors: &Errors, attributes: &[syn::Attribute], place: &str) {
    for attribute in attributes.iter().filter(|attribute| is_rpc(attribute)) {
        errors.at(
            attribute,
            format!("`#[rpc]` must not be on {place}: remove it"),
        );
    }
}
