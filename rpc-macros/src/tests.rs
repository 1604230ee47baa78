//! The whole macro: its expansions, their size, and the generated documentation.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Ident, Item};

use super::{check, entry, lock};

pub(crate) type Seed = (TokenStream, TokenStream);

/// The methods, except the one at index `without`.
fn joined(methods: &[TokenStream], without: Option<usize>) -> TokenStream {
    let kept = methods.iter().enumerate();
    let kept = kept.filter(|(place, _)| Some(*place) != without);
    kept.map(|(_, method)| method.clone()).collect()
}

/// The trait of `examples/inventory`, without the method at index `without`.
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

/// A trait with each kind of version ladder, without the method at index `without`.
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
                #[rpc(name_before("2.4", "user"))] owner: MaybeAbsent<Option<String>>,
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
    // Each time is used by one method. Without that method, declaring the time would be an error.
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
fn expansions_match_the_reviewed_snapshots() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots");
    reviewed(&folder.join("inventory.rs"), &expand(inventory(None)));
    reviewed(&folder.join("ladders.rs"), &expand(disks(None)));
}

fn reviewed(path: &Path, expansion: &str) {
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, expansion).unwrap();
    }
    let reviewed = fs::read_to_string(path).unwrap_or_default();
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

/// The expansion without the implementation for `Arc`, which forwards each method.
fn without_arc(expansion: &str) -> String {
    let mut file = syn::parse_file(expansion).unwrap();
    let before = file.items.len();
    let of_arc = |item: &syn::Item| {
        let text = item.to_token_stream().to_string();
        matches!(item, Item::Const(_)) && text.contains("__private :: Arc <")
    };
    file.items.retain(|item| !of_arc(item));
    assert_eq!(before - file.items.len(), 1);
    prettyplease::unparse(&file)
}

#[test]
fn a_method_adds_ten_lines_at_most_to_the_arc_implementation() {
    let lines = |without| {
        let whole = expand(inventory(without));
        whole.lines().count() - without_arc(&whole).lines().count()
    };
    for method in 0..4 {
        let added = lines(None) - lines(Some(method));
        println!("method {method} adds {added} lines");
        assert!(added <= 10, "method {method} adds {added} lines");
    }
}

