//! The rules for the types of arguments: what a server can decode, own and lend.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, GenericArgument, ParenthesizedGenericArguments, PathArguments, Type, TypeFnPtr};

use crate::errors::Errors;
use crate::lifetimes::has_reference;
use crate::types::{is_well_known, text};

/// The type without parentheses, and without the invisible groups of `macro_rules!`.
pub(crate) fn plain(mut ty: &Type) -> &Type {
    while let Type::Paren(syn::TypeParen { elem, .. }) | Type::Group(syn::TypeGroup { elem, .. }) =
        ty
    {
        ty = elem;
    }
    ty
}

/// The owned form of an argument must be known: the server decodes into it, and lends it to the method.
pub(super) fn owned_is_known(errors: &Errors, ty: &Type) {
    let ty = plain(ty);
    if !is_one_type(errors, ty, "an argument") {
        return;
    }
    if let Type::FnPtr(_) | Type::Ptr(_) = ty {
        errors.at(
            ty,
            "an argument must be data, which can be sent: name a type that is `Serialize` and `Deserialize`",
        );
        return;
    }
    if is_bare_unsized(ty) && !matches!(ty, Type::TraitObject(_)) {
        let owned = match ty {
            Type::Slice(slice) => format!("Vec<{}>", text(&slice.elem)),
            _ => "String".to_owned(),
        };
        let written = text(ty);
        errors.at(
            ty,
            format!("an argument must have a known size, and `{written}` has none: write `&{written}` or `{owned}`"),
        );
        return;
    }
    if let Some(hidden) = hidden_lifetime(ty) {
        errors.at(
            &hidden,
            format!(
                "an argument must show what it borrows: write `{}`",
                text(&hidden).replacen('<', "<'_, ", 1)
            ),
        );
        return;
    }
    let outer = match ty {
        Type::Reference(reference) => Some(reference),
        ty => optional_reference(ty),
    };
    if let Some(token) = outer.and_then(|reference| reference.mutability.as_ref()) {
        errors.at(
            token,
            "an argument must be a shared reference, since changes are not sent back: remove `mut`",
        );
    }
    if let Some(lifetime) = outer.and_then(|reference| reference.lifetime.as_ref())
        && lifetime.ident == "static"
    {
        errors.at(
            lifetime,
            "an argument must be borrowed for the call only, since the server lends it: remove `'static`",
        );
    }
    let pointee = outer.map_or(ty, |reference| &reference.elem);
    if let Type::TraitObject(_) = plain(pointee) {
        errors.at(
            ty,
            "an argument must have a concrete type: write one in place of `dyn`",
        );
        return;
    }
    if has_reference(pointee) {
        errors.at(
            ty,
            "a reference must be the whole argument, or all of an `Option` or a `MaybeAbsent`: write what is inside as an owned type, such as `String`",
        );
    }
}

/// The first `Cow<str>` or `Cow<[T]>` in the type, whose lifetime is hidden. Only the standard library's
/// `Cow` is known; the compiler reports other types with a hidden lifetime.
pub(super) fn hidden_lifetime(ty: &Type) -> Option<Type> {
    struct Hidden(Option<Type>);

    impl VisitMut for Hidden {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            if let Type::Path(path) = ty
                && let Some(last) = path.path.segments.last()
                && last.ident == "Cow"
                && let PathArguments::AngleBracketed(arguments) = &last.arguments
                && let Some(GenericArgument::Type(first)) = arguments.args.first()
                && is_bare_unsized(first)
            {
                self.0.get_or_insert_with(|| ty.clone());
            }
            visit_mut::visit_type_mut(self, ty);
        }
    }

    let mut hidden = Hidden(None);
    hidden.visit_type_mut(&mut ty.clone());
    hidden.0
}

