//! The endpoint: a handler for each method, and a table of handlers, from which the runtime selects.
//!
//! ```text
//! fn __rpc_host(call: Incoming<'_, S>) -> Running<'_> {
//!     let (ctxt, [arg0, arg1]) = call.read(["name", "size"])?;
//!     let arg0 = arg0.decode::<String>()?;
//!     let arg1 = arg1.decode::<u32>()?;
//!     let (arg0,) = call.keep((arg0,));
//!     call.answer(<S as Inventory>::host(call.to, ctxt, arg0, arg1))
//! }
//! ```
//!
//! A handler is not an `async fn`, which would take three times as long to compile. The values that the
//! method borrows are stored with the request.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

use super::attributes::{cfgs, levels};
use super::names::{Names, descriptor, local};
use super::parameters::{self, Parameters};
use super::spans::Spans;
use crate::check::{Interface, Method};

pub(super) fn expand(interface: &Interface<'_>, names: &Names<'_>) -> TokenStream {
    let Names {
        client,
        endpoint,
        alias: rpc,
        parameter,
        ..
    } = names;
    let handlers = interface
        .methods
        .iter()
        .map(|method| handler(interface, names, method));
    let table = interface.methods.iter().map(|method| {
        let cfgs = cfgs(&method.original.attrs);
        let handler = descriptor(method);
        quote!(#(#cfgs)* Self::#handler)
    });
    let bound = bound(interface, rpc);
    // Uses the handlers. Otherwise the compiler reports the user's code as dead if the program uses only the
    // client.
    let used = interface.implementable.then(|| {
        quote! {
            const _: () = {
                let _ = #endpoint::<#client>::__RPC_HANDLERS;
            };
        }
    });
    quote! {
        #used

        impl<#parameter: #bound + 'static> #endpoint<#parameter> {
            #(#handlers)*

            const __RPC_HANDLERS: &'static [#rpc::Handler<#parameter>] = &[#(#table),*];
        }
    }
}

/// The bound of the endpoint's type parameter. A trait with mistakes is not a bound, since nothing implements
/// it.
fn bound(interface: &Interface<'_>, rpc: &Ident) -> TokenStream {
    if interface.implementable {
        interface.original.ident.to_token_stream()
    } else {
        quote!(#rpc::Send + #rpc::Sync)
    }
}

/// The methods that every endpoint has.
pub(super) fn fixed(interface: &Interface<'_>, names: &Names<'_>) -> TokenStream {
    let Names {
        client,
        endpoint,
        alias: rpc,
        parameter,
        ..
    } = names;
    let vis = &interface.original.vis;
    let bound = bound(interface, rpc);
    quote! {
        impl<#parameter: #bound + 'static> #endpoint<#parameter> {
            /// An endpoint that serves `service`.
            #vis fn new(service: #parameter) -> Self {
                Self { inner: #rpc::EndpointInner::new(service, const { &#client::INTERFACE }) }
            }

            /// Sets the namespace, in place of the trait's. `None` serves requests without a namespace.
            #[must_use]
            #vis fn namespace<'n>(
                self,
                namespace: impl #rpc::Into<#rpc::Option<&'n ::core::primitive::str>>,
            ) -> Self {
                Self { inner: self.inner.within(|scope| scope.namespace(namespace)) }
            }

            /// Sets the implemented version, in place of the trait's highest.
            #[must_use]
            #vis fn version(self, version: impl #rpc::Into<#rpc::Version>) -> Self {
                Self { inner: self.inner.within(|scope| scope.version(version)) }
            }

            /// Serves requests in these namespaces, too. `None` serves requests without a namespace.
            #[must_use]
            #vis fn legacy_namespaces<'n>(
                self,
                namespaces: impl #rpc::IntoIterator<Item = #rpc::Option<&'n ::core::primitive::str>>,
            ) -> Self {
                Self { inner: self.inner.within(|scope| scope.legacy_namespaces(namespaces)) }
            }
        }

        #[automatically_derived]
        impl<#parameter: #bound + 'static> #rpc::Endpoint for #endpoint<#parameter> {
            fn scope(&self) -> #rpc::Scope {
                self.inner.scope()
            }

            fn dispatch<'a>(
                &'a self,
                request: &'a #rpc::Invocation<'a>,
            ) -> #rpc::BoxFuture<'a, #rpc::Outcome> {
                self.inner.run(Self::__RPC_HANDLERS, request)
            }
        }

        #[automatically_derived]
        impl<#parameter> ::core::fmt::Debug for #endpoint<#parameter> {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(&self.inner, f)
            }
        }
    }
}

fn handler(interface: &Interface<'_>, names: &Names<'_>, method: &Method<'_>) -> TokenStream {
    let Names {
        alias: rpc,
        parameter,
        ..
    } = names;
    let trait_ = &interface.original.ident;
    let levels = levels(&method.original.attrs);
    let (name, handler) = (&method.original.sig.ident, descriptor(method));
    let (call, context) = (local("call"), local("ctxt"));
    let Parameters {
        names,
        locals,
        decoded,
        lent,
        borrowed,
        passed,
    } = parameters::of(method, rpc, &call);
    // The compiler infers the context's type from the call below. Points at the type if it cannot be
    // deserialised.
    let spans = Spans::of(method.context.ty);
    let read = quote_spanned!(spans.start=> #call.read([#(#names),*])?);
    // Points at the return type if it does not fit.
    let spans = Spans::of(method.output);
    let (trait_, name) = (spans.item(trait_), spans.item(name));
    let start = quote_spanned!(spans.start=> <#parameter as #trait_>::#name);
    let arguments = quote_spanned!(spans.end=> (#call.to, #context, #(#passed),*));
    let started = quote!(#start #arguments);
    let (begun, started) = if borrowed.is_empty() {
        (None, started)
    } else {
        // The variable is not hygienic: no name in this function is the user's, and the compiler would point
        // at the attribute.
        let out = Ident::new("__out", spans.start);
        let begun = quote!(let #out = async move { #(#borrowed)* #started.await };);
        (Some(begun), out.into_token_stream())
    };
    let answer = quote_spanned!(spans.start=> #call.answer(#started));
    let loan = (!lent.is_empty()).then(|| quote!(let (#(#lent,)*) = #call.keep((#(#lent,)*));));
    quote! {
        #(#levels)*
        fn #handler(#call: #rpc::Incoming<'_, #parameter>) -> #rpc::Running<'_> {
            let (#context, [#(#locals),*]) = #read;
            #(#decoded)*
            #loan
            #begun
            #answer
        }
    }
}
