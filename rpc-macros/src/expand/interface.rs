//! The description of the interface, as constants.
//!
//! ```text
//! const __rpc_host: Method = Method::new("host", Mode::Call, Version::new(2, 0), &[…], "Result<Host>");
//! pub const INTERFACE: Interface = Interface::new("Inventory", Version::new(2, 0), &[Self::__rpc_host]);
//! ```

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;

use super::{Names, cfgs, descriptor, types};
use crate::attr::Version;
use crate::check::{Interface, Method, Mode};

pub(super) fn expand(interface: &Interface<'_>, names: &Names<'_>) -> TokenStream {
    let rpc = &names.alias;
    let vis = &interface.original.vis;
    let name = interface.original.ident.unraw().to_string();
    let about = format!(
        "What [`{name}`] is on the wire.",
        name = interface.original.ident
    );
    let version = version(names, interface.version);
    let topic = interface
        .topic
        .iter()
        .map(|topic| quote!(.with_topic(#topic)));
    let exchange = interface
        .exchange
        .iter()
        .map(|name| quote!(.with_exchange(#name)));
    let namespace = interface
        .namespace
        .iter()
        .map(|name| quote!(.with_namespace(#name)));
    let listed = interface.methods.iter().map(|method| {
        let cfgs = cfgs(&method.original.attrs);
        let constant = descriptor(method);
        quote!(#(#cfgs)* Self::#constant)
    });
    let methods = interface
        .methods
        .iter()
        .map(|method| describe(method, names));
    quote! {
        #(#methods)*

        #[doc = #about]
        #vis const INTERFACE: #rpc::Interface =
            #rpc::Interface::new(#name, #version, &[#(#listed),*]) #(#topic)* #(#exchange)* #(#namespace)*;
    }
}

fn describe(method: &Method<'_>, names: &Names<'_>) -> TokenStream {
    let rpc = &names.alias;
    let cfgs = cfgs(&method.original.attrs);
    let constant = descriptor(method);
    let wire = &method.wire;
    let mode = match method.mode {
        Mode::Call => quote!(Call),
        Mode::Cast => quote!(Cast),
        Mode::Fanout => quote!(Fanout),
    };
    let version = version(names, method.version);
    let arguments = method.arguments.iter().map(|argument| {
        let wire = &argument.wire;
        let ty = types::text(argument.parameter.ty);
        quote!(#rpc::Argument::new(#wire, #ty))
    });
    let returns = types::text(method.output);
    let timeout = method.timeout.map(|timeout| duration(names, timeout));
    let timeout = timeout
        .iter()
        .map(|timeout| quote!(.with_timeout(#timeout)));
    let monitor = method.monitor.map(|monitor| duration(names, monitor));
    let monitor = monitor
        .iter()
        .map(|monitor| quote!(.with_monitor(#monitor)));
    quote! {
        #(#cfgs)*
        const #constant: #rpc::Method =
            #rpc::Method::new(#wire, #rpc::Mode::#mode, #version, &[#(#arguments),*], #returns) #(#timeout)* #(#monitor)*;
    }
}

fn version(names: &Names<'_>, (major, minor, revision): Version) -> TokenStream {
    let rpc = &names.alias;
    match revision {
        0 => quote!(#rpc::Version::new(#major, #minor)),
        revision => quote!(#rpc::Version::new(#major, #minor).with_revision(#revision)),
    }
}

fn duration(names: &Names<'_>, duration: Duration) -> TokenStream {
    let rpc = &names.alias;
    let (seconds, nanoseconds) = (duration.as_secs(), duration.subsec_nanos());
    quote!(#rpc::Duration::new(#seconds, #nanoseconds))
}
