//! Generates the code for a trait: the trait itself, the client and the endpoint.
//!
//! - Paths are rooted, and the user's identifiers keep their spans.
//! - Hygiene keeps generated variables apart from the user's variables. It does not keep them apart from the
//!   user's constants and unit structs: a pattern with such a name matches the constant. Therefore the name of each
//!   generated variable begins with `__`, or `rpc_runtime::__private::parameters` has a function of that name. Most
//!   examples omit the `__`.
//! - Expansion cannot fail. `check` has reported all mistakes; methods with mistakes are expanded as
//!   placeholders in implementations of the trait, and as stand-ins in the client.

mod arguments;
mod attributes;
mod client;
mod elided_lifetimes;
mod endpoint;
mod interface;
mod lock;
mod names;
mod object;
mod page;
mod parameters;
mod provided;
mod shared;
mod spans;
mod structures;
mod trait_;
mod types;

use proc_macro2::TokenStream;
use quote::quote;

use self::names::Names;
#[cfg(test)]
pub(crate) use self::structures::{TypeUse, UseKind, uses as uses_of_types};
use crate::check::Interface;
use crate::lock::Lock;

/// The whole expansion:
///
/// ```text
/// pub trait Inventory: Send + Sync { … }
/// pub struct InventoryClient { … }
/// pub struct InventoryEndpoint<S> { … }
/// const _: () = { /* the methods that every client and endpoint has */ };
/// const _: () = { /* the interface's description, the client's methods, the handlers */ };
/// const _: () = { /* the trait for `Arc<T>` */ };
/// pub trait DynInventory: Send + Sync { … }                   // dyn
/// #[cfg(test)] mod inventory_interface_lock { … }             // lock = "…"
/// ```
pub(crate) fn interface(interface: &Interface<'_>, lock: Option<&Lock>) -> TokenStream {
    let names = Names::new(interface);
    let trait_ = trait_::expand(interface);
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
    let followed = lock.map(|lock| lock::rebuild_and_checks(interface, lock, &names));
    let tests = lock.map(|lock| lock::tests(interface, lock, &names));
    quote! {
        #trait_
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
