//! The owned and borrowed forms of argument types: a server decodes the owned form and lends it to the
//! method.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::spans::Spans;
use crate::check::{maybe_absent, optional_reference, plain};
use crate::lifetimes;

/// The type that the server decodes an argument into, and the expression that passes it to the method. If the
/// argument is lent, `local` is a reference in that expression.
pub(super) fn owned(private: &Ident, ty: &Type, local: &Ident) -> (TokenStream, TokenStream) {
    let private = &Spans::of(ty).item(private);
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
    let optional = if maybe_absent(ty).is_some() {
        quote_spanned!(ty.span()=> #private::MaybeGiven<#inner>)
    } else {
        quote_spanned!(ty.span()=> #private::Optional<#inner>)
    };
    (optional, lend)
}

/// The owned form of a reference's target.
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
            let spans = Spans::of(&ty);
            let lent = quote_spanned!(spans.start=> <#ty as #private::Lent>);
            quote_spanned!(spans.end=> #lent::Owned)
        }
    }
}

/// The function that lends the owned form.
pub(super) fn lend(private: &Ident, ty: &Type) -> TokenStream {
    let ty = plain(ty);
    quote!(<#ty as #private::Lent>::lend)
}

/// How the server owns the target of a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The target itself.
    Sized,
    /// A `String` or a `Vec`.
    Unsized,
    /// The trait `Lent` decides: the name may be that of a type of the standard library, or of a user's type.
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

/// Whether the method borrows the value that the server has decoded.
pub(super) fn is_lent(ty: &Type) -> bool {
    matches!(plain(ty), Type::Reference(_)) || optional_reference(ty).is_some()
}

/// Whether the type is a borrowed slice.
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
    fn each_borrowed_type_has_an_owned_form_and_a_loan() {
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
                "p::MaybeGiven<p::OwnedStr>",
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
