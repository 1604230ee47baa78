//! The macros of `rpc-runtime`, which re-exports and documents them: `#[rpc_client]`,
//! `#[derive(IntoRemoteError)]` and `#[derive(Describe)]`.
//!
//! `#[rpc_client]` runs in stages, one module each: `repair` parses the trait, `attr` parses options, `model`
//! splits the trait into its parts, `check` applies the rules, `lock` compares the trait with its releases,
//! and `expand` generates the code. `entry` runs the stages.
//!
//! All errors are collected in `errors` and reported together. The correct parts of a trait are expanded even
//! if others have errors, so that one mistake causes one message.

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

/// Generates a typed client and a server endpoint from a trait. See `rpc_runtime::rpc_client`.
#[proc_macro_attribute]
pub fn rpc_client(
    options: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    entry::rpc_client(options.into(), &item.into()).into()
}

/// Converts an enum of errors to and from remote errors. See `rpc_runtime::IntoRemoteError`.
#[proc_macro_derive(IntoRemoteError, attributes(rpc))]
pub fn into_remote_error(item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    entry::into_remote_error(item.into()).into()
}

/// Describes the structure of a type on the wire. See `rpc_runtime::Describe`.
#[proc_macro_derive(Describe, attributes(rpc))]
pub fn describe(item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    entry::describe(item.into()).into()
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod random;
#[cfg(test)]
mod tests;
