//! The `#[rpc_client]` attribute of `rpc-runtime`, where it is documented and to be used from.
//!
//! Stages, each a module: `attr` reads options, `model` takes the trait apart, `check` holds it to the
//! rules, `lock` to its releases, `expand` writes what comes of it. Errors are gathered in `errors` and reported
//! all at once; what is right of a trait is expanded even then, so that one mistake is one message.

mod attr;
mod check;
mod describe;
mod errors;
mod expand;
mod lock;
mod model;
mod remote_error;

use proc_macro2::TokenStream;

/// Makes a typed client and a server endpoint of a trait. See `rpc_runtime::rpc_client`.
#[proc_macro_attribute]
pub fn rpc_client(
    options: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    rpc_client_tokens(options.into(), &item.into()).into()
}

/// Makes an enum of errors cross the wire. See `rpc_runtime::IntoRemoteError`.
#[proc_macro_derive(IntoRemoteError, attributes(rpc))]
pub fn into_remote_error(item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = syn::parse_macro_input!(item as syn::DeriveInput);
    let errors = errors::Errors::new();
    let expansion = remote_error::derive(&errors, &input);
    let errors = errors.into_compile_errors();
    quote::quote!(#expansion #errors).into()
}

/// Tells the structure of a type on the wire. See `rpc_runtime::Describe`.
#[proc_macro_derive(Describe, attributes(rpc))]
pub fn describe(item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = syn::parse_macro_input!(item as syn::DeriveInput);
    let errors = errors::Errors::new();
    let expansion = describe::derive(&errors, &input);
    let errors = errors.into_compile_errors();
    quote::quote!(#expansion #errors).into()
}

fn rpc_client_tokens(options: TokenStream, item: &TokenStream) -> TokenStream {
    let original = match model::parse(item.clone()) {
        Ok(original) => original,
        Err(error) => {
            let error = error.into_compile_error();
            return quote::quote!(#item #error);
        }
    };
    let errors = errors::Errors::new();
    let interface = model::Interface::new(&errors, options, &original);
    let checked = check::interface(&errors, &interface);
    let lock = lock::check(&errors, &checked, &lock::Package::of_this_build());
    let expansion = expand::interface(&checked, lock.as_ref());
    let errors = errors.into_compile_errors();
    quote::quote!(#expansion #errors)
}

#[cfg(test)]
mod tests;
