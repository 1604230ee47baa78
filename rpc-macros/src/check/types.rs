//! The rules for the types of arguments: what a server can decode into, own, and lend.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericArgument, PathArguments, Type};

use crate::errors::Errors;
use crate::lifetimes::has_reference;

/// The type without parentheses, and without what `macro_rules!` wraps it in.
pub(crate) fn plain(mut ty: &Type) -> &Type {
    while let Type::Paren(syn::TypeParen { elem, .. }) | Type::Group(syn::TypeGroup { elem, .. }) =
        ty
    {
        ty = elem;
    }
    ty
}

/// The server decodes into something that it owns, and lends that to the method.
pub(super) fn owned_is_known(errors: &Errors, ty: &Type) {
    let ty = plain(ty);
    let outer = match ty {
        Type::ImplTrait(_) => {
            errors.at(
                ty,
                "an argument must be of one type: name it in place of `impl`",
            );
            return;
        }
        Type::Reference(reference) => Some(reference),
        ty => option_of_reference(ty),
    };
    if let Some(token) = outer.and_then(|reference| reference.mutability.as_ref()) {
        errors.at(
            token,
            "an argument must be borrowed shared, as changes do not travel back: remove `mut`",
        );
    }
    if is_inferred(ty) {
        errors.at(
            ty,
            "an argument must be of one type: name it in place of `_`",
        );
        return;
    }
    if let Some(lifetime) = outer.and_then(|reference| reference.lifetime.as_ref())
        && lifetime.ident == "static"
    {
        errors.at(
            lifetime,
            "an argument must be borrowed for the call alone, as the server lends it: remove `'static`",
        );
    }
    let pointee = outer.map_or(ty, |reference| &reference.elem);
    if let Type::TraitObject(_) = plain(pointee) {
        errors.at(
            ty,
            "an argument must be of one type: name it in place of `dyn`",
        );
        return;
    }
    if has_reference(pointee) {
        errors.at(
            ty,
            "a reference must be the whole argument, or all of an `Option`: write what is inside as an owned type, such as `String`",
        );
    }
}

/// The reference in `Option<&T>`.
pub(crate) fn option_of_reference(ty: &Type) -> Option<&syn::TypeReference> {
    let last = last_segment(ty).filter(|last| last.ident == "Option")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first() {
        Some(GenericArgument::Type(ty)) => match plain(ty) {
            Type::Reference(reference) => Some(reference),
            _ => None,
        },
        _ => None,
    }
}

/// Whether it is an `Option`.
pub(crate) fn is_option(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|last| last.ident == "Option")
}

/// What a `Maybe` may hold.
pub(crate) fn maybe(ty: &Type) -> Option<&Type> {
    let last = last_segment(ty).filter(|last| last.ident == "Maybe")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first() {
        Some(GenericArgument::Type(ty)) => Some(ty),
        _ => None,
    }
}

fn last_segment(ty: &Type) -> Option<&syn::PathSegment> {
    match plain(ty) {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

/// Whether there is a `_` in the type.
pub(crate) fn is_inferred(ty: &Type) -> bool {
    fn in_tokens(tokens: TokenStream) -> bool {
        let mut after_quote = false;
        tokens.into_iter().any(|token| {
            let lifetime = after_quote;
            after_quote = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '\'');
            match token {
                TokenTree::Ident(ident) => ident == "_" && !lifetime,
                TokenTree::Group(group) => in_tokens(group.stream()),
                _ => false,
            }
        })
    }
    in_tokens(ty.to_token_stream())
}
