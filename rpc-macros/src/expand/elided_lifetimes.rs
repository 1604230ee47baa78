//! Makes the compiler reject types whose lifetime is hidden, such as `Cow<str>`, as it does in an `async fn`.
//!
//! ```text
//! trait __Explicit {}
//! impl __Explicit for (Context, &'_ Spec, Result<Host>) {}
//! ```
//!
//! The expansion contains no `async fn`. The compiler applies the same rule to the header of an
//! implementation.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Ident, Type};

use super::attributes::{self, cfgs};
use crate::check::{Interface, Method};
use crate::lifetimes;
use crate::types::{has_ident, is_well_known, text};

pub(super) fn expand(interface: &Interface<'_>) -> TokenStream {
    // A method under `cfg` may use types that exist only under the same condition.
    let (always, sometimes): (Vec<_>, Vec<_>) =
        (interface.methods.iter()).partition(|method| cfgs(&method.original.attrs).is_empty());
    let all = (!always.is_empty()).then_some(always);
    let groups = all
        .into_iter()
        .chain(sometimes.into_iter().map(|method| vec![method]));
    groups.map(|methods| explicit(&methods)).collect()
}

/// The check for methods with the same conditions.
fn explicit(methods: &[&Method<'_>]) -> TokenStream {
    let cfgs = cfgs(&methods[0].original.attrs);
    let levels = attributes::of_all(methods.iter().copied());
    let mut texts = HashSet::new();
    let mut distinct = Vec::new();
    for ty in methods.iter().flat_map(|method| written(method)) {
        if texts.insert(text(ty)) {
            distinct.push(lifetimes::with_lifetime(ty, "_"));
        }
    }
    quote! {
        #(#cfgs)*
        #(#levels)*
        const _: () = {
            trait __Explicit {}
            impl __Explicit for (#(#distinct,)*) {}
        };
    }
}

/// The types of a method that may hide a lifetime.
fn written<'a>(method: &Method<'a>) -> impl Iterator<Item = &'a Type> {
    let unusable = |ident: &Ident| ident == "Self" || ident == "_";
    let hides = |ident: &Ident| ident == "Cow" || !is_well_known(ident);
    let arguments = (method.arguments.iter()).map(|argument| argument.parameter.ty);
    (arguments.chain([method.context.ty, method.output])).filter(move |ty| {
        let tokens = ty.to_token_stream();
        // `owned` replaces `'_`, whose `_` must not count.
        has_ident(tokens, &hides) && !has_ident(lifetimes::owned(ty), &unusable)
    })
}
