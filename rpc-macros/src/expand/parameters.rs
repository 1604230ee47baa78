//! The endpoint's statements for each argument of a message, including messages of older clients.
//!
//! ```text
//! let arg0 = arg0.decode::<String>()?;                        // name: &str, lent to the method
//! let arg1 = arg1.or(old0)?.decode::<u32>()?;                 // name_before("2.4", "old")
//! let arg2 = arg2.sent::<u32>()?;                             // default = 4
//! let default2: u32 = 4;                                      //   passed as arg2.unwrap_or(default2)
//! let arg3 = if call.is_before(v(2, 4, 0)) && !arg3.is_sent() { // below = with(…), from = modern
//!     let made: Spec = modern(old1.decode()?, old2.decode()?);
//!     made
//! } else {
//!     arg3.decode::<Spec>()?
//! };
//! let arg4 = call.server_name::<String>();                  // #[rpc(server)]
//! ```

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;

use super::arguments::let_default;
use super::spans::Spans;
use super::types::Form;
use super::{interface, names, types};
use crate::attr::DefaultValue;
use crate::check::{
    Argument, Below, Method, Role, is_option, maybe_absent, optional_reference, plain,
};
use crate::lifetimes;

/// The names under which a message may contain arguments, and the statements that decode them for the method.
#[derive(Default)]
pub(super) struct Parameters {
    pub(super) names: Vec<String>,
    /// A variable for each name.
    pub(super) locals: Vec<Ident>,
    pub(super) decoded: Vec<TokenStream>,
    /// The variables that the method borrows. They are stored while the method runs, and replaced by
    /// references.
    pub(super) lent: Vec<Ident>,
    /// Declarations of defaults that may borrow. The values that they borrow live only as long as the block
    /// of the declaration.
    pub(super) borrowed: Vec<TokenStream>,
    /// The expressions that are passed to the method, one for each argument.
    pub(super) passed: Vec<TokenStream>,
}

pub(super) fn of(method: &Method<'_>, rpc: &Ident, call: &Ident) -> Parameters {
    let mut parameters = Parameters::default();
    for (place, argument) in method.arguments.iter().enumerate() {
        parameters.add(argument, place, rpc, call);
    }
    parameters
}

impl Parameters {
    fn add(&mut self, argument: &Argument<'_>, place: usize, rpc: &Ident, call: &Ident) {
        let ty = argument.parameter.ty;
        let local = names::local(&place.to_string());
        let (owned, loan) = types::owned(rpc, ty, &local);
        let is_lent = types::is_lent(ty);
        let own_absence = is_option(ty) || maybe_absent(ty).is_some();
        let default = argument
            .default
            .filter(|default| !own_absence || matches!(default, DefaultValue::Is(_)));
        let spans = Spans::of(ty);
        let private = spans.item(rpc);
        let decoded = match argument.role {
            Role::Sent | Role::Timeout => {
                let value = self.message(argument, default.is_some(), &local, &owned, rpc, call);
                quote!(let #local = #value;)
            }
            Role::Server => {
                quote_spanned!(spans.start=> let #local = #call.server_name::<#owned>();)
            }
            Role::Topic => {
                quote_spanned!(spans.start=> let #local = #call.topic_name::<#owned>();)
            }
            Role::Route if default.is_some() => TokenStream::new(),
            Role::Route => {
                quote_spanned!(spans.start=> let #local = #private::default::<#owned>();)
            }
        };
        if is_lent && !decoded.is_empty() {
            self.lent.push(local.clone());
        }
        self.decoded.push(decoded);
        let Some(default) = default else {
            self.passed.push(loan);
            return;
        };
        // A separate variable, since a default may borrow from a temporary, which would be dropped too soon.
        let variable = names::local(&format!("default{place}"));
        let default = let_default(&variable, ty, default, rpc);
        if lifetimes::borrows(ty) {
            self.borrowed.push(default);
        } else {
            self.decoded.push(default);
        }
        self.passed.push(if argument.role == Role::Route {
            variable.into_token_stream()
        } else {
            or_default(rpc, ty, &local, &variable)
        });
    }

    fn local(&mut self, name: &str, local: Ident) -> Ident {
        self.names.push(name.to_owned());
        self.locals.push(local.clone());
        local
    }

    fn old(&mut self, name: &str) -> Ident {
        let local = names::local(&format!("old{}", self.locals.len()));
        self.local(name, local)
    }

    /// The expression that decodes the argument from the message: an owned value, or an `Option` if there is
    /// a default.
    fn message(
        &mut self,
        argument: &Argument<'_>,
        has_default: bool,
        local: &Ident,
        owned: &TokenStream,
        rpc: &Ident,
        call: &Ident,
    ) -> TokenStream {
        let ty = argument.parameter.ty;
        let mut raw = self
            .local(&argument.wire, local.clone())
            .into_token_stream();
        for (_, name) in &argument.old_names {
            let old = self.old(name);
            raw = quote!(#raw.or(#old)?);
        }
        // Points at the type if it cannot be deserialised.
        let start = Spans::of(ty).start;
        let (now, default) = if has_default {
            let now = quote_spanned!(start=> #raw.sent::<#owned>()?);
            (now, quote!(#rpc::Option::None))
        } else {
            let now = quote_spanned!(start=> #raw.decode::<#owned>()?);
            (now, quote!(#rpc::Default::default()))
        };
        let (Below::With { names, from, .. }, Some(since)) = (&argument.below, argument.since)
        else {
            return now;
        };
        let sent_now = quote!(#raw.is_sent());
        // Points at the function if its signature is wrong.
        let start = Spans::of(from).start;
        let mut sent: Vec<_> = names
            .iter()
            .map(|name| self.old(name).into_token_stream())
            .collect();
        if sent.is_empty() {
            sent.push(raw);
        }
        let decoded = sent
            .iter()
            .map(|raw| quote_spanned!(start=> #raw.decode()?));
        let made = quote_spanned!(start=> #from(#(#decoded),*));
        let variable = names::local("made");
        let value = if has_default {
            quote!(#rpc::Option::Some(#variable))
        } else {
            variable.to_token_stream()
        };
        let made = quote!(let #variable: #owned = #made; #value);
        // A client sends none of the older values if the argument has its default.
        let before = match argument.default {
            Some(_) => quote!(if #(#sent.is_sent())||* { #made } else { #default }),
            None => made,
        };
        let since = interface::version(rpc, since);
        // If the older values have names of their own, a message can contain the argument itself. The endpoint then
        // uses the argument, even if the message's stamp is below its `since`.
        let lacks = (!names.is_empty()).then(|| quote!(&& !#sent_now));
        quote!(if #call.is_before(#since) #lacks { #before } else { #now })
    }
}

/// The argument, borrowed from the decoded value, or else its default.
fn or_default(rpc: &Ident, ty: &Type, local: &Ident, default: &Ident) -> TokenStream {
    if let Type::Reference(reference) = plain(ty) {
        return match types::form(&reference.elem) {
            Form::Unsized => quote!(#local.as_deref().unwrap_or(#default)),
            Form::Sized => quote!(#local.as_ref().unwrap_or(#default)),
            Form::ByTrait => {
                let lend = types::lend(rpc, &reference.elem);
                quote!(#local.as_ref().map_or(#default, #lend))
            }
        };
    }
    if optional_reference(ty).is_none() {
        return quote!(#local.unwrap_or(#default));
    }
    let sent = names::local("sent");
    let (_, loan) = types::owned(rpc, ty, &sent);
    quote!(#local.as_ref().map_or(#default, |#sent| #loan))
}
