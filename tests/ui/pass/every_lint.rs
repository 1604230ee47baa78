//! A crate may forbid any lint, since an expansion needs no `allow`.

use rpc_runtime::{Context, Transport};

/// The types that are sent are outside, since serde's derives allow lints.
#[derive(
    Debug,
    Default,
    PartialEq,
    Eq,
    Clone,
    serde::Serialize,
    serde::Deserialize,
    rpc_runtime::Describe,
)]
pub struct Kind {
    pub name: String,
}

/// Forbids each lint of the compiler, except lints for whole crates and for other editions.
pub mod forbidden {
    #![forbid(
        keyword_idents,
        let_underscore,
        nonstandard_style,
        refining_impl_trait,
        rust_2018_idioms,
        unused,
        dead_code,
        deprecated,
        absolute_paths_not_starting_with_crate,
        async_fn_in_trait,
        deprecated_in_future,
        elided_lifetimes_in_paths,
        explicit_outlives_requirements,
        impl_trait_redundant_captures,
        late_bound_lifetime_arguments,
        mismatched_lifetime_syntaxes,
        missing_debug_implementations,
        missing_docs,
        noop_method_call,
        opaque_hidden_inferred_bound,
        private_bounds,
        private_interfaces,
        redundant_imports,
        redundant_lifetimes,
        single_use_lifetimes,
        trivial_casts,
        trivial_numeric_casts,
        type_alias_bounds,
        unit_bindings,
        unnameable_types,
        unsafe_code,
        unused_import_braces,
        unused_lifetimes,
        unused_qualifications,
        unused_results,
        variant_size_differences
    )]
    #![forbid(clippy::all, clippy::pedantic, clippy::nursery)]
    #![forbid(clippy::absolute_paths, clippy::unwrap_used, clippy::indexing_slicing)]
    #![forbid(clippy::shadow_reuse, clippy::shadow_same, clippy::shadow_unrelated)]
    #![forbid(clippy::min_ident_chars, clippy::single_char_lifetime_names)]
    #![forbid(clippy::missing_inline_in_public_items)]

    use super::Kind;
    use rpc_runtime::{Context, Describe, Error, IntoRemoteError, MaybeAbsent, Result, rpc_client};
    use rpc_runtime::{Route, Version};

    /// A type.
    #[derive(Debug, Describe)]
    pub enum Shape {
        /// A variant.
        Round,
        /// Another.
        Long,
    }

    /// An error.
    #[derive(Debug, IntoRemoteError)]
    #[rpc(module = "own.errors")]
    pub enum Failure {
        /// A class.
        #[rpc(message = "{0} of {1}")]
        Pair(String, u32),
        /// A class.
        #[rpc(message = "{much} is too much")]
        Much {
            /// A field.
            much: u32,
        },
        /// A refusal.
        #[rpc(refused)]
        Never(Error),
        /// Any other.
        #[rpc(other)]
        Rest(Error),
    }

    fn by_kind(_version: Option<Version>, _kind: Option<&str>) -> Route {
        Route::new()
    }

    const fn halves(whole: u32) -> (u32, u32) {
        (whole / 2, whole / 2)
    }

    const fn whole(left: u32, right: u32) -> u32 {
        left + right
    }

    /// A trait with all options.
    #[rpc_client(
        topic = "own",
        version = "2.0",
        aliases(ash = "2.4"),
        times(long = 1800),
        lock = "ui/pass/every_lint.lock",
        dyn
    )]
    pub trait Own {
        /// A constant.
        const LIMIT: u32 = 3;

        /// A call.
        async fn find(&self, ctxt: &Context, text: &str, all: &[Kind]) -> Result<Kind>;

        /// A call.
        async fn lend(
            &self,
            ctxt: &Context,
            kind: &Kind,
            text: Option<&str>,
            kinds: Option<&Kind>,
            bytes: Option<&[u8]>,
        ) -> Result<Vec<Kind>>;

        /// A cast.
        #[rpc(cast, fanout)]
        async fn spread(&self, _: &Context, all: Vec<Kind>) -> Result<()>;

        /// With a ladder.
        #[rpc(call, cast, timeout = long, monitor = 0.5, route = by_kind(kind))]
        async fn measure(
            &self,
            ctxt: &Context,
            #[rpc(route)] kind: Option<&str>,
            #[rpc(since = "2.1", default = 3)] size: u32,
            #[rpc(since = "2.2", below = drop)] hint: Option<&str>,
            #[rpc(since = "2.3", below = with(halves, "left", "right"), from = whole)] half: u32,
            #[rpc(until = "2.4")] gone: MaybeAbsent<u32>,
        ) -> Result<Kind, Failure>;

        /// With the rest of it.
        #[rpc(version = "2.4", name_before("2.5", "guide"))]
        async fn direct(
            &self,
            ctxt: &Context,
            #[rpc(server)] host: Option<&str>,
            #[rpc(topic)] pool: &str,
            #[rpc(timeout)] within: u32,
            #[rpc(since = "2.5", default)] tags: &[Kind],
            #[rpc(name_before("2.5", "user"))] owner: Option<String>,
        ) -> Result<()>;

        /// A provided method.
        async fn provided(&self, ctxt: &Context, mut left: u32, (right, _): (u32, u32)) -> u32 {
            if self.find(ctxt, "text", &[]).await.is_ok() {
                left += right;
            }
            left
        }

        /// Another one, which awaits nothing.
        async fn ready(&self) -> u32 {
            Self::LIMIT
        }
    }

    /// A trait with optional references.
    #[rpc_client(topic = "short", version = "1.0")]
    pub trait Short {
        /// A call.
        async fn lend(
            &self,
            ctxt: &Context,
            text: MaybeAbsent<&str>,
            all: MaybeAbsent<&[u8]>,
            one: MaybeAbsent<&u8>,
        ) -> Result<()>;
    }
}

/// The client and the endpoint of this trait are not used.
mod unused {
    #![forbid(unused, missing_docs, unreachable_pub, unused_qualifications)]
    use rpc_runtime::{Context, Result, rpc_client};

    #[rpc_client(version = "1.0", dyn)]
    pub(super) trait Unused {
        async fn get(&self, ctxt: &Context, name: &str) -> Result<()>;
    }

    pub(super) struct Real;

    impl Unused for Real {
        async fn get(&self, _: &Context, _: &str) -> Result<()> {
            Ok(())
        }
    }
}

pub fn main() {
    use forbidden::{Own, OwnClient, Shape};

    assert_eq!(OwnClient::INTERFACE.methods().len(), 5);
    assert_eq!(<OwnClient as Own>::LIMIT, 3);
    let client = OwnClient::new(&Transport::new("memory://ui-lints").unwrap());
    drop(client.provided(&Context::new(), 1, (2, 3)));
    drop(client.ready());
    let shapes = [Shape::Round, Shape::Long];
    assert_eq!(format!("{shapes:?}"), "[Round, Long]");
    let _ = unused::Real;
}
