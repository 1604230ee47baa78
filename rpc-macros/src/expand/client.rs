//! The client: its constructors, a method for each method of the trait, and its implementation of the trait.
//!
//! A client's method returns a call that is not sent yet. Its expansion is:
//!
//! ```text
//! pub fn host<'rpc>(&'rpc self, ctxt: &'rpc Context, name: &'rpc str)
//!     -> Call<'rpc, Result<Host>>
//! {
//!     let request = move |args: &mut Args<'_>| {
//!         args.arg("name", &name).context(ctxt)
//!     };
//!     Call::new(&self.rpc, &Self::__rpc_host, request)
//! }
//! ```

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{FnArg, Ident, Pat, ReturnType, Type, TypeParamBound};

use super::attributes::{self, cfgs, levels};
use super::names::{Names, descriptor, local, of_expansion};
use super::spans::Spans;
use super::trait_::{future_of, replace_reported_type};
use super::{arguments, interface, page, types};
use crate::check::{Broken, Interface, Method, Mode, OWN, is_option};
use crate::lifetimes;
use crate::types::has_ident;

pub(super) fn expand(interface: &Interface<'_>, names: &Names<'_>) -> TokenStream {
    let client = &names.client;
    let trait_ = &interface.original.ident;
    let constants = interface::expand(interface, names);
    let builders = interface
        .methods
        .iter()
        .map(|method| builder(interface, names, method));
    let whole = interface
        .methods
        .iter()
        .map(|method| implementation(names, method));
    let broken = interface.broken.iter().map(placeholder);
    let stand_ins = interface
        .broken
        .iter()
        .map(|method| stand_in(interface, names, method));
    let implementation = interface.implementable.then(|| {
        let client = at_supertrait(interface, client);
        quote! {
            #[automatically_derived]
            impl #trait_ for #client {
                #(#whole)*
                #(#broken)*
            }
        }
    });
    quote! {
        impl #client {
            #constants
            #(#builders)*
            #(#stand_ins)*
        }

        #implementation
    }
}

/// The client's name, with the span of the first supertrait that it may not implement, so that the compiler
/// points there.
fn at_supertrait(interface: &Interface<'_>, client: &Ident) -> Ident {
    const IMPLEMENTED: &[&str] = &["Send", "Sync", "Clone", "Debug", "Sized", "Unpin"];
    let mut bounds = interface.original.supertraits.iter();
    let lacked = bounds.find(|bound| match bound {
        TypeParamBound::Trait(bound) => {
            let last = bound.path.segments.last();
            last.is_some_and(|last| {
                !IMPLEMENTED
                    .iter()
                    .any(|implemented| last.ident == implemented)
            })
        }
        _ => false,
    });
    match lacked {
        Some(bound) => Spans::of(bound).item(client),
        None => client.clone(),
    }
}

/// The methods that every client has.
pub(super) fn fixed(interface: &Interface<'_>, names: &Names<'_>) -> TokenStream {
    let Names {
        client, alias: rpc, ..
    } = names;
    let vis = &interface.original.vis;
    let constructor = constructor(interface, names);
    quote! {
        impl #client {
            #constructor

            /// The untyped client, for methods that the trait does not declare.
            #vis fn rpc(&self) -> &#rpc::RpcClient {
                &self.rpc
            }

            /// A client with some of this client's settings overridden.
            #[must_use]
            #vis fn prepare(&self, options: #rpc::CallOptions) -> Self {
                Self { rpc: self.rpc.prepare(options) }
            }

            /// Whether the version cap allows messages of this version.
            #[must_use]
            #vis fn can_send_version(
                &self,
                version: impl #rpc::Into<#rpc::Version>,
            ) -> ::core::primitive::bool {
                self.rpc.can_send_version(version)
            }
        }

        /// Creates a client of the same servers with the same settings. The namespace, version, version cap
        /// and named times of another interface are not kept.
        #[automatically_derived]
        impl #rpc::From<#rpc::RpcClient> for #client {
            fn from(rpc: #rpc::RpcClient) -> Self {
                Self { rpc: #rpc::of_interface(rpc, &Self::INTERFACE) }
            }
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
                Self { rpc: #rpc::client(transport, &Self::INTERFACE) }
            }

            /// A builder for a client.
            #vis fn builder(transport: &#rpc::Transport) -> #rpc::ClientBuilder<Self> {
                #rpc::builder(transport, &Self::INTERFACE)
            }
        }
    } else {
        quote! {
            /// A client for the topic `topic`, with the default settings.
            #[must_use]
            #vis fn new(transport: &#rpc::Transport, topic: impl #rpc::Into<#rpc::String>) -> Self {
                Self { rpc: #rpc::client_with_topic(transport, &Self::INTERFACE, topic) }
            }

            /// A builder for a client for the topic `topic`.
            #vis fn builder(
                transport: &#rpc::Transport,
                topic: impl #rpc::Into<#rpc::String>,
            ) -> #rpc::ClientBuilder<Self> {
                #rpc::builder_with_topic(transport, &Self::INTERFACE, topic)
            }
        }
    }
}

