//! The expansion for a lock: it makes cargo rebuild when the lock changes, and adds tests. It adds nothing at
//! run time.
//!
//! ```text
//! const _: &'static [u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/rpc/inventory.lock"));
//!
//! #[cfg(test)]
//! mod inventory_interface_lock {
//!     #[test]
//!     fn is_up_to_date() {
//!         super::__INVENTORY_LOCK.is_up_to_date();
//!     }
//! }
//! ```

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;

use super::interface::version;
use super::names::Names;
use super::{attributes, structures};
use crate::check::Interface;
use crate::lock::Lock;

/// Makes cargo rebuild when the lock changes or is to be written, and checks the types.
pub(super) fn rebuild_and_checks(
    interface: &Interface<'_>,
    lock: &Lock,
    names: &Names<'_>,
) -> TokenStream {
    let types = structures::checks(interface, lock, &names.alias);
    let file = lock.exists.then(|| {
        let path = format!("/{}", lock.path.value());
        quote! {
            const _: &'static [::core::primitive::u8] = ::core::include_bytes!(
                ::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), #path)
            );
        }
    });
    quote! {
        const _: ::core::option::Option<&'static ::core::primitive::str> =
            ::core::option_env!("RPC_LOCK");
        #file
        #types
    }
}

/// The tests. They are outside of the expansion's block, where the test harness would not find them.
pub(super) fn tests(interface: &Interface<'_>, lock: &Lock, names: &Names<'_>) -> TokenStream {
    let krate = &interface.krate;
    let name = interface.original.ident.unraw().to_string();
    let (constant, module) = (
        format_ident!("__{}_LOCK", snake_case(&name).to_uppercase()),
        format_ident!("{}_interface_lock", snake_case(&name)),
    );
    let private = quote!(#krate::__private);
    let client = &names.client;
    let path = lock.path.value();
    let Lock {
        command,
        additions,
        releases,
        ..
    } = lock;
    let now = version(&private, lock.version);
    let last = lock.last.map(|last| {
        let last = version(&private, last);
        quote!(.after(#last))
    });
    let release = lock
        .release
        .as_ref()
        .map(|[header, section]| quote!(.to_be_released(#header, #section)));
    let mut levels = attributes::of_block(interface.original);
    levels.extend(attributes::of_all(&interface.methods));
    let types = structures::compared(interface, lock, &private);
    quote! {
        #[cfg(test)]
        #[doc(hidden)]
        #(#levels)*
        const #constant: #private::Lock = {
            use #private::{NotDescribed as _, NotRaised as _};
            #private::Lock::new(
                &#client::INTERFACE,
                [::core::env!("CARGO_MANIFEST_DIR"), #path],
                #command,
                #now,
                &[#(#additions),*],
                #releases,
            ) #last #types #release
        };

        #[cfg(test)]
        mod #module {
            #[::core::prelude::v1::test]
            fn is_up_to_date() {
                super::#constant.is_up_to_date();
            }

            #[::core::prelude::v1::test]
            fn sends_what_each_release_accepts() {
                super::#constant.sends_what_each_release_accepts();
            }
        }
    }
}

/// `FooBar` as `foo_bar`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}
