//! What a client does with each argument: sends it, by the rung of the version ladder; routes by it.
//!
//! ```text
//! args.arg("name", &name)?;                                   // in each message
//! args.gated(1, &size, |value| equals(value, 4))?;            // since = "2.4", default = 4
//! args.dropped(2, &hint)?;                                    // since = "2.4", below = drop
//! args.replaced(3, spec, |_| false, |value| legacy(value))?;  // below = with(legacy, "a", "b")
//! if let Maybe::Given(value) = owner { … }                    // owner: Maybe<T>
//! args.server(&host);                                         // #[rpc(server)]
//! args.route(by_host(args.cap(), host));                      // route = by_host(host)
//! ```

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;

use super::spans::Place;
use crate::attr::DefaultValue;
use crate::check::{Argument, Below, Method, Role, is_option, maybe, option_of_reference, plain};

/// The statements that write the arguments of a request to `args`.
pub(super) fn written(method: &Method<'_>, rpc: &Ident, args: &Ident) -> Vec<TokenStream> {
    // What is sent may be used up by it.
    let used = method.arguments.iter().filter_map(|argument| {
        let what = match argument.role {
            Role::Server => quote!(server),
            Role::Topic => quote!(topic),
            Role::Timeout => quote!(timeout),
            Role::Sent | Role::Route => return None,
        };
        // At the type, so that a type that is no name is what the compiler points at.
        let place = Place::of(argument.parameter.ty);
        let ident = place.variable(&argument.parameter.ident);
        let value = quote_spanned!(place.start=> &#ident);
        let fallible = (argument.role == Role::Timeout).then(|| quote!(?));
        Some(quote_spanned!(place.start=> #args.#what(#value)#fallible;))
    });
    let route = method.route.map(|route| {
        let function = &route.function;
        let arguments = route.arguments.iter().filter_map(|name| {
            let mut given = method.arguments.iter().map(|argument| &argument.parameter);
            let given = given.find(|parameter| parameter.ident == *name)?;
            Some(lent(given.ty, &given.ident))
        });
        quote!(#args.route(#function(#args.cap(), #(#arguments),*));)
    });
    let sent = method
        .arguments
        .iter()
        .enumerate()
        .filter(|(_, argument)| matches!(argument.role, Role::Sent | Role::Timeout))
        .map(|(place, argument)| sent(argument, place, rpc, args));
    used.chain(route).chain(sent).collect()
}

fn sent(argument: &Argument<'_>, index: usize, rpc: &Ident, args: &Ident) -> TokenStream {
    let (ident, ty) = (&argument.parameter.ident, argument.parameter.ty);
    // At the type, so that a type that cannot be serialised is what the compiler points at.
    let place = Place::of(ty);
    let own = place.variable(ident);
    let borrowed = quote_spanned!(place.start=> &#own);
    if maybe(ty).is_none() {
        return statement(argument, index, rpc, args, &borrowed, &own);
    }
    let value = Ident::new("value", Span::mixed_site());
    let given = value.to_token_stream();
    let statement = statement(argument, index, rpc, args, &quote!(&#given), &value);
    quote!(if let #rpc::Maybe::Given(#given) = #ident { #statement })
}

/// Writes an argument that is at hand, `own`, and borrowed.
fn statement(
    argument: &Argument<'_>,
    index: usize,
    rpc: &Ident,
    args: &Ident,
    borrowed: &TokenStream,
    own: &Ident,
) -> TokenStream {
    let start = Place::of(argument.parameter.ty).start;
    if argument.is_plain() {
        let wire = &argument.wire;
        return quote_spanned!(start=> #args.arg(#wire, #borrowed)?;);
    }
    let is_default = is_default(argument, rpc);
    match &argument.below {
        Below::Refuse if argument.since.is_some() => {
            quote_spanned!(start=> #args.gated(#index, #borrowed, #is_default)?;)
        }
        Below::Refuse | Below::Drop => quote_spanned!(start=> #args.dropped(#index, #borrowed)?;),
        Below::With { function, names } => {
            let value = Ident::new("value", Span::mixed_site());
            let older = if names.len() > 1 {
                quote!(|#value| #function(#value))
            } else {
                quote!(|#value| (#function(#value),))
            };
            quote_spanned!(start=> #args.replaced(#index, #own, #is_default, #older)?;)
        }
    }
}

/// A closure that tells whether the argument may be left out.
fn is_default(argument: &Argument<'_>, rpc: &Ident) -> TokenStream {
    let ty = argument.parameter.ty;
    let value = Ident::new("value", Span::mixed_site());
    match &argument.default {
        // What is there of a `Maybe` is no default.
        Some(DefaultValue::OfType) if maybe(ty).is_some() => quote!(|_| false),
        None => quote!(|_| false),
        Some(DefaultValue::OfType) if is_option(ty) => quote!(#rpc::Option::is_none),
        Some(DefaultValue::OfType) => {
            let place = Place::of(ty);
            let rpc = place.item(rpc);
            let held = match plain(ty) {
                Type::Reference(reference) if !is_unsized(&reference.elem) => quote!(*#value),
                _ => value.to_token_stream(),
            };
            let is_default = quote_spanned!(place.start=> #rpc::is_default(#held));
            quote!(|#value| #is_default)
        }
        Some(DefaultValue::Is(default)) => {
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
