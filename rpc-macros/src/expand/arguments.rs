//! The client's statements for each argument: they send it, depending on the rung of the version ladder, or
//! route by it.
//!
//! ```text
//! args.arg("name", &name);                                    // in every message
//! let default1: u32 = 4;                                      // since = "2.4", default = 4
//! args.gated(1, &size, |value| equals(value, &default1));
//! args.dropped(2, &hint);                                     // since = "2.4", below = drop
//! args.replaced(3, ["a", "b"], spec, |_| false, |value| legacy(value));
//!                                                             // below = with(legacy, "a", "b")
//! if let MaybeAbsent::Given(value) = owner { … }                    // owner: MaybeAbsent<T>
//! args.server(&host);                                         // #[rpc(server)]
//! args.route(by_host(args.cap(), host));                      // route = by_host(host)
//! ```

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;

use super::names::local;
use super::spans::Spans;
use super::types::{self, Form};
use crate::attr::DefaultValue;
use crate::check::{Argument, Below, Method, Role, is_option, maybe_absent, plain};
use crate::lifetimes;

/// A statement that writes a part of a request.
enum Statement {
    /// A method call on `args`, to which the next call may be chained.
    Chained(TokenStream),
    /// Any other statement.
    Whole(TokenStream),
}

/// The statements that write the arguments of a request to `args`, and the expression on which `context` is
/// called: the last statement, if it is a method call, or else `args`.
pub(super) fn written(
    method: &Method<'_>,
    rpc: &Ident,
    args: &Ident,
) -> (TokenStream, TokenStream) {
    let mut statements = statements(method, rpc, args);
    let last = match statements.pop() {
        Some(Statement::Chained(last)) => last,
        last => {
            statements.extend(last);
            args.to_token_stream()
        }
    };
    let statements = statements.iter().map(|statement| match statement {
        Statement::Chained(statement) => quote!(#statement;),
        Statement::Whole(statement) => statement.clone(),
    });
    (statements.collect(), last)
}

fn statements(method: &Method<'_>, rpc: &Ident, args: &Ident) -> Vec<Statement> {
    // Routing comes first, because sending an argument may move it.
    let used = method.arguments.iter().filter_map(|argument| {
        let what = match argument.role {
            Role::Server => quote!(server),
            Role::Topic => quote!(topic),
            Role::Timeout => quote!(timeout),
            // If the route function is malformed, the argument is still used, so that the compiler does not
            // report it as unused.
            Role::Route if method.route.is_none() => {
                let ident = &argument.parameter.ident;
                return Some(Statement::Whole(quote!(let _ = &#ident;)));
            }
            Role::Sent | Role::Route => return None,
        };
        // Points at the type if it is not a name.
        let spans = Spans::of(argument.parameter.ty);
        let ident = spans.variable(&argument.parameter.ident);
        let value = quote_spanned!(spans.start=> &#ident);
        let used = quote_spanned!(spans.start=> #args.#what(#value));
        Some(Statement::Chained(used))
    });
    let route = method.route.map(|route| {
        let function = &route.function;
        // Points at the function if its signature is wrong.
        let spans = Spans::of(function);
        let arguments = route.arguments.iter().filter_map(|name| {
            let mut given = method.arguments.iter().map(|argument| &argument.parameter);
            let given = given.find(|parameter| parameter.ident == *name)?;
            Some(lent(given.ty, &given.ident, spans))
        });
        let cap = quote_spanned!(spans.start=> #args.cap());
        let computed = quote_spanned!(spans.start=> #function(#cap, #(#arguments),*));
        Statement::Chained(quote_spanned!(spans.start=> #args.route(#computed)))
    });
    let sent = method
        .arguments
        .iter()
        .enumerate()
        .filter(|(_, argument)| matches!(argument.role, Role::Sent | Role::Timeout))
        .map(|(place, argument)| sent(argument, place, rpc, args));
    used.chain(route).chain(sent).collect()
}

fn sent(argument: &Argument<'_>, index: usize, rpc: &Ident, args: &Ident) -> Statement {
    let (ident, ty) = (&argument.parameter.ident, argument.parameter.ty);
    // Points at the type if it cannot be serialised.
    let spans = Spans::of(ty);
    let own = spans.variable(ident);
    let borrowed = quote_spanned!(spans.start=> &#own);
    if maybe_absent(ty).is_none() {
        return Statement::Chained(statement(argument, index, rpc, args, &borrowed, &own));
    }
    let value = local("value");
    let statement = statement(argument, index, rpc, args, &quote!(&#value), &value);
    Statement::Whole(quote!(if let #rpc::MaybeGiven::Given(#value) = #ident { #statement; }))
}

/// The call that writes an argument, which is in the variable `own`, and whose reference is `borrowed`.
fn statement(
    argument: &Argument<'_>,
    index: usize,
    rpc: &Ident,
    args: &Ident,
    borrowed: &TokenStream,
    own: &Ident,
) -> TokenStream {
    let start = Spans::of(argument.parameter.ty).start;
    if argument.is_plain() {
        let wire = &argument.wire;
        return quote_spanned!(start=> #args.arg(#wire, #borrowed));
    }
    let (default, is_default) = is_default(argument, index, rpc);
    let index = Literal::usize_unsuffixed(index);
    match &argument.below {
        Below::Refuse if argument.since.is_some() => {
            let gated = quote_spanned!(start=> #args.gated(#index, #borrowed, #is_default));
            quote!(#default #gated)
        }
        Below::Refuse | Below::Drop => quote_spanned!(start=> #args.dropped(#index, #borrowed)),
        Below::With {
            function, names, ..
        } => {
            // Points at the function if its signature is wrong.
            let start = Spans::of(function).start;
            // The variable is not hygienic, because the compiler would then point at the attribute. Its name
            // is not used otherwise.
            let value = Ident::new("__value", start);
            let older = quote_spanned!(start=> #function(#value));
            let older = quote_spanned!(Span::mixed_site().located_at(start)=> |#value| #older);
            let names = quote!([#(#names),*]);
            let replaced =
                quote_spanned!(start=> #args.replaced(#index, #names, #own, #is_default, #older));
            quote!(#default #replaced)
        }
    }
}

/// The variable with the default, if a default is compared, and a closure that says whether the argument may
/// be left out.
fn is_default(
    argument: &Argument<'_>,
    index: usize,
    rpc: &Ident,
) -> (Option<TokenStream>, TokenStream) {
    let ty = argument.parameter.ty;
    let value = local("value");
    match &argument.default {
        // A `MaybeAbsent` that is given is not the default.
        Some(DefaultValue::OfType) if maybe_absent(ty).is_some() => (None, quote!(|_| false)),
        None => (None, quote!(|_| false)),
        Some(DefaultValue::OfType) if is_option(ty) => (None, quote!(#rpc::Option::is_none)),
        Some(default) => {
            let spans = match default {
                DefaultValue::OfType => Spans::of(ty),
                DefaultValue::Is(value) => Spans::of(value),
            };
            let rpc = spans.item(rpc);
            let variable = local(&format!("default{index}"));
            let default = let_default(&variable, ty, default, &rpc);
            let equals = quote_spanned!(spans.start=> #rpc::equals(#value, &#variable));
            (Some(default), quote!(|#value| #equals))
        }
    }
}

/// Declares a variable with the default. The client and the endpoint declare it in the same form, so that the
/// compiler reports a wrong default once.
pub(super) fn let_default(
    variable: &Ident,
    ty: &Type,
    default: &DefaultValue,
    rpc: &Ident,
) -> TokenStream {
    let of_default = lifetimes::with_lifetime(ty, "_");
    let value = match default {
        DefaultValue::Is(value) => value.to_token_stream(),
        DefaultValue::OfType => {
            let spans = Spans::of(ty);
            let rpc = spans.item(rpc);
            match plain(ty) {
                Type::Reference(reference) if types::form(&reference.elem) != Form::Unsized => {
                    let ty = match types::form(&reference.elem) {
                        Form::ByTrait => types::pointee(&rpc, &reference.elem),
                        _ => lifetimes::with_lifetime(&reference.elem, "_"),
                    };
                    quote_spanned!(spans.start=> &#rpc::default::<#ty>())
                }
                _ => quote_spanned!(spans.start=> #rpc::default::<#of_default>()),
            }
        }
    };
    quote!(let #variable: #of_default = #value;)
}

/// An argument as it is passed to the user's function: borrowed, unless its type is a reference.
fn lent(ty: &Type, ident: &Ident, spans: Spans) -> TokenStream {
    let ty = plain(ty);
    let ident = spans.variable(ident);
    if types::is_lent(ty) {
        ident.to_token_stream()
    } else {
        quote_spanned!(spans.start=> &#ident)
    }
}
