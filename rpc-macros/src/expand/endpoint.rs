//! The endpoint: one small async function a method, and a table that the runtime picks from.
//!
//! ```text
//! async fn __host(service: &S, request: &In<'_>) -> Out {
//!     let (ctxt, [arg0]) = read(request, ["name"])?;
//!     let arg0 = arg0.decode::<String>()?;
//!     let returned = <S as Inventory>::host(service, &ctxt, &arg0).await;
//!     reply(request, returned)
//! }
//! ```
//!
//! (One async function that matched over all methods would cost the compiler far more than linearly.)

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::parameters::{self, Parameters};
use super::spans::Place;
use super::{Names, cfgs, descriptor};
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
        quote!(#(#cfgs)* |service, request| #rpc::boxed(Self::#handler(service, request)))
    });
    // Nothing is known to implement a trait with mistakes.
    let bound = if interface.sound {
        quote!(#service)
    } else {
        quote!(#rpc::Send + #rpc::Sync)
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
                request: &'a #rpc::Invocation<'a>,
            ) -> #rpc::BoxFuture<'a, #rpc::Outcome> {
                let handlers: &[#rpc::Handler<'a, S>] = &[#(#table),*];
                self.served.run(handlers, method, request)
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
    let (implementation, request, context) = (local("service"), local("request"), local("ctxt"));
    let Parameters {
        names,
        locals,
        decoded,
        passed,
    } = parameters::of(method, rpc, &request);
    // The implementation tells the context's type; its place is for when it cannot be deserialised.
    let place = Place::of(method.context.ty);
    let private = place.item(rpc);
    let read = quote_spanned!(place.start=> #private::read);
    // At the return type, which is what is wrong when this does not compile.
    let place = Place::of(method.output);
    let (private, service, name) = (place.item(rpc), place.item(service), place.item(name));
    let start = quote_spanned!(place.start=> <S as #service>::#name);
    let end = quote_spanned!(place.end=> await);
    let called = quote!(#start(#implementation, &#context, #(#passed),*).#end);
    // In this function no name is the user's, so it need not be hygienic; and were it, the compiler
    // would point at the attribute.
    let returned = Ident::new("returned", place.start);
    let reply = quote_spanned!(place.start=> #private::reply(#request, #returned));
    quote! {
        #(#cfgs)*
        async fn #handler(#implementation: &S, #request: &#rpc::In<'_>) -> #rpc::Out {
            let (#context, [#(#locals),*]) = #read(#request, [#(#names),*])?;
            #(#decoded)*
            let #returned = #called;
            #reply
        }
    }
}
