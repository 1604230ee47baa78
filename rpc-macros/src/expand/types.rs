//! Types, as the client and the server have them.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::spans::Place;
use crate::check::{option_of_reference, plain};
use crate::lifetimes;

/// What the server decodes an argument into, and how it passes that to the method: what is lent is at hand by
/// reference.
pub(super) fn owned(private: &Ident, ty: &Type, local: &Ident) -> (TokenStream, TokenStream) {
    let private = &Place::of(ty).item(private);
    let ty = plain(ty);
    let pointee = |ty: &Type| match plain(ty) {
        Type::Path(path) if path.path.is_ident("str") => {
            (quote_spanned!(ty.span()=> #private::OwnedStr), true)
        }
        Type::Slice(slice) => {
            let element = lifetimes::owned(&slice.elem);
            (
                quote_spanned!(ty.span()=> #private::OwnedSlice<#element>),
                true,
            )
        }
        other => (lifetimes::owned(other), false),
    };
    if let Type::Reference(reference) = ty {
        return (pointee(&reference.elem).0, quote!(#local));
    }
    match option_of_reference(ty) {
        None => (lifetimes::owned(ty), quote!(#local)),
        Some(reference) => {
            let (inner, unsized_) = pointee(&reference.elem);
            let lend = if unsized_ {
                quote!(#local.as_deref())
            } else {
                quote!(#local.as_ref())
            };
            (quote_spanned!(ty.span()=> #private::Optional<#inner>), lend)
        }
    }
}

/// Whether the method gets a loan of what the server has decoded.
pub(super) fn is_lent(ty: &Type) -> bool {
    matches!(plain(ty), Type::Reference(_)) || option_of_reference(ty).is_some()
}

/// Whether it is behind references alone, and owned as something else.
pub(super) fn is_unsized(ty: &Type) -> bool {
    match plain(ty) {
        Type::Slice(_) => true,
        Type::Path(path) => path.path.is_ident("str"),
        _ => false,
    }
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
