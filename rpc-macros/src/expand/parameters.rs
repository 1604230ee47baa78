//! What an endpoint makes of a message's arguments, older ones included.
//!
//! ```text
//! let arg0 = arg0.decode::<String>()?;                        // name: &str
//! let arg1 = arg1.or(old0)?.decode::<u32>()?;                 // name_before("2.4", "old")
//! let arg2 = arg2.sent::<u32>()?;                             // default = 4: passed as
//!                                                             //   match arg2 { Some(v) => v, None => 4 }
//! let arg3 = if is_before(request, v(2, 4, 0)) {              // below = with(…), from = modern
//!     modern(old1.decode()?, old2.decode()?)
//! } else {
//!     arg3.decode::<Spec>()?
//! };
//! let arg4 = server_name::<String>(request);                  // #[rpc(server)]
//! ```

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;

use super::spans::Place;
use super::{interface, types};
use crate::attr::DefaultValue;
use crate::check::{Argument, Below, Method, Role, is_option, maybe, option_of_reference, plain};

/// The names that a message for a method may have arguments under, and what the method gets of them.
#[derive(Default)]
pub(super) struct Parameters {
    pub(super) names: Vec<String>,
    /// A variable for each name.
    pub(super) locals: Vec<Ident>,
    pub(super) decoded: Vec<TokenStream>,
    /// One for each of the method's arguments.
    pub(super) passed: Vec<TokenStream>,
}

pub(super) fn of(method: &Method<'_>, rpc: &Ident, request: &Ident) -> Parameters {
    let mut parameters = Parameters::default();
    for (place, argument) in method.arguments.iter().enumerate() {
        parameters.add(argument, place, rpc, request);
    }
    parameters
}

impl Parameters {
    fn add(&mut self, argument: &Argument<'_>, place: usize, rpc: &Ident, request: &Ident) {
        let ty = argument.parameter.ty;
        let local = Ident::new(&format!("arg{place}"), Span::mixed_site());
        let (owned, loan) = types::owned(rpc, ty, &local);
        let default = match &argument.default {
            Some(DefaultValue::Is(value)) => Some(value),
            _ => None,
        };
        let at = Place::of(ty);
        let private = at.item(rpc);
        let decoded = match argument.role {
            Role::Sent | Role::Timeout => {
                let value = self.message(argument, &local, &owned, rpc, request);
                quote!(let #local = #value;)
            }
            Role::Server => {
                quote_spanned!(at.start=> let #local = #private::server_name::<#owned>(#request);)
            }
            Role::Topic => {
                quote_spanned!(at.start=> let #local = #private::topic_name::<#owned>(#request);)
            }
            Role::Route if default.is_some() => TokenStream::new(),
            Role::Route => {
                quote_spanned!(at.start=> let #local = <#owned as #private::Default>::default();)
            }
        };
        self.decoded.push(decoded);
        self.passed.push(match (default, argument.role) {
            (None, _) => loan,
            (Some(default), Role::Route) => quote!(#default),
            (Some(default), _) => or_default(rpc, ty, &local, default),
        });
    }

    fn local(&mut self, name: &str, local: Ident) -> Ident {
        self.names.push(name.to_owned());
        self.locals.push(local.clone());
        local
    }

    fn old(&mut self, name: &str) -> Ident {
        let local = format!("old{}", self.locals.len());
        self.local(name, Ident::new(&local, Span::mixed_site()))
    }

    /// The argument as the message has it: an owned value, or an optional one if there is a default to be
    /// passed instead.
    fn message(
        &mut self,
        argument: &Argument<'_>,
        local: &Ident,
        owned: &TokenStream,
        rpc: &Ident,
        request: &Ident,
    ) -> TokenStream {
        let ty = argument.parameter.ty;
        let mut raw = self
            .local(&argument.wire, local.clone())
            .into_token_stream();
        for (_, name) in &argument.old_names {
            let old = self.old(name);
            raw = quote!(#raw.or(#old)?);
        }
        // At the type, so that a type that cannot be deserialised is what the compiler points at.
        let start = Place::of(ty).start;
        let own_absence = is_option(ty) || maybe(ty).is_some();
        let (now, default) = match &argument.default {
            Some(DefaultValue::Is(_)) => (
                quote_spanned!(start=> #raw.sent::<#owned>()?),
                quote!(#rpc::Option::None),
            ),
            Some(DefaultValue::OfType) if !own_absence => (
                quote_spanned!(start=> #raw.sent::<#owned>()?.unwrap_or_default()),
                quote!(#rpc::Default::default()),
            ),
            _ => (
                quote_spanned!(start=> #raw.decode::<#owned>()?),
                quote!(#rpc::Default::default()),
            ),
        };
        let (Below::With { names, .. }, Some(since)) = (&argument.below, argument.since) else {
            return now;
        };
        let before = match argument.from {
            None => {
                for name in names {
                    self.local(name, Ident::new("_", Span::mixed_site()));
                }
                default
            }
            Some(function) => {
                let others: Vec<_> = names.iter().map(|name| self.old(name)).collect();
                let made = if others.is_empty() {
                    quote!(#function(#raw.decode()?))
                } else {
                    quote!(#function(#(#others.decode()?),*))
                };
                match &argument.default {
                    Some(DefaultValue::Is(_)) => quote!(#rpc::Option::Some(#made)),
                    _ => made,
                }
            }
        };
        let since = interface::version(rpc, since);
        quote!(if #rpc::is_before(#request, #since) { #before } else { #now })
    }
}

/// The argument, lent from what was sent, or else its default.
fn or_default(rpc: &Ident, ty: &Type, local: &Ident, default: &impl ToTokens) -> TokenStream {
    let sent = Ident::new("sent", Span::mixed_site());
    let (held, loan) = match plain(ty) {
        Type::Reference(_) => (quote!(&#local), quote!(&*#sent)),
        ty if option_of_reference(ty).is_some() => {
            (quote!(&#local), types::owned(rpc, ty, &sent).1)
        }
        _ => (quote!(#local), sent.to_token_stream()),
    };
    quote! {
        match #held {
            #rpc::Option::Some(#sent) => #loan,
            #rpc::Option::None => #default,
        }
    }
}
