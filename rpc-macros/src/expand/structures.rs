//! What a lock sees of types: the structure of each that derives `Describe`, found without asking for it.
//!
//! ```text
//! use NotDescribed as _;
//! const _: () = hold(Probe::<Host>::FOUND, &[("Host", 0x9c41f2ab33d0e1f2)], "the structure of …");
//! ```
//!
//! `FOUND` is an inherent constant where the type has a structure, and that of the trait where it has none.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{GenericArgument, Ident, PathArguments, Type};

use super::attributes::{self, cfgs};
use super::spans::Place;
use crate::check::{Interface, Shown, plain};
use crate::lifetimes;
use crate::lock::{Lock, value_of};
use crate::types::{has_ident, is_everywhere, text};

/// A type that may have a structure, and the conditions under which it is there.
struct Probed<'a> {
    ty: &'a Type,
    cfgs: TokenStream,
}

impl Probed<'_> {
    fn found(&self, private: &TokenStream) -> TokenStream {
        let ty = lifetimes::owned(self.ty);
        quote!(#private::Probe::<#ty>::FOUND)
    }
}

/// Makes a change of a released type an error, at the type. While a higher version is in the making, a test
/// tells whether it is additive.
pub(super) fn held(interface: &Interface<'_>, lock: &Lock, private: &Ident) -> TokenStream {
    let Some(last) = lock.held_to.filter(|_| !lock.types.is_empty()) else {
        return TokenStream::new();
    };
    let locked = lock.types.iter().map(|ty| {
        let (name, fingerprint) = (&ty.name, ty.fingerprint);
        quote!((#name, #fingerprint))
    });
    let next = Shown((last.0, last.1.saturating_add(1), 0));
    let held = probed(interface).into_iter().map(|probed| {
        let message = format!(
            "the structure of `{}` must be that of {}, which was released: put it back. If what came may be absent, it can be released with a higher version: list one in the method's versions, as `#[rpc(versions(\"{next}\", …))]`",
            text(probed.ty),
            Shown(last),
        );
        let place = Place::of(probed.ty);
        let (cfgs, found) = (&probed.cfgs, probed.found(&private.to_token_stream()));
        let private = place.item(private);
        let call = quote_spanned!(place.end=> #private::hold(#found, __LOCKED, #message));
        let described = described(probed.ty).map(|written| {
            let message = format!(
                "`{written}` must derive `Describe`, as when {} was released: its structure is held to that, so derive it again",
                Shown(last),
            );
            let call = quote_spanned!(place.end=> #private::describe(#written, __FOUND, __LOCKED, #message));
            quote!(#cfgs const _: () = #call;)
        });
        quote!(#cfgs const _: () = #call; #described)
    });
    let found = probed(interface).into_iter().map(|probed| {
        let (cfgs, found) = (&probed.cfgs, probed.found(&private.to_token_stream()));
        quote!(#cfgs #found)
    });
    let levels = attributes::of_all(&interface.methods);
    quote! {
        #(#levels)*
        const _: () = {
            use #private::NotDescribed as _;
            const __LOCKED: &'static [(&'static ::core::primitive::str, ::core::primitive::u64)] =
                &[#(#locked),*];
            const __FOUND: &'static [#private::Option<&'static #private::Structure>] = &[#(#found),*];
            #(#held)*
        };
    }
}

/// The name under which a lock knows a type that derives `Describe`.
fn described(ty: &Type) -> Option<String> {
    match plain(ty) {
        Type::Path(path) => Some(path.path.segments.last()?.ident.unraw().to_string()),
        _ => None,
    }
}

/// What the tests get: the structures that there are, and those that were released.
pub(super) fn compared(
    interface: &Interface<'_>,
    lock: &Lock,
    private: &TokenStream,
) -> TokenStream {
    let probed = probed(interface);
    let found = probed.iter().map(|probed| {
        let (cfgs, found) = (&probed.cfgs, probed.found(private));
        quote!(#cfgs #found)
    });
    let locked = lock.types.iter().map(|ty| {
        let (name, fingerprint, shape) = (&ty.name, ty.fingerprint, &ty.shape);
        quote!((#name, #fingerprint, #shape))
    });
    quote!(.with_types(&[#(#found),*], &[#(#locked),*]))
}

/// The types of arguments and results that may have a structure, each once.
fn probed<'a>(interface: &Interface<'a>) -> Vec<Probed<'a>> {
    let mut found: Vec<Probed<'_>> = Vec::new();
    for method in &interface.methods {
        let sent = method
            .arguments
            .iter()
            .map(|argument| argument.parameter.ty);
        let mut all = Vec::new();
        for ty in sent.chain([value_of(method.output)]) {
            named(ty, &mut all);
        }
        let cfgs = cfgs(&method.original.attrs);
        let cfgs = quote!(#(#cfgs)*);
        for ty in all {
            let (shown, conditions) = (text(ty), cfgs.to_string());
            let known = |other: &Probed<'_>| {
                text(other.ty) == shown && other.cfgs.to_string() == conditions
            };
            if !found.iter().any(known) {
                let cfgs = cfgs.clone();
                found.push(Probed { ty, cfgs });
            }
        }
    }
    found
}

/// The types within, but for those that every program has.
fn named<'a>(ty: &'a Type, found: &mut Vec<&'a Type>) {
    match plain(ty) {
        Type::Reference(reference) => named(&reference.elem, found),
        Type::Slice(slice) => named(&slice.elem, found),
        Type::Array(array) => named(&array.elem, found),
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|ty| named(ty, found)),
        Type::Path(path) if path.qself.is_none() => {
            let Some(last) = path.path.segments.last() else {
                return;
            };
            let unusable = |ident: &Ident| ident == "Self" || ident == "_";
            if has_ident(ty.to_token_stream(), &unusable) {
                return;
            }
            if let PathArguments::AngleBracketed(arguments) = &last.arguments {
                for argument in &arguments.args {
                    if let GenericArgument::Type(ty) = argument {
                        named(ty, found);
                    }
                }
            }
            if !is_everywhere(&last.ident) {
                found.push(ty);
            }
        }
        _ => {}
    }
}
