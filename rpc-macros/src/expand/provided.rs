//! Provided methods: an `async fn` with a body becomes a function that returns a future.
//!
//! ```text
//! fn first(&self, ctxt: &Context, __arg2: (&str, &str)) -> impl Future<Output = Result<u32>> + Send {
//!     async move {
//!         let ctxt = ctxt;
//!         let __arg2 = __arg2;
//!         let (a, b) = __arg2;
//!         if let Some(__returned) = None::<Result<u32>> {
//!             return __returned;
//!         }
//!         { … }
//!     }
//! }
//! ```
//!
//! The compiler desugars an `async fn` in the same way. The future owns each argument until it ends, even one
//! that the body does not use, because dropping an argument may have an effect, such as releasing a lock. The
//! type of an `async` block is inferred from its body. The first `return` fixes the type, and the values that
//! the body returns are coerced to it.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Block, FnArg, Pat, ReceiverKind, ReturnType, Signature, Stmt};

use crate::attr::is_cfg;
use crate::check::plain_name;
use crate::types::has_ident;

/// The body as a future. The patterns of the signature are bound inside the future.
pub(super) fn future(signature: &mut Signature, body: &Block) -> TokenStream {
    let bound: Vec<_> = (0..)
        .zip(&mut signature.inputs)
        .map(|(place, input)| bind(place, input))
        .collect();
    // The span is that of the body, where the compiler then reports errors about the future.
    let span = Span::mixed_site().located_at(body.brace_token.span.join());
    let output = match &signature.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => ty.to_token_stream(),
    };
    // A block around one expression alone would be linted as unnecessary.
    let body = match &*body.stmts {
        [Stmt::Expr(value, None)] => value.to_token_stream(),
        _ => body.to_token_stream(),
    };
    // `impl Trait` cannot be the type of a variable.
    if has_ident(output.clone(), &|word| word == "impl") {
        return quote_spanned!(span=> async move { #(#bound)* #body });
    }
    let returned = Ident::new("__returned", span);
    quote_spanned! {span=>
        async move {
            #(#bound)*
            if let ::core::option::Option::Some(#returned) = ::core::option::Option::None::<#output> {
                return #returned;
            }
            #body
        }
    }
}

/// Moves an argument into the future.
fn bind(place: usize, input: &mut FnArg) -> TokenStream {
    let argument = match input {
        // A variable cannot be named `self`. Mentioning it is enough to move it.
        FnArg::Receiver(receiver) if !matches!(receiver.kind, ReceiverKind::Reference(..)) => {
            let token = receiver.self_token;
            return quote!(let _ = &#token;);
        }
        FnArg::Receiver(_) => return TokenStream::new(),
        FnArg::Typed(argument) => argument,
    };
    // A condition may remove the argument. The other attributes are lint levels.
    let (on_both, lints): (Vec<_>, Vec<_>) = argument.attrs.drain(..).partition(is_cfg);
    argument.attrs.clone_from(&on_both);
    let pattern = argument.pat.clone();
    // The parameter keeps its name, which documentation shows. Hygiene separates it from the variable.
    let parameter = match &*pattern {
        Pat::Ident(name) if name.subpat.is_none() => {
            let mut parameter = name.ident.clone();
            parameter.set_span(Span::mixed_site().located_at(name.ident.span()));
            parameter
        }
        _ => Ident::new(&format!("__arg{place}"), Span::mixed_site()),
    };
    *argument.pat = Pat::Verbatim(parameter.to_token_stream());
    if plain_name(&pattern).is_some() {
        return quote!(#(#on_both)* #(#lints)* let #pattern = #parameter;);
    }
    let mutability = has_ref_mut(pattern.to_token_stream()).then(|| quote!(mut));
    quote! {
        #(#on_both)* let #mutability #parameter = #parameter;
        #(#on_both)* #(#lints)* let #pattern = #parameter;
    }
}

/// Whether the pattern contains `ref mut`.
fn has_ref_mut(tokens: TokenStream) -> bool {
    let mut after_ref = false;
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => {
            let found = after_ref && word == "mut";
            after_ref = word == "ref";
            found
        }
        TokenTree::Group(group) => has_ref_mut(group.stream()),
        _ => false,
    })
}
