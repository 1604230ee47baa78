//! The trait itself. Each `async fn` becomes a function that returns `impl Future + Send`.
//!
//! ```text
//! pub trait Inventory: Send + Sync {
//!     fn host(&self, ctxt: &Context, name: &str) -> impl Future<Output = Result<Host>> + Send;
//! }
//! ```

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{FnArg, Pat, ReturnType, Signature, TraitItem, TraitItemFn, Type, parse_quote};

use super::names::of_expansion;
use super::spans::Spans;
use super::{attributes, provided};
use crate::attr::{is_conditional_rpc, is_instrument, is_rpc};
use crate::check::{Interface, is_bare_unsized, is_inferred, plain, plain_name, unsuited};

/// The paragraph after the user's documentation of the trait.
const GENERIC_USE: &str = "\n\nCode that is generic over this trait cannot change the settings of a single call. Pass it a \
                           client with these settings: `client.prepare(CallOptions::new().server(\"…\"))`.";

/// The trait as the user wrote it, with `Send` futures and the supertraits `Send` and `Sync`.
pub(super) fn expand(interface: &Interface<'_>) -> TokenStream {
    let mut trait_ = interface.original.clone();
    for item in &mut trait_.items {
        match item {
            TraitItem::Fn(function) => desugar(function),
            TraitItem::Const(constant) => constant.attrs.retain(|attribute| !is_rpc(attribute)),
            _ => {}
        }
    }
    // If the user wrote no documentation, none is added, so that the lint `missing_docs` still reports the trait.
    if trait_
        .attrs
        .iter()
        .any(|attribute| attribute.path().is_ident("doc"))
    {
        let note = GENERIC_USE;
        trait_.attrs.push(parse_quote!(#[doc = #note]));
    }
    trait_.colon_token.get_or_insert_default();
    let shared = [quote!(::core::marker::Send), quote!(::core::marker::Sync)];
    for bound in shared.into_iter().rev() {
        trait_
            .supertraits
            .insert(0, syn::TypeParamBound::Verbatim(bound));
    }
    trait_.into_token_stream()
}

/// `async fn f() -> R` becomes `fn f() -> impl Future<Output = R> + Send`.
fn desugar(function: &mut TraitItemFn) {
    let is_required = function.default.is_none();
    function.attrs.retain(|attribute| {
        let reported = is_required && is_instrument(attribute);
        !is_rpc(attribute) && !is_conditional_rpc(attribute) && !reported
    });
    for input in &mut function.sig.inputs {
        match input {
            FnArg::Receiver(receiver) => receiver.attrs.retain(|attribute| !is_rpc(attribute)),
            FnArg::Typed(typed) => {
                typed
                    .attrs
                    .retain(|attribute| !is_rpc(attribute) && !is_conditional_rpc(attribute));
                // The compiler would report the same mistakes again.
                match plain_name(&typed.pat) {
                    _ if function.default.is_some() => {}
                    None => *typed.pat = Pat::Verbatim(quote!(_)),
                    // The compiler lints the name as part of the method, and ignores the argument's
                    // attributes. With this span, it does not lint the name.
                    Some(name) => {
                        if attributes::allow_something(&mut typed.attrs) {
                            let name = of_expansion(name.clone());
                            *typed.pat = Pat::Verbatim(name.into_token_stream());
                        }
                    }
                }
                replace_reported_type(&mut typed.ty, function.default.is_none());
            }
        }
    }
    if function.sig.asyncness.take().is_none() {
        return;
    }
    let future = (function.default.as_ref()).map(|body| provided::future(&mut function.sig, body));
    function.sig.output = future_of(&function.sig, future.is_none());
    if let Some((body, future)) = function.default.as_mut().zip(future) {
        body.stmts = vec![syn::Stmt::Expr(syn::Expr::Verbatim(future), None)];
    }
}

/// Replaces a type that was reported, and that the compiler would report again.
pub(super) fn replace_reported_type(ty: &mut Type, required: bool) {
    if is_inferred(ty) || (required && is_bare_unsized(ty)) {
        *ty = Type::Verbatim(quote!(impl ::core::marker::Sized));
    }
}

/// The return type of the function for an `async fn` with this signature.
pub(super) fn future_of(signature: &Signature, required: bool) -> ReturnType {
    let output = match &signature.output {
        ReturnType::Default => quote!(()),
        // The type was reported, and has no replacement.
        ReturnType::Type(_, ty)
            if required && (unsuited(ty).is_some() || matches!(plain(ty), Type::Never(_))) =>
        {
            quote!(())
        }
        ReturnType::Type(_, ty) => ty.to_token_stream(),
    };
    // The span is that of the return type, or else of the name. There, the compiler reports a provided method
    // whose future is not `Send`.
    let spans = match &signature.output {
        ReturnType::Default => Spans::of(&signature.ident),
        ReturnType::Type(_, ty) => Spans::of(ty),
    };
    let [start, end] = [spans.start, spans.end].map(|span| Span::mixed_site().located_at(span));
    let bounds = quote_spanned!(end=> + ::core::marker::Send);
    let future = quote_spanned!(start=> impl ::core::future::Future<Output = #output> #bounds);
    ReturnType::Type(
        <syn::Token![->]>::default(),
        Box::new(Type::Verbatim(future)),
    )
}