#[test]
fn a_method_adds_thirty_lines_at_most_to_objects() {
    let lines = |without| {
        let (options, item) = inventory(without);
        let whole = expand((quote!(#options, dyn), item.clone()));
        whole.lines().count() - expand((options, item)).lines().count()
    };
    for method in 0..4 {
        let added = lines(None) - lines(Some(method));
        println!("method {method} adds {added} lines");
        assert!(added <= 30, "method {method} adds {added} lines");
    }
}

fn within_budget(seed: fn(Option<usize>) -> Seed, methods: usize, budget: usize) {
    let lines = |without| without_arc(&expand(seed(without))).lines().count();
    let whole = lines(None);
    for method in 0..methods {
        let added = whole - lines(Some(method));
        println!("method {method} adds {added} lines");
        assert!(added <= budget, "method {method} adds {added} lines");
    }
}

/// The documentation of the item that begins with `head`, as lines.
fn page(seed: Seed, head: &str) -> Vec<String> {
    let expansion = expand(seed);
    let lines: Vec<_> = expansion.lines().map(str::trim).collect();
    let place = lines.iter().position(|line| line.starts_with(head));
    let above = lines[..place.unwrap_or_else(|| panic!("{head}: {expansion}"))]
        .iter()
        .rev();
    let above = above.skip_while(|line| line.starts_with("#["));
    let mut about: Vec<_> = above
        .map_while(|line| line.strip_prefix("///"))
        .map(|line| line.trim().to_owned())
        .collect();
    about.reverse();
    about
}

#[test]
fn the_documentation_of_a_client_has_its_address_and_explains_calls() {
    assert_eq!(
        page(disks(None), "pub struct DisksClient"),
        [
            "The client of [`Disks`]: calls and casts its methods. Cheap to clone.",
            "",
            "On the wire: topic `disks` · the transport's default exchange · no namespace · versions 1.0 to 2.5.",
            "",
            "A method returns a [`Call`](::rpc_runtime::client::Call) or a [`Cast`](::rpc_runtime::client::Cast), \
             which does nothing yet: await it, or adjust it first, as in `client.create(…).server(\"…\").await`.",
        ]
    );
    let options = quote!(
        version = "3.1",
        namespace = "a`b",
        exchange = "nova",
        crate = crate::rpc
    );
    let item = quote! {
        pub trait r#Match {
            #[rpc(cast)]
            async fn r#loop(&self, ctxt: &Context) -> Result<()>;
        }
    };
    assert_eq!(
        page((options, item), "pub struct r#MatchClient"),
        [
            "The client of [`Match`]: calls and casts its methods. Cheap to clone.",
            "",
            "On the wire: the topic that the client is created with · exchange `nova` · namespace `` a`b `` · version 3.1.",
            "",
            "A method returns a [`Cast`](crate::rpc::client::Cast), which does nothing yet: await it, or adjust it \
             first, as in `client.r#loop(…).server(\"…\").await`.",
        ]
    );
}

#[test]
fn the_documentation_of_a_method_has_its_form_on_the_wire() {
    let options = quote!(topic = "hosts", version = "2.0", times(long = 1800));
    let item = quote! {
        pub trait Hosts {
            /// Lists hosts.
            ///
            /// - Those of racks.
            #[rpc(versions("2.9", "2.4", "2.3"), timeout = 10, monitor = 0.5)]
            async fn hosts(
                &self,
                ctxt: &Context,
                rack: &str,
                #[rpc(since = "2.4", below = drop)] limit: Option<u32>,
            ) -> Result<Vec<Host>>;

            #[rpc(cast, fanout, name = "list-all")]
            async fn r#loop(&self, ctxt: &Context, #[rpc(name = "type")] r#kind: u8, r#match: u8) -> Result<()>;

            #[rpc(call, cast, timeout = long, name_before("2.3", "old"))]
            async fn both(
                &self,
                ctxt: &Context,
                #[rpc(topic)] to: &str,
                #[rpc(since = "2.1", until = "2.6")] flag: Option<bool>,
                #[rpc(since = "2.1", default)] count: u32,
            ) -> Result<()>;
        }
    };
    let said = |name| page((options.clone(), item.clone()), &format!("pub fn {name}<"));
    assert_eq!(
        said("hosts"),
        [
            "Lists hosts.",
            "",
            "- Those of racks.",
            "> Call `hosts` · since 2.3 · changed in 2.9 · timeout 10 s · monitor interval 0.5 s · \
             `limit` since 2.4, below: omitted",
        ]
    );
    assert_eq!(
        said("r#loop"),
        ["Cast to all servers `list-all` · since 2.0 · `kind` as `type`"]
    );
    assert_eq!(
        said("both"),
        [
            "Call or cast `both` · since 2.0 · `old` before 2.3 · timeout `long` (1800 s) · `to` names the topic · \
          `flag` since 2.1 until 2.6, below: refused unless `None` · \
          `count` since 2.1, below: refused unless the default"
        ]
    );
}

#[test]
fn an_argument_with_a_raw_name_is_described_without_the_mark() {
    let options = quote!(version = "2.0", route = by_type(r#type));
    let item = quote! {
        pub trait Hosts {
            async fn size(
                &self,
                ctxt: &Context,
                #[rpc(server)] r#match: &str,
                #[rpc(topic)] r#loop: &str,
                #[rpc(route)] r#type: Option<&str>,
                r#use: u32,
            ) -> Result<u32>;
        }
    };
    let expansion = expand((options, item));
    for name in ["match", "loop", "type", "use"] {
        assert!(expansion.contains(&format!("\"{name}\"")), "{expansion}");
        assert!(!expansion.contains(&format!("\"r#{name}\"")), "{expansion}");
    }
}

/// The compile test `names_in_the_way` declares items with all names that expansions use.
#[test]
fn the_compile_test_declares_all_names_of_expansions() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/ui/pass/in_the_way");
    let file = syn::parse_file(&fs::read_to_string(folder.join("interfaces.rs")).unwrap()).unwrap();
    let (mut own, mut introduced) = (BTreeSet::new(), BTreeSet::new());
    names(file.to_token_stream(), &mut own);
    for item in file.items {
        match item {
            Item::Trait(mut item) => {
                let options = item.attrs.remove(0).parse_args().unwrap();
                let package = lock::Package::of_tests(folder.join("../../.."));
                let item = item.to_token_stream();
                names(
                    entry::rpc_client_in(&package, options, &item),
                    &mut introduced,
                );
                // These names are documented, so users know them.
                own.extend(
                    ["OwnClient", "OwnEndpoint", "DynOwn", "own_interface_lock"].map(str::to_owned),
                );
            }
            Item::Enum(item) => {
                let is_error = item.attrs.len() > 1;
                let item = item.to_token_stream();
                names(
                    if is_error {
                        entry::into_remote_error(item)
                    } else {
                        entry::describe(item)
                    },
                    &mut introduced,
                );
            }
            _ => {}
        }
    }
    // Users do not write names that begin with `__`. Names that are not identifiers are keywords.
    introduced.retain(|name| {
        !own.contains(name) && !name.starts_with("__") && syn::parse_str::<Ident>(name).is_ok()
    });
    assert!(!introduced.contains("compile_error"), "{introduced:?}");
    let items: Vec<_> = introduced.iter().map(String::as_str).collect();
    let (mut arguments, mut methods) = (items.clone(), items.clone());
    // A variable cannot have the name of a variant of the prelude.
    arguments.retain(|name| !["Some", "None"].contains(name));
    methods.retain(|name| !check::OWN.contains(name));
    let [items, arguments, methods] = [items, arguments, methods].map(|names| names.join("\n    "));
    let text = format!(
        "in_the_way! {{\n    items:\n    {items};\n    arguments:\n    {arguments};\n    methods:\n    {methods};\n}}\n"
    );
    reviewed(&folder.join("names.rs"), &text);
}

fn names(tokens: TokenStream, found: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => _ = found.insert(ident.to_string()),
            TokenTree::Group(group) => names(group.stream(), found),
            _ => {}
        }
    }
}

/// Traits to mutate, with their options.
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
        lock = "snapshots/shapes.lock", dyn
    };
    vec![inventory(None), (options, every_shape), disks(None)]
}
