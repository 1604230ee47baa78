//! The description of the interface as constants of the client.
//!
//! ```text
//! const __rpc_host: Method = call("host", v(2, 0, 0))
//!     .with_arguments(&[arg("name", "&str")])
//!     .with_returns("Result<Host>");
//! const __RPC_METHODS: &'static [Method] = &[Self::__rpc_host];
//! pub const INTERFACE: Interface = Interface::new("Inventory", v(2, 0, 0), Self::__RPC_METHODS);
//! ```

use std::time::Duration;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;

use super::attributes::cfgs;
use super::names::{Names, descriptor};
use crate::attr::{DefaultValue, Version};
use crate::check::{
    Argument, Below, Interface, Method, Mode, Role, Timing, is_option, maybe_absent,
};
use crate::types::text;

pub(super) fn expand(interface: &Interface<'_>, names: &Names<'_>) -> TokenStream {
    let rpc = &names.alias;
    let vis = &interface.original.vis;
    let name = interface.original.ident.unraw().to_string();
    let about = format!("The description of [`{name}`].");
    let version = version(rpc, interface.version);
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
    let aliases = interface.aliases.iter().map(|(alias, at)| {
        let at = self::version(rpc, *at);
        quote!((#alias, #at))
    });
    let aliases = (aliases.len() > 0).then(|| quote!(.with_aliases(&[#(#aliases),*])));
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

        const __RPC_METHODS: &'static [#rpc::Method] = &[#(#listed),*];

        #[doc = #about]
        #vis const INTERFACE: #rpc::Interface =
            #rpc::Interface::new(#name, #version, Self::__RPC_METHODS) #(#topic)* #(#exchange)* #(#namespace)* #aliases;
    }
}

fn describe(method: &Method<'_>, names: &Names<'_>) -> TokenStream {
    let rpc = &names.alias;
    let cfgs = cfgs(&method.original.attrs);
    let constant = descriptor(method);
    let wire = &method.wire;
    let mode = match method.mode {
        Mode::Call => quote!(call),
        Mode::Cast => quote!(cast),
        Mode::Fanout => quote!(fanout),
        Mode::CallOrCast => quote!(call_or_cast),
    };
    let version = version(rpc, method.version);
    let arguments = method
        .arguments
        .iter()
        .map(|argument| describe_argument(argument, rpc));
    let arguments = (arguments.len() > 0).then(|| quote!(.with_arguments(&[#(#arguments),*])));
    let returns = text(method.output);
    let later = versions(rpc, &method.later_versions);
    let old_names = old_names(rpc, &method.old_names);
    let timeout = method.timeout.as_ref().map(|timeout| {
        let timeout = timing(rpc, timeout);
        quote!(.with_timeout(#timeout))
    });
    let monitor = method.monitor.as_ref().map(|monitor| {
        let monitor = timing(rpc, monitor);
        quote!(.with_monitor(#monitor))
    });
    let route = method.route.map(|route| {
        let (function, arguments) = (text(&route.function), &route.arguments);
        let arguments: Vec<_> = arguments
            .iter()
            .map(|name| name.unraw().to_string())
            .collect();
        let route = format!("{function}({})", arguments.join(", "));
        quote!(.with_route(#route))
    });
    quote! {
        #(#cfgs)*
        const #constant: #rpc::Method = #rpc::#mode(#wire, #version)
            #arguments .with_returns(#returns) #later #old_names #timeout #monitor #route;
    }
}

fn describe_argument(argument: &Argument<'_>, rpc: &Ident) -> TokenStream {
    let wire = &argument.wire;
    let ty = text(argument.parameter.ty);
    let begun = match argument.since {
        None => quote!(#rpc::arg(#wire, #ty)),
        Some(since) => {
            let since = version(rpc, since);
            quote!(#rpc::since(#since, #wire, #ty))
        }
    };
    let until = argument.until.map(|until| {
        let until = version(rpc, until);
        quote!(.with_until(#until))
    });
    let below = match &argument.below {
        Below::Refuse => None,
        Below::Drop => Some(quote!(.with_below(#rpc::Below::Drop))),
        Below::With { names, .. } => Some(quote!(.with_below(#rpc::Below::With(&[#(#names),*])))),
    };
    // The type of an `Option` or a `MaybeAbsent` implies the default.
    let default = match &argument.default {
        Some(DefaultValue::Is(value)) => Some(text(value)),
        Some(DefaultValue::OfType) if is_option(argument.parameter.ty) => None,
        Some(DefaultValue::OfType) if maybe_absent(argument.parameter.ty).is_some() => None,
        Some(DefaultValue::OfType) => Some("Default::default()".to_owned()),
        None => None,
    };
    let default = default.map(|default| quote!(.with_default(#default)));
    let old_names = old_names(rpc, &argument.old_names);
    let role = match argument.role {
        Role::Sent => None,
        Role::Timeout => Some(quote!(.with_role(#rpc::Role::Timeout))),
        Role::Server => Some(quote!(.with_role(#rpc::Role::Server))),
        Role::Topic => Some(quote!(.with_role(#rpc::Role::Topic))),
        Role::Route => Some(quote!(.with_role(#rpc::Role::Route))),
    };
    quote!(#begun #until #below #default #old_names #role)
}

fn old_names(rpc: &Ident, names: &[(Version, String)]) -> Option<TokenStream> {
    let old = names.iter().map(|(before, name)| {
        let before = version(rpc, *before);
        quote!(#rpc::before(#before, #name))
    });
    (!names.is_empty()).then(|| quote!(.with_old_names(&[#(#old),*])))
}

fn versions(rpc: &Ident, later: &[Version]) -> Option<TokenStream> {
    let versions = later.iter().map(|later| version(rpc, *later));
    (!later.is_empty()).then(|| quote!(.with_later_versions(&[#(#versions),*])))
}

fn timing(rpc: &Ident, timing: &Timing) -> TokenStream {
    match timing {
        Timing::Fixed(time) => {
            let time = duration(rpc, *time);
            quote!(#rpc::Timing::Fixed(#time))
        }
        Timing::Named(name, default) => {
            let default = duration(rpc, *default);
            quote!(#rpc::Timing::Named { name: #name, default: #default })
        }
        Timing::Argument(name) => quote!(#rpc::Timing::Argument(#name)),
    }
}

pub(super) fn version(rpc: &impl ToTokens, (major, minor, revision): Version) -> TokenStream {
    let [major, minor, revision] = [major, minor, revision].map(Literal::u32_unsuffixed);
    quote!(#rpc::v(#major, #minor, #revision))
}

fn duration(rpc: &Ident, duration: Duration) -> TokenStream {
    let seconds = Literal::u64_unsuffixed(duration.as_secs());
    let nanoseconds = Literal::u32_unsuffixed(duration.subsec_nanos());
    quote!(#rpc::Duration::new(#seconds, #nanoseconds))
}
