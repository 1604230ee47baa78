//! What a client does with each argument: sends it, by the rung of the version ladder; routes by it.
//!
//! ```text
//! args.arg("name", &name)?;                                   // in each message
//! args.gated(1, &size, |value| equals(value, 4))?;            // since = "2.4", default = 4
//! args.dropped(2, &hint)?;                                    // since = "2.4", below = drop
//! args.replaced(3, &spec, |_| false, |value| legacy(value))?; // below = with(legacy, "a", "b")
//! if let Maybe::Given(value) = &owner { … }                   // owner: Maybe<T>
//! args.server(&host);                                         // #[rpc(server)]
//! args.route(by_host(args.cap(), host));                      // route = by_host(host)
//! ```

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;

use super::spans::Place;
use crate::check::{
    Argument, Below, Default, Method, Role, is_option, maybe, option_of_reference, plain,
};

/// The statements that write the arguments of a request to `args`.
pub(super) fn written(method: &Method<'_>, rpc: &Ident, args: &Ident) -> Vec<TokenStream> {
    let mut statements: Vec<_> = method
        .arguments
        .iter()
        .enumerate()
        .filter_map(|(place, argument)| match argument.role {
            Role::Sent => Some(sent(argument, place, rpc, args)),
            Role::Timeout => {
                let ident = &argument.parameter.ident;
                let start = Place::of(argument.parameter.ty).start;
                let timeout = quote_spanned!(start=> #args.timeout(&#ident)?;);
                let sent = sent(argument, place, rpc, args);
                Some(quote!(#sent #timeout))
            }
            Role::Server => Some(names(argument, &quote!(server), args)),
            Role::Topic => Some(names(argument, &quote!(topic), args)),
            Role::Route => None,
        })
        .collect();
    if let Some(route) = method.route {
        let function = &route.function;
        let arguments = route.arguments.iter().map(|name| {
            let given = method
                .arguments
                .iter()
                .find(|argument| argument.parameter.ident == *name);
            given.map(|argument| lent(argument.parameter.ty, &argument.parameter.ident))
        });
        statements.push(quote!(#args.route(#function(#args.cap(), #(#arguments),*));));
    }
    statements
}

fn names(argument: &Argument<'_>, what: &TokenStream, args: &Ident) -> TokenStream {
    // At the type, so that a type that is no name is what the compiler points at.
    let place = Place::of(argument.parameter.ty);
    let ident = place.variable(&argument.parameter.ident);
    let value = quote_spanned!(place.start=> &#ident);
    quote_spanned!(place.start=> #args.#what(#value);)
}

fn sent(argument: &Argument<'_>, index: usize, rpc: &Ident, args: &Ident) -> TokenStream {
    let (ident, ty) = (&argument.parameter.ident, argument.parameter.ty);
    // At the type, so that a type that cannot be serialised is what the compiler points at.
    let place = Place::of(ty);
    let given = Ident::new("value", Span::mixed_site());
    let is_maybe = maybe(ty).is_some();
    let value = if is_maybe {
        given.to_token_stream()
    } else {
        let ident = place.variable(ident);
        quote_spanned!(place.start=> &#ident)
    };
    let statement = if argument.is_plain() {
        let wire = &argument.wire;
        quote_spanned!(place.start=> #args.arg(#wire, #value)?;)
    } else {
        gated(argument, index, rpc, args, &value)
    };
    if is_maybe {
        quote!(if let #rpc::Maybe::Given(#given) = &#ident { #statement })
    } else {
        statement
    }
}

fn gated(
    argument: &Argument<'_>,
    index: usize,
    rpc: &Ident,
    args: &Ident,
    value: &TokenStream,
) -> TokenStream {
    let ty = argument.parameter.ty;
    let start = Place::of(ty).start;
    let is_default = is_default(argument, rpc);
    match &argument.below {
        Below::Refuse if argument.since.is_some() => {
            quote_spanned!(start=> #args.gated(#index, #value, #is_default)?;)
        }
        Below::Refuse | Below::Drop => quote_spanned!(start=> #args.dropped(#index, #value)?;),
        Below::With { function, names } => {
            let value_in = Ident::new("value", Span::mixed_site());
            let held = maybe(ty).unwrap_or(ty);
            let lent = match plain(held) {
                Type::Reference(_) => quote!(*#value_in),
                held if option_of_reference(held).is_some() => quote!(*#value_in),
                _ => value_in.to_token_stream(),
            };
            let older = if names.len() > 1 {
                quote!(#function(#lent))
            } else {
                quote!((#function(#lent),))
            };
            let older = quote!(|#value_in| #older);
            quote_spanned!(start=> #args.replaced(#index, #value, #is_default, #older)?;)
        }
    }
}

/// A closure that tells whether the argument may be left out.
fn is_default(argument: &Argument<'_>, rpc: &Ident) -> TokenStream {
    let ty = argument.parameter.ty;
    let value = Ident::new("value", Span::mixed_site());
    match &argument.default {
        // What is there of a `Maybe` is no default.
        Some(Default::OfType) if maybe(ty).is_some() => quote!(|_| false),
        None => quote!(|_| false),
        Some(Default::OfType) if is_option(ty) => quote!(#rpc::Option::is_none),
        Some(Default::OfType) => {
            let place = Place::of(ty);
            let rpc = place.item(rpc);
            let held = match plain(ty) {
                Type::Reference(reference) if !is_unsized(&reference.elem) => quote!(*#value),
                _ => value.to_token_stream(),
            };
            let is_default = quote_spanned!(place.start=> #rpc::is_default(#held));
            quote!(|#value| #is_default)
        }
        Some(Default::Value(default)) => {
            let place = Place::of(default);
            let rpc = place.item(rpc);
            let equals = quote_spanned!(place.start=> #rpc::equals(#value, #default));
            quote!(|#value| #equals)
        }
    }
}

fn is_unsized(ty: &Type) -> bool {
    match plain(ty) {
        Type::Slice(_) => true,
        Type::Path(path) => path.path.is_ident("str"),
        _ => false,
    }
}

/// An argument as a function of the user's gets it: borrowed, if it is not already.
fn lent(ty: &Type, ident: &Ident) -> TokenStream {
    let ty = plain(ty);
    if matches!(ty, Type::Reference(_)) || option_of_reference(ty).is_some() {
        ident.to_token_stream()
    } else {
        quote!(&#ident)
    }
}
