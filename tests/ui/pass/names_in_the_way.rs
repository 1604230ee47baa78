//! No name in an expansion conflicts with a user's item, of whatever kind.
//!
//! `in_the_way/names.rs` has the names in the expansions of `in_the_way/interfaces.rs`. A test of `rpc-macros` checks
//! that it has all of them.
#![expect(
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    dead_code,
    unused_imports,
    unused_macros,
    unused_variables,
    clippy::too_many_arguments,
    clippy::upper_case_acronyms,
    clippy::wrong_self_convention,
    reason = "each name is one of an expansion, whatever its case"
)]

/// The types and functions of the interfaces.
pub mod own {
    pub use rpc_runtime::{
        Context as OwnContext, Describe as Derived, Error as OwnFailure, IntoRemoteError as Raised,
        MaybeAbsent, Result as OwnResult, rpc_client as client_of,
    };
    use rpc_runtime::{Route, Version};

    pub type OwnText = String;
    pub const THREE: u32 = 3;

    #[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize, Derived)]
    pub struct Kind;

    pub struct Kept(pub u32);

    pub fn by_kind(_: Option<Version>, _: Option<&Kind>) -> Route {
        Route::new()
    }

    pub fn halves(whole: u32) -> (u32, u32) {
        (whole / 2, whole / 2)
    }

    pub fn whole(left: u32, right: u32) -> u32 {
        left + right
    }
}

macro_rules! in_the_way {
    (items: $($name:ident)*; arguments: $($argument:ident)*; methods: $($method:ident)*;) => {
        in_the_way! { @each
            unit_structs: { $(pub struct $name;)* }
            tuple_structs: { $(pub struct $name();)* }
            structs: { $(pub struct $name {})* }
            unions: { $(pub union $name { field: ::core::primitive::u8 })* }
            enums: { $(pub enum $name {})* }
            unit_variants: {
                pub enum All { $($name,)* }
                pub use All::*;
            }
            tuple_variants: {
                pub enum All { $($name(::core::primitive::u8),)* }
                pub use All::*;
            }
            constants: { $(pub const $name: ::core::primitive::u8 = 0;)* }
            statics: { $(pub static $name: ::core::primitive::u8 = 0;)* }
            functions: { $(pub fn $name() {})* }
            modules: { $(pub mod $name {})* }
            traits: { $(pub trait $name {})* }
            aliases: { $(pub type $name = ::core::primitive::u8;)* }
            macros: { $(macro_rules! $name { () => { compile_error!("the user's macro is meant") } })* }
        }

        /// The names as arguments, of types of those names, and as methods.
        pub mod used {
            use super::own::{OwnContext, OwnResult, client_of};

            $(pub type $name = ::core::primitive::u8;)*

            #[client_of(version = "1.0")]
            pub trait Arguments {
                async fn arguments(
                    &self,
                    caller: &OwnContext,
                    $($argument: $argument,)*
                ) -> OwnResult<()>;
                async fn gated(
                    &self,
                    caller: &OwnContext,
                    $(#[rpc(since = "1.1", default = 3)] $argument: $argument,)*
                ) -> OwnResult<()>;
                async fn lent(&self, caller: &OwnContext, $($argument: &[$argument],)*) -> OwnResult<()>;
                async fn provided(&self, $($argument: $argument, _: $argument,)*) {}
            }

            #[client_of(version = "1.0")]
            pub trait Methods {
                $(async fn $method(&self, caller: &OwnContext) -> OwnResult<()>;)*
            }
        }
    };
    (@each $($kind:ident: { $($item:item)* })*) => {
        $(
            pub mod $kind {
                $($item)*
                include!("interfaces.rs");
            }
        )*
    };
}

include!("in_the_way/names.rs");

/// Traits and types with the names of an expansion's own.
pub mod one_letter {
    use super::own::{OwnContext, OwnResult, client_of};

    #[client_of(version = "1.0")]
    pub trait S {
        async fn get(&self, caller: &OwnContext) -> OwnResult<()>;
    }

    pub mod of_a_type {
        use super::super::own::{Kind as S, OwnContext, OwnResult, client_of};

        #[client_of(version = "1.0")]
        pub trait Types {
            async fn get(&self, caller: &OwnContext, value: S) -> OwnResult<S>;
        }
    }

    pub mod by_a_macro {
        use super::super::own::{Kind as S, OwnContext, OwnResult, client_of};

        macro_rules! one {
            () => {
                S
            };
        }

        #[client_of(version = "1.0")]
        pub trait Macros {
            async fn get(&self, caller: &OwnContext, value: one!()) -> OwnResult<()>;
        }
    }
}

pub fn main() {
    assert_eq!(unit_structs::OwnClient::INTERFACE.methods().len(), 4);
    assert_eq!(one_letter::SClient::INTERFACE.methods().len(), 1);
}
