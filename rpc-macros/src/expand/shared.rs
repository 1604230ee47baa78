//! Implements the trait for an `Arc` of a service.
//!
//! ```text
//! impl<T: Inventory> Inventory for Arc<T> {
//!     fn host(&self, ctxt: &Context, name: &str) -> impl Future<Output = Result<Host>> + Send {
//!         <T as Inventory>::host(self, ctxt, name)
//!     }
//! }
//! ```
//!
//! A user could not write this implementation for a trait of another crate. A provided method that takes or
//! returns `Self` cannot be forwarded; it keeps the trait's body. There are no implementations for `Box<T>`
//! and `&T`: each would make a trait compile a tenth slower.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{
    FnArg, GenericParam, Ident, Pat, ReceiverKind, Signature, TraitItem, TraitItemConst,
    TraitItemFn,
};

use super::attributes::{self, levels};
use super::client;
use super::names::{local, parameter};
use super::trait_::future_of;
use crate::check::Interface;
use crate::types::has_ident;

pub(super) fn expand(interface: &Interface<'_>) -> TokenStream {
    if !interface.implementable {
        return TokenStream::new();
    }
    let original = interface.original;
    let (private, trait_) = (&interface.krate, &original.ident);
    let parameter = parameter(original, "T");
    let shared = quote!(#private::__private::Arc<#parameter>);
    let broken = |function: &TraitItemFn| {
        let mut broken = interface.broken.iter();
        broken.find(|broken| broken.original.sig.ident == function.sig.ident)
    };
    let items: Vec<_> = original
        .items
        .iter()
        .filter_map(|item| match item {
            TraitItem::Const(constant) => Some(passed_constant(constant, trait_, &parameter)),
            TraitItem::Fn(function) => match broken(function) {
                Some(broken) => Some(client::placeholder(broken)),
                None => passed_method(function, trait_, &parameter),
            },
            _ => None,
        })
        .collect();
    // The supertraits that the user has written: an `Arc` may not implement them.
    let supertraits = &original.supertraits;
    let clause = (!supertraits.is_empty()).then(|| quote!(where #shared: #supertraits));
    // A trait object is unsized.
    let unsized_too = interface.object.map(|_| quote!(+ ?::core::marker::Sized));
    let levels = attributes::of_block(original);
    quote! {
        #(#levels)*
        const _: () = {
            #[automatically_derived]
            impl<#parameter: #trait_ #unsized_too> #trait_ for #shared #clause {
                #(#items)*
            }
        };
    }
}

fn passed_constant(constant: &TraitItemConst, trait_: &Ident, parameter: &Ident) -> TokenStream {
    let TraitItemConst { ident, ty, .. } = constant;
    let levels = levels(&constant.attrs);
    quote!(#(#levels)* const #ident: #ty = <#parameter as #trait_>::#ident;)
}

/// A method that forwards to the service. `None` for a provided method that cannot be forwarded.
fn passed_method(function: &TraitItemFn, trait_: &Ident, parameter: &Ident) -> Option<TokenStream> {
    let mut signature = function.sig.clone();
    if function.default.is_some() && !can_be_passed_on(&signature) {
        return None;
    }
    let levels = levels(&function.attrs);
    let mut passed = Vec::new();
    for (place, input) in signature.inputs.iter_mut().enumerate() {
        match input {
            FnArg::Receiver(receiver) => {
                receiver.attrs.clear();
                passed.push(receiver.self_token.to_token_stream());
            }
            FnArg::Typed(typed) => {
                let conditions = attributes::cfgs(&typed.attrs);
                let argument = local(&place.to_string());
                passed.push(quote!(#(#conditions)* #argument));
                typed.attrs = conditions;
                *typed.pat = Pat::Verbatim(argument.into_token_stream());
            }
        }
    }
    if signature.asyncness.is_some() {
        signature.output = future_of(&signature, function.default.is_none());
        signature.asyncness = None;
    }
    let name = &signature.ident;
    // Generic types and constants must be passed on, because they may not be inferable.
    let generics = signature
        .generics
        .params
        .iter()
        .filter_map(|parameter| match parameter {
            GenericParam::Type(parameter) => Some(&parameter.ident),
            GenericParam::Const(parameter) => Some(&parameter.ident),
            GenericParam::Lifetime(_) => None,
        });
    let generics: Vec<_> = generics.collect();
    let generics = (!generics.is_empty()).then(|| quote!(::<#(#generics),*>));
    Some(quote! {
        #(#levels)*
        #signature {
            <#parameter as #trait_>::#name #generics(#(#passed),*)
        }
    })
}

fn can_be_passed_on(signature: &Signature) -> bool {
    let shared = match signature.inputs.first() {
        Some(FnArg::Receiver(receiver)) => {
            matches!(receiver.kind, ReceiverKind::Reference(_, _, None))
        }
        _ => true,
    };
    let is_plain = signature.constness.is_none() && signature.abi.is_none();
    let own = |ident: &Ident| ident == "Self";
    shared && is_plain && !has_ident(signature.to_token_stream(), &own)
}
