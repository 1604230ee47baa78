//! Writes what comes of a trait: the trait itself, the client, the endpoint.
//!
//! Paths are rooted, and identifiers of the user keep their spans. Variables are told from the user's by hygiene.
//! Hygiene does not tell them from the user's constants and unit structs, which a pattern would mean instead.
//! Hence each name that is introduced begins with `__`, which the examples below leave out, or stands where
//! functions of the same names are in scope: `mod parameters`. Nothing here can fail: what is wrong was found
//! before, and its part is left out.

mod arguments;
mod attributes;
mod client;
mod elided_lifetimes;
mod endpoint;
mod interface;
mod lock;
mod object;
mod parameters;
mod provided;
mod shared;
mod spans;
mod structures;
mod types;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{FnArg, Ident, ItemTrait, Pat, ReturnType, Signature, TraitItem, TraitItemFn, Type};

use spans::Place;

use crate::attr::{is_conditional_rpc, is_rpc};
use crate::check::{Interface, Method, is_bare_unsized, is_inferred, plain, plain_name, unsuited};
use crate::lock::Lock;
use crate::types::{has_ident, has_punct};

pub(crate) fn interface(interface: &Interface<'_>, lock: Option<&Lock>) -> TokenStream {
    let names = Names::new(interface);
    let service = service(interface);
    let Names { alias, .. } = &names;
    let private = &interface.krate;
    let levels = attributes::of_block(interface.original);
    let client = client::expand(interface, &names);
    let endpoint = endpoint::expand(interface, &names);
    let fixed_client = client::fixed(interface, &names);
    let fixed_endpoint = endpoint::fixed(interface, &names);
    let elided_lifetimes = elided_lifetimes::expand(interface);
    let shared = shared::expand(interface);
    let object = (interface.object).map(|object| object::expand(interface, object, &names));
    let followed = lock.map(|lock| lock::followed(interface, lock, &names));
    let tests = lock.map(|lock| lock::tests(interface, lock, &names));
    quote! {
        #service
        #names
        #(#levels)*
        const _: () = {
            use #private::__private as #alias;
            use #alias::parameters::*;
            #fixed_client
            #fixed_endpoint
        };
        #(#levels)*
        const _: () = {
            use #private::__private as #alias;
            #client
            #endpoint
            #elided_lifetimes
            #followed
        };
        #shared
        #object
        #tests
    }
}

/// The types that other code names; they exist whatever is wrong with the trait.
struct Names<'a> {
    interface: &'a Interface<'a>,
    client: Ident,
    endpoint: Ident,
    /// What trait objects are made of, if the trait asks for it.
    object: Ident,
    /// The runtime's part for expansions, within the block that holds them.
    alias: Ident,
    /// The endpoint's type parameter.
    parameter: Ident,
}

impl<'a> Names<'a> {
    fn new(interface: &'a Interface<'a>) -> Self {
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
        let about_client =
            format!("The client of [`{name}`]: calls and casts its methods. Cheap to clone.");
        let about_endpoint = format!("Serves an implementation of [`{name}`].");
        let attributes = attributes::of_type(&interface.original.attrs);
        tokens.extend(quote! {
            #[doc = #about_client]
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

/// A type parameter, `S` for whoever reads the documentation, unless the trait may mean a type of that name.
fn parameter(original: &ItemTrait, name: &str) -> Ident {
    let tokens = original.to_token_stream();
    let is_used = has_ident(tokens.clone(), &|ident| ident == name);
    // A macro may expand to any name.
    if is_used || has_punct(tokens, '!') {
        format_ident!("__{name}")
    } else {
        format_ident!("{name}")
    }
}

/// The trait, as the user wrote it, but for its futures: they are `Send`.
fn service(interface: &Interface<'_>) -> TokenStream {
    let mut service = interface.original.clone();
    for item in &mut service.items {
        match item {
            TraitItem::Fn(function) => desugar(function),
            TraitItem::Const(constant) => constant.attrs.retain(|attribute| !is_rpc(attribute)),
            _ => {}
        }
    }
    service.colon_token.get_or_insert_default();
    let shared = [quote!(::core::marker::Send), quote!(::core::marker::Sync)];
    for bound in shared.into_iter().rev() {
        service
            .supertraits
            .insert(0, syn::TypeParamBound::Verbatim(bound));
    }
    service.into_token_stream()
}

/// `async fn f() -> R` becomes `fn f() -> impl Future<Output = R> + Send`.
fn desugar(function: &mut TraitItemFn) {
    function
        .attrs
        .retain(|attribute| !is_rpc(attribute) && !is_conditional_rpc(attribute));
    for input in &mut function.sig.inputs {
        match input {
            FnArg::Receiver(receiver) => receiver.attrs.retain(|attribute| !is_rpc(attribute)),
            FnArg::Typed(typed) => {
                typed
                    .attrs
                    .retain(|attribute| !is_rpc(attribute) && !is_conditional_rpc(attribute));
                // What was reported is not to be reported again by the compiler.
                match plain_name(&typed.pat) {
                    _ if function.default.is_some() => {}
                    None => *typed.pat = Pat::Verbatim(quote!(_)),
                    // The compiler lints the name as the method's: no attribute of the argument counts.
                    Some(name) => {
                        if attributes::allow_something(&mut typed.attrs) {
                            let name = of_expansion(name.clone());
                            *typed.pat = Pat::Verbatim(name.into_token_stream());
                        }
                    }
                }
                stand_for_type(&mut typed.ty, function.default.is_none());
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

/// Puts something in place of a type that was reported and that the compiler would report again.
fn stand_for_type(ty: &mut Type, required: bool) {
    if is_inferred(ty) || (required && is_bare_unsized(ty)) {
        *ty = Type::Verbatim(quote!(impl ::core::marker::Sized));
    }
}

/// What a function returns whose async form has this signature.
fn future_of(signature: &Signature, required: bool) -> ReturnType {
    let output = match &signature.output {
        ReturnType::Default => quote!(()),
        // That was reported, and nothing can stand in for it.
        ReturnType::Type(_, ty)
            if required && (unsuited(ty).is_some() || matches!(plain(ty), Type::Never(_))) =>
        {
            quote!(())
        }
        ReturnType::Type(_, ty) => ty.to_token_stream(),
    };
    // At the return type, or else the name: there the compiler reports that a provided method is not `Send`.
    let place = match &signature.output {
        ReturnType::Default => Place::of(&signature.ident),
        ReturnType::Type(_, ty) => Place::of(ty),
    };
    let [start, end] = [place.start, place.end].map(|span| Span::mixed_site().located_at(span));
    let bounds = quote_spanned!(end=> + ::core::marker::Send);
    let future = quote_spanned!(start=> impl ::core::future::Future<Output = #output> #bounds);
    ReturnType::Type(
        <syn::Token![->]>::default(),
        Box::new(Type::Verbatim(future)),
    )
}

/// The constant that describes a method, and the handler of it. Tables are in capitals, so that no method is
/// called as they are.
fn descriptor(method: &Method<'_>) -> Ident {
    of_expansion(format_ident!("__rpc_{}", method.original.sig.ident))
}

/// The name of an item that is seen at the user's own, but is not the user's: lints pass it over.
fn of_expansion(mut name: Ident) -> Ident {
    name.set_span(Span::call_site().located_at(name.span()));
    name
}

/// A variable.
fn local(name: &str) -> Ident {
    format_ident!("__{name}", span = Span::mixed_site())
}
