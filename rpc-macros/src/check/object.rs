//! The rules for a trait with the option `dyn`: which methods a trait object can have.
//!
//! A provided method must behave the same behind a `dyn`, even if a service overrides it. So each provided
//! method is either part of the object, or excluded by `where Self: Sized`, as in any dyn-compatible trait in
//! Rust.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{
    FnArg, ItemTrait, ReceiverKind, ReturnType, Safety, Signature, TraitItem, TypeParamBound,
    WherePredicate,
};

use crate::errors::Errors;
use crate::lifetimes;
use crate::types::has_ident;

/// How much of a trait's dyn-compatible form (its object) is generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Object {
    /// Only its name, so that code which uses it causes no further errors.
    Named,
    /// The whole object.
    Whole,
}

pub(super) fn object(errors: &Errors, original: &ItemTrait, implementable: bool) -> Object {
    let before = errors.count();
    for bound in &original.supertraits {
        supertrait(errors, bound);
    }
    let is_possible = implementable && errors.count() == before;
    for (place, item) in (1..).zip(&original.items) {
        errors.turn_to(place);
        if let TraitItem::Fn(function) = item
            && function.default.is_some()
            && !stays_out(&function.sig)
            && let Some(reason) = not_of_an_object(&function.sig)
        {
            let name = &function.sig.ident;
            errors.at(
                name,
                format!("`{name}` cannot be a method of the trait object, since {reason}: write `where Self: Sized` after its signature"),
            );
        }
    }
    errors.turn_to(0);
    if is_possible {
        Object::Whole
    } else {
        Object::Named
    }
}

/// Whether a provided method is part of the object.
pub(crate) fn is_part_of_object(signature: &Signature) -> bool {
    !stays_out(signature) && not_of_an_object(signature).is_none()
}

/// A supertrait must be dyn-compatible, and must not require a size or `'static`: an object is unsized, and may borrow.
fn supertrait(errors: &Errors, bound: &TypeParamBound) {
    const SIZED: &[&str] = &["Clone", "Copy", "Default", "Sized"];
    const INCOMPATIBLE: &[&str] = &["Eq", "Hash", "Ord", "PartialEq", "PartialOrd"];

    let name = match bound {
        TypeParamBound::Lifetime(lifetime) if lifetime.ident == "static" => "'static".to_owned(),
        TypeParamBound::Trait(bound) => match bound.path.segments.last() {
            Some(last) => last.ident.to_string(),
            None => return,
        },
        _ => return,
    };
    let reason = match name.as_str() {
        "'static" | "Any" => {
            "code that needs `'static`, such as a server or a spawned task, requires it itself"
                .to_owned()
        }
        name if SIZED.contains(&name) => "the size of an object is not known".to_owned(),
        name if INCOMPATIBLE.contains(&name) => format!("`{name}` is not dyn-compatible"),
        _ => return,
    };
    errors.at(
        bound,
        format!(
            "the trait must not require `{name}` together with `dyn`, since {reason}: remove one of them"
        ),
    );
}

/// Whether `where Self: Sized` excludes the method from objects.
fn stays_out(signature: &Signature) -> bool {
    let clauses = signature.generics.where_clause.iter();
    let mut predicates = clauses.flat_map(|clause| &clause.predicates);
    predicates.any(|predicate| match predicate {
        WherePredicate::Type(predicate) => {
            let is =
                |tokens: &dyn ToTokens, name: &str| tokens.to_token_stream().to_string() == name;
            let mut bounds = predicate.bounds.iter();
            is(&predicate.bounded_ty, "Self") && bounds.any(|bound| is(bound, "Sized"))
        }
        _ => false,
    })
}

/// Why the method cannot be part of an object, if it cannot.
fn not_of_an_object(signature: &Signature) -> Option<&'static str> {
    let has = |tokens: TokenStream, name: &str| has_ident(tokens, &|ident| ident == name);
    match signature.inputs.first() {
        Some(FnArg::Receiver(receiver)) => {
            if !matches!(receiver.kind, ReceiverKind::Reference(..)) {
                return Some("it takes more than a reference to `self`");
            }
        }
        _ => return Some("it has no receiver"),
    }
    if matches!(signature.safety, Safety::Unsafe(_)) {
        return Some("it is unsafe");
    }
    let generics = &signature.generics;
    let has_types =
        generics.type_params().next().is_some() || generics.const_params().next().is_some();
    if has_types || has(signature.inputs.to_token_stream(), "impl") {
        return Some("it is generic");
    }
    if has(signature.to_token_stream(), "Self") {
        return Some("it names `Self`");
    }
    if has(signature.output.to_token_stream(), "impl") {
        return Some("it returns an `impl Trait`");
    }
    match &signature.output {
        ReturnType::Type(_, ty) if signature.asyncness.is_some() && lifetimes::borrows(ty) => {
            Some("its future returns a borrow")
        }
        _ => None,
    }
}
