//! The names in the expansion: those of the generated types, and those that the user's code cannot see.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{Ident, ItemTrait};

use super::{attributes, page};
use crate::check::{Interface, Method};
use crate::types::{has_ident, has_punct};

/// The names of the generated types. These types exist even if the trait has mistakes.
pub(super) struct Names<'a> {
    pub(super) interface: &'a Interface<'a>,
    pub(super) client: Ident,
    pub(super) endpoint: Ident,
    /// The dyn-compatible form of the trait, if the trait has the option `dyn`.
    pub(super) object: Ident,
    /// The alias of `rpc_runtime::__private` in the blocks of the expansion.
    pub(super) alias: Ident,
    /// The endpoint's type parameter.
    pub(super) parameter: Ident,
}

impl<'a> Names<'a> {
    pub(super) fn new(interface: &'a Interface<'a>) -> Self {
        let name = &interface.original.ident;
        Self {
            interface,
            client: of_expansion(format_ident!("{name}Client")),
            endpoint: of_expansion(format_ident!("{name}Endpoint")),
            object: of_expansion(format_ident!("Dyn{}", name)),
            alias: format_ident!("__rpc"),
            parameter: parameter(interface.original, "S"),
        }
    }
}

impl ToTokens for Names<'_> {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self {
            interface,
            client,
            endpoint,
            object: _,
            alias: _,
            parameter: _,
        } = self;
        let (vis, name, krate) = (
            &interface.original.vis,
            &interface.original.ident,
            &interface.krate,
        );
        let about_client = page::of_client(interface);
        let about_endpoint = format!("Serves an implementation of [`{}`].", page::plain(name));
        let attributes = attributes::of_type(&interface.original.attrs);
        tokens.extend(quote! {
            #(#[doc = #about_client])*
            #(#attributes)*
            #[derive(::core::clone::Clone, ::core::fmt::Debug)]
            #vis struct #client {
                rpc: #krate::__private::RpcClient,
            }

            #[doc = #about_endpoint]
            #(#attributes)*
            #vis struct #endpoint<S> {
                inner: #krate::__private::EndpointInner<S>,
            }
        });
    }
}

/// A type parameter with the plain name that documentation shows, unless the trait may refer to a type of
/// that name.
pub(super) fn parameter(original: &ItemTrait, name: &str) -> Ident {
    let tokens = original.to_token_stream();
    let is_used = has_ident(tokens.clone(), &|ident| ident == name);
    // A macro may expand to any name.
    if is_used || has_punct(tokens, '!') {
        format_ident!("__{name}")
    } else {
        format_ident!("{name}")
    }
}

/// The name of the constant that describes a method, and of its handler. The names of tables are in capitals,
/// so that they differ from every method's.
pub(super) fn descriptor(method: &Method<'_>) -> Ident {
    of_expansion(format_ident!("__rpc_{}", method.original.sig.ident))
}

/// The name with the location of the user's identifier, but resolved in the expansion. Lints ignore such a
/// name.
pub(super) fn of_expansion(mut name: Ident) -> Ident {
    name.set_span(Span::call_site().located_at(name.span()));
    name
}

/// A hygienic variable.
pub(super) fn local(name: &str) -> Ident {
    format_ident!("__{name}", span = Span::mixed_site())
}
