//! The dyn-compatible form of the trait (its object), for the option `dyn`: the same methods with boxed futures.
//!
//! ```text
//! pub trait DynInventory: Send + Sync {
//!     fn __dyn_host<'rpc>(&'rpc self, ctxt: &'rpc Context, name: &'rpc str) -> BoxFuture<'rpc, Result<Host>>;
//! }
//! impl<T: Inventory> DynInventory for T {
//!     fn __dyn_host<'rpc>(&'rpc self, …) -> BoxFuture<'rpc, Result<Host>> {
//!         Box::pin(<T as Inventory>::host(self, ctxt, name))
//!     }
//! }
//! impl Inventory for dyn DynInventory + '_ {
//!     async fn host(&self, ctxt: &Context, name: &str) -> Result<Host> {
//!         <Self as DynInventory>::__dyn_host(self, ctxt, name).await
//!     }
//! }
//! ```
//!
//! The object's methods have different names. A service implements both traits, so a call of `host` would be
//! ambiguous if both were imported. A `dyn DynInventory` has the methods of `Inventory` through the last
//! implementation. One lifetime suffices for everything that a method borrows, because its result is owned.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{
    FnArg, Ident, Lifetime, Pat, ReturnType, Signature, TraitItem, TraitItemFn, parse_quote,
};

use super::attributes::{self, levels};
use super::client;
use super::names::{Names, local, of_expansion, parameter};
use super::page;
use super::spans::Spans;
use crate::check::{Interface, Object, is_part_of_object};
use crate::lifetimes;

pub(super) fn expand(interface: &Interface<'_>, object: Object, names: &Names<'_>) -> TokenStream {
    let original = interface.original;
    let (vis, trait_, name) = (&original.vis, &original.ident, &names.object);
    let about = about(trait_, name);
    let attributes = attributes::of_type(&original.attrs);
    let parameter = parameter(original, "T");
    let levels = attributes::of_block(original);
    let [send, sync] = [quote!(::core::marker::Send), quote!(::core::marker::Sync)];
    if object == Object::Named {
        return quote! {
            #(#[doc = #about])*
            #(#attributes)*
            #vis trait #name: #send + #sync {}

            impl<#parameter: #send + #sync> #name for #parameter {}
        };
    }
    let supertraits = original.supertraits.iter();
    let methods: Vec<_> = methods(interface, name, &parameter).collect();
    let declared = methods.iter().map(|method| &method.declared);
    let boxed = methods.iter().map(|method| &method.boxed);
    let unboxed = methods.iter().map(|method| &method.unboxed);
    let broken = interface.broken.iter().map(client::placeholder);
    // Points at the supertrait if it is not dyn-compatible.
    let object = match original.supertraits.first() {
        Some(bound) => Spans::of(bound).item(name),
        None => name.clone(),
    };
    quote! {
        #(#[doc = #about])*
        #(#attributes)*
        #vis trait #name: #send + #sync #(+ #supertraits)* {
            #(#declared)*
        }

        #(#levels)*
        const _: () = {
            #[automatically_derived]
            impl<#parameter: #trait_> #name for #parameter {
                #(#boxed)*
            }

            #[automatically_derived]
            impl #trait_ for dyn #object + '_ {
                #(#unboxed)*
                #(#broken)*
            }
        };
    }
}

fn about(trait_: &Ident, object: &Ident) -> [String; 3] {
    let [trait_, object] = [trait_, object].map(page::plain);
    [
        format!("The dyn-compatible form of [`{trait_}`]: `&dyn {object}`, `Arc<dyn {object}>`."),
        String::new(),
        format!(
            "Every type that implements [`{trait_}`] implements it too. `dyn {object}` implements \
             [`{trait_}`]; each call of an async method boxes its future."
        ),
    ]
}

/// The three forms of one method.
struct ObjectMethod {
    /// The declaration in the dyn-compatible form.
    declared: TokenStream,
    /// The implementation of the dyn-compatible form for a service.
    boxed: TokenStream,
    /// The implementation of the trait for the object.
    unboxed: TokenStream,
}

