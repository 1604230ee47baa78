//! The macro as a whole: what it writes, and how much of it.

use std::fs;
use std::path::Path;

use proc_macro2::TokenStream;
use quote::quote;

use super::entry;

pub(crate) type Seed = (TokenStream, TokenStream);

/// The methods but for the one at `without`.
fn joined(methods: &[TokenStream], without: Option<usize>) -> TokenStream {
    let kept = methods.iter().enumerate();
    let kept = kept.filter(|(place, _)| Some(*place) != without);
    kept.map(|(_, method)| method.clone()).collect()
}

/// The trait of the README, without its method at `without`.
fn inventory(without: Option<usize>) -> Seed {
    let methods = [
        quote! {
            /// Looks a host up by name.
            async fn host(&self, ctxt: &Context, name: &str) -> Result<Host>;
        },
        quote! {
            /// Needs servers of 2.3 or later: refused on this side when the version cap is lower.
            #[rpc(version = "2.3")]
            async fn resize(&self, ctxt: &Context, id: Uuid, size: u32) -> Result<()>;
        },
        quote! {
            /// One way: returns as soon as the broker has accepted it.
            #[rpc(cast)]
            async fn touch(&self, ctxt: &Context, id: Uuid) -> Result<()>;
        },
        quote! {
            /// One way, to every server on the topic.
            #[rpc(cast, fanout)]
            async fn refresh_cache(&self, ctxt: &Context, images: &[String]) -> Result<()>;
        },
    ];
    let methods = joined(&methods, without);
    let item = quote! {
        /// The inventory service, as all teams see it.
        pub trait Inventory {
            #methods
        }
    };
    (quote!(topic = "inventory", version = "2.0"), item)
}

/// A trait with each kind of ladder, without its method at `without`.
fn disks(without: Option<usize>) -> Seed {
    let methods = [
        quote! {
            /// With an argument that matters, and one that does not.
            async fn create(
                &self,
                ctxt: &Context,
                #[rpc(since = "2.1", default = 3)] copies: u32,
                #[rpc(since = "2.2", below = drop)] hint: Option<&str>,
            ) -> Result<Disk>;
        },
        quote! {
            /// With an argument that was two before.
            async fn reshape(
                &self,
                ctxt: &Context,
                #[rpc(since = "2.3", below = with(size_and_kind, "size", "kind"), from = spec)] spec: &Spec,
            ) -> Result<Disk>;
        },
        quote! {
            /// With an argument that went, and one that may be absent.
            async fn update(
                &self,
                ctxt: &Context,
                #[rpc(until = "2.2")] bus: Option<&str>,
                #[rpc(name_before("2.4", "user"))] owner: Maybe<Option<String>>,
            ) -> Result<Disk>;
        },
        quote! {
            /// Renamed, with an argument whose unit has changed.
            #[rpc(version = "2.1", name_before("2.3", "grow"))]
            async fn resize(
                &self,
                ctxt: &Context,
                #[rpc(since = "2.2", below = with(Units::megabytes), from = Units::gigabytes)] size: u32,
            ) -> Result<()>;
        },
        quote! {
            /// With defaults that are borrowed.
            async fn label(
                &self,
                ctxt: &Context,
                #[rpc(since = "2.4", default = &[])] tags: &[String],
                #[rpc(since = "2.4", default)] label: &str,
            ) -> Result<()>;
        },
        quote! {
            /// In both ways, and for as long as it is told.
            #[rpc(call, cast, monitor = silence)]
            async fn check(
                &self,
                ctxt: &Context,
                #[rpc(server)] host: Option<&str>,
                #[rpc(timeout)] within: Option<u32>,
            ) -> Result<Option<String>>;
        },
        quote! {
            /// Where it goes depends on the cap.
            #[rpc(timeout = long, route = by_pool(pool))]
            async fn scan(&self, ctxt: &Context, #[rpc(route)] pool: Option<&str>) -> Result<String>;
        },
        quote! {
            /// Over two majors.
            #[rpc(cast, versions("2.5", "1.3", "1.0"))]
            async fn forget(
                &self,
                ctxt: &Context,
                #[rpc(name_before("2.5", "id"))] disk: u32,
                #[rpc(since = "1.3", default = true)] wait: bool,
            ) -> Result<()>;
        },
    ];
    let methods = joined(&methods, without);
    let item = quote! {
        /// Disks, for servers of all versions.
        pub trait Disks {
            #methods
        }
    };
    // The times are those of one method, without which they would be a mistake.
    let times = match without {
        Some(5) => quote!(times(long = 1800)),
        Some(6) => quote!(times(silence = 60)),
        _ => quote!(times(long = 1800, silence = 60)),
    };
    let options = quote! {
        topic = "disks", version = "2.0", aliases(ash = "2.1", "2024.2" = "2.4"), #times
    };
    (options, item)
}

fn expand((options, item): Seed) -> String {
    let expansion = entry::rpc_client(options, &item);
    prettyplease::unparse(&syn::parse2(expansion).unwrap())
}

#[test]
fn the_expansions_are_those_that_were_reviewed() {
    reviewed("inventory.rs", &expand(inventory(None)));
    reviewed("ladders.rs", &expand(disks(None)));
}

fn reviewed(file: &str, expansion: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("snapshots")
        .join(file);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, expansion).unwrap();
    }
    let reviewed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        reviewed == expansion,
        "{} is not what the macro writes: run `BLESS=1 cargo test -p rpc-macros`, and review it",
        path.display(),
    );
}

#[test]
fn a_method_adds_forty_lines_at_most() {
    within_budget(inventory, 4, 40);
}

#[test]
fn a_method_with_ladders_adds_seventy_lines_at_most() {
    within_budget(disks, 8, 70);
}

fn within_budget(seed: fn(Option<usize>) -> Seed, methods: usize, budget: usize) {
    let whole = expand(seed(None)).lines().count();
    for method in 0..methods {
        let added = whole - expand(seed(Some(method))).lines().count();
        println!("method {method} adds {added} lines");
        assert!(added <= budget, "method {method} adds {added} lines");
    }
}

/// Traits to be mutated, with their options.
pub(crate) fn seeds() -> Vec<Seed> {
    let every_shape = quote! {
        /// Every shape.
        #[derive_nothing]
        pub(crate) trait r#Shapes: Debug + Named {
            const LIMIT: usize = 3;
            #[cfg(unix)]
            #[deprecated = "no more"]
            #[rpc(version = "2.3", timeout = 30, monitor = 0.5, name = "list-all")]
            async fn list<'a>(
                &'a self,
                ctxt: &'a Context,
                #[rpc(name = "type")] r#type: Option<&'a str>,
                all: &[Cow<'_, str>],
                map: HashMap<String, (u8, [u16; 4])>,
            ) -> std::result::Result<Vec<Host>, StockError>;
            #[rpc(cast, fanout)]
            #[rpc(version = "2.4.1")]
            async fn r#loop(&self, _: &'a Context) -> Result<()>;
            async fn both(&self, ctxt: &Context, mut count: u32) -> Result<(), StockError> {
                count += 1;
                self.list(ctxt, None, &[], HashMap::new()).await?;
                self.r#loop(ctxt).await
            }
        }
    };
    let options = quote! {
        topic = "shapes", version = "2.0", namespace = "n", exchange = "e", crate = ::a::rpc_runtime,
        lock = "snapshots/shapes.lock"
    };
    vec![inventory(None), (options, every_shape), disks(None)]
}
