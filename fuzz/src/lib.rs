//! The modules of the macro crate, compiled as a library for the fuzz targets: a proc-macro crate can be used
//! only by the compiler.
#![allow(dead_code, reason = "the fuzz targets use a part of the modules")]

use std::str::FromStr;

use proc_macro2::TokenStream;

#[path = "../../rpc-macros/src/attr/mod.rs"]
mod attr;
#[path = "../../rpc-macros/src/check/mod.rs"]
mod check;
#[path = "../../rpc-macros/src/describe/mod.rs"]
mod describe;
#[path = "../../rpc-macros/src/entry.rs"]
mod entry;
#[path = "../../rpc-macros/src/errors.rs"]
mod errors;
#[path = "../../rpc-macros/src/expand/mod.rs"]
mod expand;
#[path = "../../rpc-macros/src/hostile.rs"]
mod hostile;
#[path = "../../rpc-macros/src/lifetimes.rs"]
mod lifetimes;
#[path = "../../rpc-macros/src/lock/mod.rs"]
mod lock;
#[path = "../../rpc-macros/src/model.rs"]
mod model;
#[cfg(test)]
#[path = "../../rpc-macros/src/random.rs"]
mod random;
#[path = "../../rpc-macros/src/remote_error/mod.rs"]
mod remote_error;
#[path = "../../rpc-macros/src/repair.rs"]
mod repair;
#[path = "../../rpc-macros/src/types.rs"]
mod types;

/// Separates the options of an input from its item.
const SEPARATOR: &str = "\n---\n";

/// Checks a text as a lock.
pub fn lock(text: &str) {
    hostile::lock(text);
}

/// Checks a text as the options and the item of each macro.
pub fn tokens(source: &str) {
    let (options, item) = source.split_once(SEPARATOR).unwrap_or(("", source));
    if let (Ok(options), Ok(item)) = (TokenStream::from_str(options), TokenStream::from_str(item)) {
        hostile::client(options, &item);
        hostile::derives(&item);
    }
    // Otherwise proc-macro2 keeps every source that was parsed, for its spans.
    proc_macro2::extra::invalidate_current_thread_spans();
}

/// The seeds of the target `macro`.
pub fn token_seeds() -> Vec<Vec<u8>> {
    let items = hostile::items().into_iter();
    let items = items.map(|(options, item)| format!("{options}{SEPARATOR}{item}"));
    let types = hostile::types().into_iter().map(|item| item.to_string());
    items.chain(types).map(String::into_bytes).collect()
}

/// The seeds of the target `lock`.
pub fn lock_seeds() -> Vec<Vec<u8>> {
    let locks = hostile::locks().into_iter();
    locks.map(String::into_bytes).collect()
}
