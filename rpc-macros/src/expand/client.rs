//! The client: constructors, a call builder for each method, and the trait itself.
//!
//! ```text
//! pub fn host<'rpc>(&'rpc self, ctxt: &'rpc Context, name: &'rpc str)
//!     -> Call<'rpc, Result<Host>, impl EncodeRequest + 'rpc>
//! {
//!     Call::new(&self.rpc, &Self::__rpc_host, move |mut args: Args<'_>| {
//!         args.arg("name", &name)?;
//!         args.finish(ctxt)
//!     })
//! }
//! ```

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, FnArg, Ident, Pat, TraitItemFn};

use super::{Names, cfgs, descriptor, interface, types};
use crate::attr::is_rpc;
use crate::check::{Interface, Method, Mode};

pub(super) fn expand(interface: &Interface<'_>, names: &Names<'_>) -> TokenStream {
    let Names {
        client, alias: rpc, ..
    } = names;
    let (vis, service) = (&interface.original.vis, &interface.original.ident);
    let constants = interface::expand(interface, names);
    let constructor = constructor(interface, names);
    let builders = interface
        .methods
        .iter()
        .map(|method| builder(interface, names, method));
    let whole = interface
        .methods
        .iter()
        .map(|method| implementation(names, method));
    let broken = interface.broken.iter().map(|method| placeholder(method));
    quote! {
        impl #client {
            #constants

            #constructor

            /// A client whose settings are chosen first.
            #vis fn builder(transport: &#rpc::Transport) -> #rpc::ClientBuilder<Self> {
                #rpc::builder(transport, &Self::INTERFACE)
            }

            /// The untyped client underneath: what a macro cannot say is written over it.
            #vis fn rpc(&self) -> &#rpc::RpcClient {
                &self.rpc
            }

            /// This client with some of its settings overridden; to be kept, or passed on.
            #[must_use]
            #vis fn prepare(&self, options: #rpc::CallOptions) -> Self {
                Self { rpc: self.rpc.prepare(options) }
            }

            /// Whether the version cap lets a message of this version out.
            #[must_use]
            #vis fn can_send_version(&self, version: impl #rpc::Into<#rpc::Version>) -> bool {
                self.rpc.can_send_version(version)
            }

            #(#builders)*
        }

        #[automatically_derived]
        impl #rpc::From<#rpc::RpcClient> for #client {
            fn from(rpc: #rpc::RpcClient) -> Self {
                Self { rpc }
            }
        }

        #[automatically_derived]
        impl #service for #client {
            #(#whole)*
            #(#broken)*
        }
    }
}

fn constructor(interface: &Interface<'_>, names: &Names<'_>) -> TokenStream {
    let rpc = &names.alias;
    let vis = &interface.original.vis;
    if interface.topic.is_some() {
        quote! {
            /// A client with the default settings.
            #[must_use]
            #vis fn new(transport: &#rpc::Transport) -> Self {
                Self { rpc: #rpc::client(transport, Self::INTERFACE.target()) }
            }
        }
    } else {
        quote! {
            /// A client of the servers of `topic`, with the default settings.
            #[must_use]
            #vis fn new(transport: &#rpc::Transport, topic: impl #rpc::Into<#rpc::String>) -> Self {
                Self { rpc: #rpc::client(transport, #rpc::with_topic(&Self::INTERFACE, topic)) }
            }
        }
    }
}

/// The inherent method, which returns a call to be adjusted and awaited.
fn builder(interface: &Interface<'_>, names: &Names<'_>, method: &Method<'_>) -> TokenStream {
    let rpc = &names.alias;
    let vis = &interface.original.vis;
    let signature = &method.original.sig;
    let (name, output) = (&signature.ident, method.output);
    let attributes = method
        .original
        .attrs
        .iter()
        .filter(|attribute| is_forwarded(attribute));
    let documented = method
        .original
        .attrs
        .iter()
        .any(|attribute| attribute.path().is_ident("doc"));
    let about = (!documented).then(|| {
        let about = format!("The method `{}`.", method.wire);
        quote!(#[doc = #about])
    });
    let descriptor = descriptor(method);
    let builder = match method.mode {
        Mode::Call => quote!(Call),
        Mode::Cast | Mode::Fanout => quote!(Cast),
    };
    let context = &method.context.ident;
    let context_type = types::with_lifetime(method.context.ty.to_token_stream(), "rpc");
    let parameters = method.arguments.iter().map(|argument| {
        let ident = &argument.parameter.ident;
        let ty = types::with_lifetime(argument.parameter.ty.to_token_stream(), "rpc");
        quote!(#ident: #ty)
    });
    let args = Ident::new("args", Span::mixed_site());
    let written = method.arguments.iter().map(|argument| {
        let (ident, wire) = (&argument.parameter.ident, &argument.wire);
        // At the type, so that a type that cannot be serialised is what the compiler points at.
        quote_spanned!(argument.parameter.ty.span()=> #args.arg(#wire, &#ident)?;)
    });
    let mutability = (!method.arguments.is_empty()).then(|| quote!(mut));
    let finish = quote_spanned!(method.context.ty.span()=> #args.finish(#context));
    quote! {
        #about
        #(#attributes)*
        #vis fn #name<'rpc>(
            &'rpc self,
            #context: &'rpc #context_type,
            #(#parameters),*
        ) -> #rpc::#builder<'rpc, #output, impl #rpc::EncodeRequest + 'rpc> {
            #rpc::#builder::new(&self.rpc, &Self::#descriptor, move |#mutability #args: #rpc::Args<'_>| {
                #(#written)*
                #finish
            })
        }
    }
}

fn is_forwarded(attribute: &Attribute) -> bool {
    ["doc", "cfg", "deprecated"]
        .iter()
        .any(|name| attribute.path().is_ident(name))
}

/// The trait's method, for code that is generic over the trait.
fn implementation(names: &Names<'_>, method: &Method<'_>) -> TokenStream {
    let client = &names.client;
    let cfgs = cfgs(&method.original.attrs);
    let mut signature = method.original.sig.clone();
    let name = &method.original.sig.ident;
    let context = &method.context.ident;
    for (place, input) in signature.inputs.iter_mut().enumerate() {
        if let FnArg::Typed(typed) = input {
            typed.attrs.clear();
            if place == 1 {
                *typed.pat = Pat::Verbatim(context.to_token_stream());
            }
        }
    }
    let arguments = method
        .arguments
        .iter()
        .map(|argument| &argument.parameter.ident);
    quote! {
        #(#cfgs)*
        #signature {
            #client::#name(self, #context, #(#arguments),*).await
        }
    }
}

/// Stands for a method with mistakes, so that they are all that is reported.
fn placeholder(method: &TraitItemFn) -> TokenStream {
    let cfgs = cfgs(&method.attrs);
    let mut signature = method.sig.clone();
    for input in &mut signature.inputs {
        match input {
            FnArg::Receiver(receiver) => receiver.attrs.retain(|attribute| !is_rpc(attribute)),
            FnArg::Typed(typed) => {
                typed.attrs.clear();
                *typed.pat = Pat::Verbatim(quote!(_));
            }
        }
    }
    quote! {
        #(#cfgs)*
        #signature {
            ::core::unreachable!()
        }
    }
}
