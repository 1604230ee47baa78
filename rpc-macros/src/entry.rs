//! The entry points of the macros, on `proc_macro2` tokens, so that tests can call them outside the compiler.

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::errors::Errors;
use crate::repair::{self, Read};
use crate::{check, describe as describing, expand, lock, model, remote_error};

/// `#[rpc_client(options)] item`.
pub(crate) fn rpc_client(options: TokenStream, item: &TokenStream) -> TokenStream {
    rpc_client_in(&lock::Package::of_this_build(), options, item)
}

/// The same, with the package that contains the lock.
pub(crate) fn rpc_client_in(
    package: &lock::Package,
    options: TokenStream,
    item: &TokenStream,
) -> TokenStream {
    let errors = Errors::new();
    let Read { item, unread } = match repair::read(&errors, item) {
        Ok(read) => read,
        Err(error) => {
            errors.add(error);
            let errors = errors.into_compile_errors();
            return quote!(#item #errors);
        }
    };
    errors.turn_to(0);
    let interface = model::Interface::new(&errors, options, &item);
    let checked = check::interface(&errors, &interface);
    let lock = lock::check(&errors, &checked, package);
    let expansion = expand::interface(&checked, lock.as_ref());
    let errors = errors.into_compile_errors();
    quote!(#expansion #unread #errors)
}

/// `#[derive(IntoRemoteError)] item`.
pub(crate) fn into_remote_error(item: TokenStream) -> TokenStream {
    derive(item, remote_error::derive)
}

/// `#[derive(Describe)] item`.
pub(crate) fn describe(item: TokenStream) -> TokenStream {
    derive(item, describing::derive)
}

fn derive(item: TokenStream, derive: fn(&Errors, &DeriveInput) -> TokenStream) -> TokenStream {
    let input = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let errors = Errors::new();
    let expansion = derive(&errors, &input);
    let errors = errors.into_compile_errors();
    quote!(#expansion #errors)
}
