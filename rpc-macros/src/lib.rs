//! The `#[rpc_client]` attribute of `rpc-runtime`, where it is documented and to be used from.
//!
//! Stages, each a module: `repair` reads the trait, `attr` reads options, `model` takes the trait apart, `check` holds it to the
//! rules, `lock` to its releases, `expand` writes what comes of it; `entry` puts them together. Errors are
//! gathered in `errors` and reported all at once; what is right of a trait is expanded even then, so that one
//! mistake is one message.

mod attr;
mod check;
mod describe;
mod entry;
mod errors;
mod expand;
mod lifetimes;
mod lock;
mod model;
mod remote_error;
mod repair;
mod types;

/// Makes a typed client and a server endpoint of a trait. See `rpc_runtime::rpc_client`.
#[proc_macro_attribute]
pub fn rpc_client(
    options: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    entry::rpc_client(options.into(), &item.into()).into()
}

/// Makes an enum of errors cross the wire. See `rpc_runtime::IntoRemoteError`.
#[proc_macro_derive(IntoRemoteError, attributes(rpc))]
pub fn into_remote_error(item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    entry::into_remote_error(item.into()).into()
}

/// Tells the structure of a type on the wire. See `rpc_runtime::Describe`.
#[proc_macro_derive(Describe, attributes(rpc))]
pub fn describe(item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    entry::describe(item.into()).into()
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod tests;