/// The inherent method, which returns a call builder.
fn builder(interface: &Interface<'_>, names: &Names<'_>, method: &Method<'_>) -> TokenStream {
    let rpc = &names.alias;
    let vis = &interface.original.vis;
    let signature = &method.original.sig;
    let (name, output) = (&signature.ident, method.output);
    // The compiler lints the name at the trait's method. With this span, it does not lint it again. Other
    // names keep the user's span, for go-to-definition.
    let text = name.to_string();
    let name = if text.contains("__") || text.contains(char::is_uppercase) {
        of_expansion(name.clone())
    } else {
        name.clone()
    };
    let attributes = attributes::of_method(&method.original.attrs);
    let about = page::of_method(method, !attributes::is_documented(&method.original.attrs));
    let descriptor = descriptor(method);
    let builder = builder_of(method.mode);
    let context = &method.context.ident;
    let context_type = lifetimes::with_lifetime(method.context.ty, "rpc");
    let parameters = method.arguments.iter().map(|argument| {
        let ident = &argument.parameter.ident;
        let ty = lifetimes::with_lifetime(argument.parameter.ty, "rpc");
        let levels = levels(argument.attributes);
        quote!(#(#levels)* #ident: #ty)
    });
    let [args, request] = ["args", "request"].map(local);
    let (written, last) = arguments::written(method, rpc, &args);
    let spans = Spans::of(method.context.ty);
    let sent_context = spans.variable(context);
    let finish = quote_spanned!(spans.start=> #last.context(#sent_context));
    quote! {
        #(#attributes)*
        #[doc = #about]
        #vis fn #name<'rpc>(
            &'rpc self,
            #context: &'rpc #context_type,
            #(#parameters),*
        ) -> #rpc::#builder<'rpc, #output> {
            let #request = move |#args: &mut #rpc::Args<'_>| {
                #written
                #finish
            };
            #rpc::#builder::new(&self.rpc, &Self::#descriptor, #request)
        }
    }
}

fn builder_of(mode: Mode) -> TokenStream {
    match mode {
        Mode::Call => quote!(Call),
        Mode::CallOrCast => quote!(CallOrCast),
        Mode::Cast | Mode::Fanout => quote!(Cast),
    }
}