/// The forms of the interface's methods without mistakes, and of the provided methods that an object can
/// have.
fn methods(
    interface: &Interface<'_>,
    object: &Ident,
    parameter: &Ident,
) -> impl Iterator<Item = ObjectMethod> {
    let functions = interface
        .original
        .items
        .iter()
        .filter_map(|item| match item {
            TraitItem::Fn(function) => Some(function),
            _ => None,
        });
    let trait_ = &interface.original.ident;
    let is_of_object = |function: &&TraitItemFn| {
        let mut broken = interface.broken.iter();
        if function.default.is_some() {
            is_part_of_object(&function.sig)
        } else {
            !broken.any(|broken| broken.original.sig.ident == function.sig.ident)
        }
    };
    functions
        .filter(is_of_object)
        .map(|function| object_method(interface, trait_, object, parameter, function))
}

fn object_method(
    interface: &Interface<'_>,
    trait_: &Ident,
    object: &Ident,
    parameter: &Ident,
    function: &TraitItemFn,
) -> ObjectMethod {
    let levels = levels(&function.attrs);
    let name = &function.sig.ident;
    let boxed_name = of_expansion(format_ident!("__dyn_{}", name));
    let mut signature = function.sig.clone();
    let passed = with_plain_arguments(&mut signature);
    let mut boxed = Signature {
        ident: boxed_name.clone(),
        ..signature.clone()
    };
    let mut on_object = quote!(<Self as #object>::#boxed_name(#(#passed),*));
    let mut on_service = quote!(<#parameter as #trait_>::#name(#(#passed),*));
    if signature.asyncness.is_some() {
        box_future(&interface.krate, &mut boxed);
        on_object = quote!(#on_object.await);
        on_service = quote!(::std::boxed::Box::pin(#on_service));
    }
    ObjectMethod {
        declared: quote! {
            #(#levels)*
            #[doc(hidden)]
            #boxed;
        },
        boxed: quote! {
            #(#levels)*
            #boxed { #on_service }
        },
        unboxed: quote! {
            #(#levels)*
            #signature { #on_object }
        },
    }
}

/// Gives each argument a generated name. Returns the arguments that a forwarding call passes.
fn with_plain_arguments(signature: &mut Signature) -> Vec<TokenStream> {
    let inputs = signature.inputs.iter_mut().enumerate();
    let passed = inputs.map(|(place, input)| match input {
        FnArg::Receiver(receiver) => {
            receiver.attrs.clear();
            receiver.self_token.to_token_stream()
        }
        FnArg::Typed(typed) => {
            typed.attrs = attributes::cfgs(&typed.attrs);
            let argument = local(&place.to_string());
            *typed.pat = Pat::Verbatim(argument.to_token_stream());
            let conditions = &typed.attrs;
            quote!(#(#conditions)* #argument)
        }
    });
    passed.collect()
}

/// `async fn f(&self, name: &str) -> R` becomes `fn f<'rpc>(&'rpc self, name: &'rpc str) -> BoxFuture<'rpc, R>`.
fn box_future(krate: &TokenStream, signature: &mut Signature) {
    signature.asyncness = None;
    signature.generics.params = parse_quote!('rpc);
    let rpc: Lifetime = parse_quote!('rpc);
    for input in &mut signature.inputs {
        match input {
            FnArg::Receiver(receiver) => {
                if let syn::ReceiverKind::Reference(_, lifetime, _) = &mut receiver.kind {
                    *lifetime = Some(rpc.clone());
                }
            }
            FnArg::Typed(typed) => {
                let ty = lifetimes::with_lifetime(&typed.ty, "rpc");
                *typed.ty = syn::Type::Verbatim(ty);
            }
        }
    }
    let output = match &signature.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => ty.to_token_stream(),
    };
    signature.output = parse_quote!(-> #krate::__private::BoxFuture<'rpc, #output>);
}
