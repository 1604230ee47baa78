//! The endpoint: one small async function a method, and a table that the runtime picks from.
//!
//! ```text
//! async fn __rpc_host(service: &S, incoming: &Invocation<'_>) -> Outcome {
//!     let [arg0] = incoming.arguments(["name"])?;
//!     let ctxt = incoming.context::<Context>()?;
//!     let arg0 = arg0.decode::<String>()?;
//!     incoming.reply(<S as Inventory>::host(service, &ctxt, &arg0).await)
//! }
//! ```
//!
//! (One async function that matched over all methods would cost the compiler far more than linearly.)

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::spans::Place;
use super::{Names, cfgs, descriptor, types};
use crate::check::{Interface, Method};

pub(super) fn expand(interface: &Interface<'_>, names: &Names<'_>) -> TokenStream {
    let Names {
        client,
        endpoint,
        alias: rpc,
        ..
    } = names;
    let (vis, service) = (&interface.original.vis, &interface.original.ident);
    let handlers = interface
        .methods
        .iter()
        .map(|method| handler(interface, names, method));
    let table = interface.methods.iter().map(|method| {
        let cfgs = cfgs(&method.original.attrs);
        let handler = descriptor(method);
        quote!(#(#cfgs)* |service, incoming| #rpc::boxed(Self::#handler(service, incoming)))
    });
    // Nothing is known to implement a trait with mistakes.
    let bound = match interface.sound {
        true => quote!(#service),
        false => quote!(#rpc::Send + #rpc::Sync),
    };
    quote! {
        impl<S: #bound + 'static> #endpoint<S> {
            /// Serves `service`.
            #vis fn new(service: S) -> Self {
                Self { served: #rpc::Served::new(service) }
            }

            /// Serves it also under these namespaces, `None` being the absent one.
            #[must_use]
            #vis fn legacy_namespaces<'n>(
                self,
                namespaces: impl #rpc::IntoIterator<Item = #rpc::Option<&'n str>>,
            ) -> Self {
                Self { served: self.served.legacy_namespaces(namespaces) }
            }

            #(#handlers)*
        }

        #[automatically_derived]
        impl<S: #bound + 'static> #rpc::Endpoint for #endpoint<S> {
            fn interface(&self) -> &'static #rpc::Interface {
                const { &#client::INTERFACE }
            }

            fn legacy_namespaces(&self) -> &[#rpc::Option<#rpc::String>] {
                self.served.namespaces()
            }

            fn dispatch<'a>(
                &'a self,
                method: usize,
                incoming: &'a #rpc::Invocation<'a>,
            ) -> #rpc::BoxFuture<'a, #rpc::Outcome> {
                let handlers: &[#rpc::Handler<'a, S>] = &[#(#table),*];
                self.served.run(handlers, method, incoming)
            }
        }
    }
}

fn handler(interface: &Interface<'_>, names: &Names<'_>, method: &Method<'_>) -> TokenStream {
    let rpc = &names.alias;
    let service = &interface.original.ident;
    let cfgs = cfgs(&method.original.attrs);
    let (name, handler) = (&method.original.sig.ident, descriptor(method));
    let local = |name: &str| Ident::new(name, Span::mixed_site());
    let (implementation, incoming, context) = (local("service"), local("incoming"), local("ctxt"));
    let locals: Vec<_> = (0..method.arguments.len())
        .map(|place| Ident::new(&format!("arg{place}"), Span::mixed_site()))
        .collect();
    let wires = method.arguments.iter().map(|argument| &argument.wire);
    let context_type = types::owned_text(method.context.ty);
    let mut decoded = Vec::new();
    let mut lent = Vec::new();
    for (argument, local) in method.arguments.iter().zip(&locals) {
        let ty = argument.parameter.ty;
        let (owned, lend) = types::owned(rpc, ty, local);
        // At the type, so that a type that cannot be deserialised is what the compiler points at.
        let place = Place::of(ty).start;
        decoded.push(quote_spanned!(place=> let #local = #local.decode::<#owned>()?;));
        lent.push(lend);
    }
    let read_context = quote_spanned!(Place::of(method.context.ty).start=> let #context = #incoming.context::<#context_type>()?;);
    // At the return type, which is what is wrong when this does not compile.
    let Place { start, end } = Place::of(method.output);
    let wait = quote_spanned!(end=> await);
    let called = quote_spanned!(start=> <S as #service>);
    let call = quote!(#called::#name(#implementation, &#context, #(#lent),*).#wait);
    let reply = quote_spanned!(start=> #incoming.reply(#call));
    quote! {
        #(#cfgs)*
        async fn #handler(#implementation: &S, #incoming: &#rpc::Invocation<'_>) -> #rpc::Outcome {
            let [#(#locals),*] = #incoming.arguments([#(#wires),*])?;
            #read_context
            #(#decoded)*
            #reply
        }
    }
}