/// The implementation of a trait's method, for code that is generic over the trait. The call's future borrows
/// nothing, so the method need not be an `async fn`, which takes longer to compile.
fn implementation(names: &Names<'_>, method: &Method<'_>) -> TokenStream {
    let levels_of_method = levels(&method.original.attrs);
    let mut signature = method.original.sig.clone();
    signature.asyncness = None;
    let (rpc, output) = (&names.alias, method.output);
    signature.output = syn::parse_quote!(-> #rpc::BoxFuture<'static, #output>);
    let name = &method.original.sig.ident;
    let context = &method.context.ident;
    let mut receiver = None;
    for (place, input) in signature.inputs.iter_mut().enumerate() {
        match input {
            FnArg::Typed(typed) => {
                typed.attrs = levels(&typed.attrs);
                if place == 1 {
                    *typed.pat = Pat::Verbatim(context.to_token_stream());
                }
            }
            FnArg::Receiver(own) => {
                own.attrs.clear();
                receiver = Some(own.self_token);
            }
        }
    }
    let arguments = method
        .arguments
        .iter()
        .map(|argument| &argument.parameter.ident);
    // Points at the return type if it does not fit.
    let spans = Spans::of(method.output);
    let (rpc, client, name) = (
        spans.item(&names.alias),
        spans.item(&names.client),
        spans.item(name),
    );
    let wait = match method.mode {
        Mode::Call | Mode::CallOrCast => quote_spanned!(spans.start=> #rpc::called),
        Mode::Cast | Mode::Fanout => quote_spanned!(spans.start=> #rpc::sent),
    };
    let started = quote_spanned!(spans.end=> #client::#name(#receiver, #context, #(#arguments),*));
    let waiting = quote_spanned!(spans.end=> #wait(#started));
    quote! {
        #(#levels_of_method)*
        #signature {
            #waiting
        }
    }
}

/// The implementation of a method with mistakes, so that the compiler reports no further errors about it. It
/// never runs, since the program does not compile.
pub(super) fn placeholder(method: &Broken<'_>) -> TokenStream {
    let cfgs = cfgs(&method.original.attrs);
    let mut signature = method.original.sig.clone();
    for input in &mut signature.inputs {
        match input {
            FnArg::Receiver(receiver) => receiver.attrs.clear(),
            FnArg::Typed(typed) => {
                // The trait has the same conditions.
                typed.attrs = attributes::cfgs(&typed.attrs);
                *typed.pat = Pat::Verbatim(quote!(_));
                replace_reported_type(&mut typed.ty, true);
            }
        }
    }
    if signature.asyncness.take().is_none() {
        let is_future = match &signature.output {
            ReturnType::Type(_, ty) => lifetimes::output_of_future(ty).is_some(),
            ReturnType::Default => false,
        };
        let body = if is_future {
            quote!(::core::future::pending())
        } else {
            quote!(::core::panic!())
        };
        return quote!(#(#cfgs)* #signature { #body });
    }
    signature.output = future_of(&signature, true);
    quote!(#(#cfgs)* #signature { ::core::future::pending() })
}

/// The client's method for a method with mistakes. It has the same name and number of arguments.
fn stand_in(interface: &Interface<'_>, names: &Names<'_>, method: &Broken<'_>) -> TokenStream {
    let rpc = &names.alias;
    let vis = &interface.original.vis;
    let cfgs = cfgs(&method.original.attrs);
    let signature = &method.original.sig;
    let name = &signature.ident;
    if OWN.contains(&name.unraw().to_string().as_str()) {
        return TokenStream::new();
    }
    // A type that contains such a name has no meaning in the client.
    let unknown = |ident: &Ident| {
        let generics = [&interface.original.generics, &signature.generics];
        ident == "Self"
            || ident == "_"
            || ident == "impl"
            || generics.iter().any(|generics| {
                let types = generics.type_params().map(|parameter| &parameter.ident);
                let constants = generics.const_params().map(|parameter| &parameter.ident);
                types.chain(constants).any(|parameter| parameter == ident)
            })
    };
    let arguments = signature.inputs.iter().filter_map(|input| match input {
        // A caller's `None` or `&[]` needs the type to compile.
        FnArg::Typed(typed)
            if (is_option(&typed.ty) || types::is_slice(&typed.ty))
                && !has_ident(typed.ty.to_token_stream(), &unknown) =>
        {
            let ty = lifetimes::with_lifetime(&typed.ty, "_");
            Some(quote!(_: #ty))
        }
        FnArg::Typed(_) => Some(quote!(_: impl #rpc::Sized)),
        FnArg::Receiver(_) => None,
    });
    let output = match &signature.output {
        ReturnType::Type(_, ty) => {
            let output = lifetimes::output_of_future(ty);
            let output = output.or_else(|| lifetimes::output_of_boxed_future(ty));
            Some(output.unwrap_or(ty))
        }
        ReturnType::Default => None,
    };
    let output = match output {
        Some(ty) if matches!(ty, Type::Path(_)) && !has_ident(ty.to_token_stream(), &unknown) => {
            lifetimes::owned(ty)
        }
        _ => quote!(#rpc::Result<()>),
    };
    let builder = builder_of(method.mode);
    quote! {
        #(#cfgs)*
        #[doc(hidden)]
        #vis fn #name(&self, #(#arguments),*) -> #rpc::#builder<'_, #output> {
            ::core::panic!()
        }
    }
}
