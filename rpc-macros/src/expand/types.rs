//! Types, as the client and the server have them.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::spans::Place;
use crate::check::{maybe, optional_reference, plain};
use crate::lifetimes;

/// What the server decodes an argument into, and how it passes that to the method: what is lent is at hand by
/// reference.
pub(super) fn owned(private: &Ident, ty: &Type, local: &Ident) -> (TokenStream, TokenStream) {
    let private = &Place::of(ty).item(private);
    let ty = plain(ty);
    if let Type::Reference(reference) = ty {
        return (pointee(private, &reference.elem), quote!(#local));
    }
    let Some(reference) = optional_reference(ty) else {
        return (lifetimes::owned(ty), quote!(#local));
    };
    let inner = pointee(private, &reference.elem);
    let lend = match form(&reference.elem) {
        Form::Sized => quote!(#local.as_ref()),
        Form::Unsized => quote!(#local.as_deref()),
        Form::ByTrait => {
            let lend = lend(private, &reference.elem);
            quote!(#local.as_ref().map(#lend))
        }
    };
    let optional = if maybe(ty).is_some() {
        quote_spanned!(ty.span()=> #private::MaybeAbsent<#inner>)
    } else {
        quote_spanned!(ty.span()=> #private::Optional<#inner>)
    };
    (optional, lend)
}

/// What is owned in place of what a reference is to.
pub(super) fn pointee(private: &Ident, ty: &Type) -> TokenStream {
    let ty = plain(ty);
    match (form(ty), ty) {
        (Form::Unsized, Type::Slice(slice)) => {
            let element = lifetimes::owned(&slice.elem);
            quote_spanned!(ty.span()=> #private::OwnedSlice<#element>)
        }
        (Form::Unsized, _) => quote_spanned!(ty.span()=> #private::OwnedStr),
        (Form::Sized, _) => lifetimes::owned(ty),
        (Form::ByTrait, _) => {
            let place = Place::of(&ty);
            let lent = quote_spanned!(place.start=> <#ty as #private::Lent>);
            quote_spanned!(place.end=> #lent::Owned)
        }
    }
}

/// The function that lends what is owned.
pub(super) fn lend(private: &Ident, ty: &Type) -> TokenStream {
    let ty = plain(ty);
    quote!(<#ty as #private::Lent>::lend)
}

/// How what a reference is to is owned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As it is.
    Sized,
    /// As a `String` or a `Vec`.
    Unsized,
    /// As the type says: the name may be that of a type of the standard library, or of the user's.
    ByTrait,
}

pub(super) fn form(ty: &Type) -> Form {
    const BY_TRAIT: &[&str] = &["Path", "OsStr", "CStr", "RawValue"];

    let path = match plain(ty) {
        Type::Slice(_) => return Form::Unsized,
        Type::Path(path) if path.path.is_ident("str") => return Form::Unsized,
        Type::Path(path) => path,
        _ => return Form::Sized,
    };
    let last = path.path.segments.last();
    let last = last.filter(|last| last.arguments.is_none());
    match last {
        Some(last) if BY_TRAIT.iter().any(|name| last.ident == name) => Form::ByTrait,
        _ => Form::Sized,
    }
}

/// Whether the method gets a loan of what the server has decoded.
pub(super) fn is_lent(ty: &Type) -> bool {
    matches!(plain(ty), Type::Reference(_)) || optional_reference(ty).is_some()
}

/// Whether it is a borrowed slice.
pub(super) fn is_slice(ty: &Type) -> bool {
    matches!(plain(ty), Type::Reference(to) if matches!(plain(&to.elem), Type::Slice(_)))
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;

    use super::*;
    use crate::types::text;

    fn parse(text: &str) -> Type {
        syn::parse_str(text).unwrap()
    }

    #[test]
    fn owned_forms_are_lent() {
        let local = Ident::new("x", Span::call_site());
        for (borrowed, decoded, lent) in [
            ("&str", "p::OwnedStr", "x"),
            ("&[u8]", "p::OwnedSlice<u8>", "x"),
            ("&Host", "Host", "x"),
            (
                "Option<&str>",
                "p::Optional<p::OwnedStr>",
                "x . as_deref ()",
            ),
            (
                "Option<&[u8]>",
                "p::Optional<p::OwnedSlice<u8>>",
                "x . as_deref ()",
            ),
            ("Option<&Host>", "p::Optional<Host>", "x . as_ref ()"),
            (
                "MaybeAbsent<&str>",
                "p::MaybeAbsent<p::OwnedStr>",
                "x . as_deref ()",
            ),
            ("&Path", "<Path as p::Lent>::Owned", "x"),
            (
                "Option<&OsStr>",
                "p::Optional<<OsStr as p::Lent>::Owned>",
                "x . as_ref () . map (< OsStr as p :: Lent > :: lend)",
            ),
            ("Cow<'_, str>", "Cow<'static, str>", "x"),
            ("Option<u8>", "Option<u8>", "x"),
        ] {
            let (got, lend) = owned(
                &Ident::new("p", Span::call_site()),
                &parse(borrowed),
                &local,
            );
            assert_eq!(text(&got), decoded);
            assert_eq!(lend.to_string(), lent);
        }
    }
}