/// The type is the same for clients and servers. `what` names the item that has the type, for the message.
pub(super) fn is_one_type(errors: &Errors, ty: &Type, what: &str) -> bool {
    let Some(unsuited) = unsuited(ty) else {
        if is_inferred(ty) {
            errors.at(
                ty,
                format!("{what} must have a concrete type: write one in place of `_`"),
            );
            return false;
        }
        return true;
    };
    let word = match &unsuited {
        Type::ImplTrait(_) => "impl",
        Type::Infer(_) => "_",
        _ => {
            let message = format!(
                "{what} must have a concrete type, and `Self` differs between clients and servers: name the type"
            );
            errors.at(&unsuited, message);
            return false;
        }
    };
    errors.at(
        &unsuited,
        format!("{what} must have a concrete type: write one in place of `{word}`"),
    );
    false
}

/// The first part of the type that is not a fixed type: `impl Trait`, `_` or `Self`.
pub(crate) fn unsuited(ty: &Type) -> Option<Type> {
    struct Unsuited(Option<Type>);

    impl VisitMut for Unsuited {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            let is_it = match ty {
                Type::ImplTrait(_) | Type::Infer(_) => true,
                Type::Path(path) => path.qself.is_none() && path.path.is_ident("Self"),
                _ => false,
            };
            if is_it {
                self.0.get_or_insert_with(|| ty.clone());
            } else {
                visit_mut::visit_type_mut(self, ty);
            }
        }

        // The parameters of a function pointer are not sent, and an array's length is not a type.
        fn visit_type_fn_ptr_mut(&mut self, _: &mut TypeFnPtr) {}
        fn visit_parenthesized_generic_arguments_mut(
            &mut self,
            _: &mut ParenthesizedGenericArguments,
        ) {
        }
        fn visit_expr_mut(&mut self, _: &mut Expr) {}
    }

    let mut found = Unsuited(None);
    found.visit_type_mut(&mut ty.clone());
    found.0
}

/// Whether the type is unsized, so that no value of it can be passed.
pub(crate) fn is_bare_unsized(ty: &Type) -> bool {
    match plain(ty) {
        Type::Slice(_) | Type::TraitObject(_) => true,
        Type::Path(path) => path.path.is_ident("str"),
        _ => false,
    }
}

/// The reference in `Option<&T>` or `MaybeAbsent<&T>`.
pub(crate) fn optional_reference(ty: &Type) -> Option<&syn::TypeReference> {
    let last = last_segment(ty).filter(|last| {
        ["Option", "MaybeAbsent"]
            .iter()
            .any(|name| last.ident == name)
    })?;
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

/// Whether the type is an `Option`.
pub(crate) fn is_option(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|last| last.ident == "Option")
}

/// The `T` of a `MaybeAbsent<T>`.
pub(crate) fn maybe_absent(ty: &Type) -> Option<&Type> {
    let last = last_segment(ty).filter(|last| last.ident == "MaybeAbsent")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first() {
        Some(GenericArgument::Type(ty)) => Some(ty),
        _ => None,
    }
}

/// Whether the type certainly cannot name a topic or a server. The compiler decides about the user's own
/// types.
pub(super) fn is_no_name(ty: &Type) -> bool {
    const NAMES: &[&str] = &[
        "str",
        "String",
        "Option",
        "Box",
        "Arc",
        "Rc",
        "Cow",
        "MaybeAbsent",
    ];
    match plain(ty) {
        Type::Reference(reference) => is_no_name(&reference.elem),
        Type::Slice(_) | Type::Array(_) | Type::Tuple(_) => true,
        Type::Path(path) if path.path.segments.len() == 1 => {
            let is_other =
                |name: &Ident| is_well_known(name) && !NAMES.iter().any(|known| name == known);
            last_segment(ty).is_some_and(|last| is_other(&last.ident))
        }
        _ => false,
    }
}

fn last_segment(ty: &Type) -> Option<&syn::PathSegment> {
    match plain(ty) {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

/// Whether the type contains a `_`.
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
