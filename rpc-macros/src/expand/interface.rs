//! The description of the interface, as constants.
//!
//! ```text
//! const __host: Method = call_of("host", 2, 0).takes(&[…]).returns("Result<Host>");
//! const __METHODS: &'static [Method] = &[Self::__host];
//! pub const INTERFACE: Interface = Interface::new("Inventory", Version::new(2, 0), Self::__METHODS);
//! ```

use std::time::Duration;

use proc_macro2::{Literal, TokenStream};
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

        const __METHODS: &'static [#rpc::Method] = &[#(#listed),*];

        #[doc = #about]
        #vis const INTERFACE: #rpc::Interface =
            #rpc::Interface::new(#name, #version, Self::__METHODS) #(#topic)* #(#exchange)* #(#namespace)*;
    }
}

fn describe(method: &Method<'_>, names: &Names<'_>) -> TokenStream {
    let rpc = &names.alias;
    let cfgs = cfgs(&method.original.attrs);
    let constant = descriptor(method);
    let wire = &method.wire;
    let described = match method.mode {
        Mode::Call => quote!(call_of),
        Mode::Cast => quote!(cast_of),
        Mode::Fanout => quote!(fanout_of),
    };
    let (major, minor, revision) = method.version;
    let [major, minor] = [major, minor].map(Literal::u32_unsuffixed);
    let revision = (revision > 0).then(|| {
        let revision = Literal::u32_unsuffixed(revision);
        quote!(.revision(#revision))
    });
    let arguments = method.arguments.iter().map(|argument| {
        let wire = &argument.wire;
        let ty = types::text(argument.parameter.ty);
        quote!(#rpc::arg(#wire, #ty))
    });
    let takes = (arguments.len() > 0).then(|| quote!(.takes(&[#(#arguments),*])));
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
            #rpc::#described(#wire, #major, #minor) #revision #takes .returns(#returns) #(#timeout)* #(#monitor)*;
    }
}

fn version(names: &Names<'_>, (major, minor, revision): Version) -> TokenStream {
    let rpc = &names.alias;
    let revision = (revision > 0).then(|| {
        let revision = Literal::u32_unsuffixed(revision);
        quote!(.with_revision(#revision))
    });
    let [major, minor] = [major, minor].map(Literal::u32_unsuffixed);
    quote!(#rpc::Version::new(#major, #minor)#revision)
}

fn duration(names: &Names<'_>, duration: Duration) -> TokenStream {
    let rpc = &names.alias;
    let seconds = Literal::u64_unsuffixed(duration.as_secs());
    let nanoseconds = Literal::u32_unsuffixed(duration.subsec_nanos());
    quote!(#rpc::Duration::new(#seconds, #nanoseconds))
}
