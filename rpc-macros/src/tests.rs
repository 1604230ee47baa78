//! The macro as a whole: what it writes, how much of it, and that nothing makes it panic.

use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::quote;

use super::rpc_client_tokens;

type Seed = (TokenStream, TokenStream);

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
    let expansion = rpc_client_tokens(options, &item);
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
fn a_method_with_ladders_adds_sixty_lines_at_most() {
    within_budget(disks, 8, 60);
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
fn seeds() -> Vec<Seed> {
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

/// Splitmix64: the same tokens in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap();
        usize::try_from(self.next() % end).unwrap()
    }

    fn token(&mut self) -> TokenTree {
        const WORDS: &[&str] = &[
            "async",
            "fn",
            "self",
            "Self",
            "mut",
            "ref",
            "dyn",
            "impl",
            "unsafe",
            "const",
            "type",
            "_",
            "rpc",
            "cast",
            "fanout",
            "version",
            "name",
            "timeout",
            "crate",
            "super",
            "where",
            "for",
            "Option",
            "Result",
            "str",
            "static",
            "cfg",
            "cfg_attr",
            "r#type",
            "x",
            "pub",
            "since",
            "until",
            "default",
            "below",
            "drop",
            "refuse",
            "with",
            "from",
            "name_before",
            "versions",
            "call",
            "server",
            "topic",
            "route",
            "aliases",
            "times",
            "auto",
            "Maybe",
        ];
        const MARKS: &[char] = &[
            '&', '<', '>', ',', ';', ':', '=', '#', '!', '\'', '*', '.', '|', '?', '+', '-', '@',
        ];
        match self.below(8) {
            0..3 => {
                let word = WORDS[self.below(WORDS.len())];
                match word.strip_prefix("r#") {
                    Some(word) => Ident::new_raw(word, Span::call_site()).into(),
                    None => Ident::new(word, Span::call_site()).into(),
                }
            }
            3..6 => {
                let mark = MARKS[self.below(MARKS.len())];
                let joint = mark == '\'' || self.below(2) == 0;
                let spacing = if joint {
                    Spacing::Joint
                } else {
                    Spacing::Alone
                };
                Punct::new(mark, spacing).into()
            }
            6 => match self.below(9) {
                6 => Literal::string("2.2").into(),
                7 => Literal::string("3.0").into(),
                8 => Literal::string("name").into(),
                0 => Literal::string("").into(),
                1 => Literal::string("2.99999999999").into(),
                2 => Literal::string("_\u{0}é\n").into(),
                3 => Literal::f64_unsuffixed(1e300).into(),
                4 => Literal::u128_unsuffixed(u128::MAX).into(),
                _ => Literal::byte_string(b"\xff").into(),
            },
            _ => {
                let delimiters = [
                    Delimiter::Parenthesis,
                    Delimiter::Bracket,
                    Delimiter::Brace,
                    Delimiter::None,
                ];
                let inner = (0..self.below(3)).map(|_| self.token()).collect();
                Group::new(delimiters[self.below(4)], inner).into()
            }
        }
    }

    /// One change, at any depth.
    fn mutate(&mut self, tokens: TokenStream) -> TokenStream {
        let mut tokens: Vec<_> = tokens.into_iter().collect();
        if tokens.is_empty() {
            return self.token().into();
        }
        let groups: Vec<_> = (0..tokens.len())
            .filter(|place| matches!(tokens[*place], TokenTree::Group(_)))
            .collect();
        if !groups.is_empty() && self.below(4) != 0 {
            let place = groups[self.below(groups.len())];
            if let TokenTree::Group(group) = &tokens[place] {
                let inner = self.mutate(group.stream());
                tokens[place] = Group::new(group.delimiter(), inner).into();
            }
            return tokens.into_iter().collect();
        }
        let (place, other) = (self.below(tokens.len()), self.below(tokens.len()));
        match self.below(5) {
            0 => _ = tokens.remove(place),
            1 => tokens.insert(place, tokens[place].clone()),
            2 => tokens.swap(place, other),
            3 => tokens[place] = self.token(),
            _ => tokens.insert(place, self.token()),
        }
        tokens.into_iter().collect()
    }
}

/// A stray quote mark, which no source has, and from which none of proc-macro2's tokens can be read.
fn is_lexed(tokens: TokenStream) -> bool {
    let tokens: Vec<_> = tokens.into_iter().collect();
    tokens.iter().enumerate().all(|(place, token)| match token {
        TokenTree::Group(group) => is_lexed(group.stream()),
        TokenTree::Punct(mark) if mark.as_char() == '\'' => {
            mark.spacing() == Spacing::Joint
                && matches!(tokens.get(place + 1), Some(TokenTree::Ident(_)))
        }
        _ => true,
    })
}

#[test]
fn no_tokens_make_it_panic() {
    let seeds = seeds();
    let mut random = Random(7);
    let (mut whole, mut run) = (0, 0);
    while run < 4000 {
        let (mut options, mut item) = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(3) {
            match random.below(4) {
                0 => options = random.mutate(options),
                _ => item = random.mutate(item),
            }
        }
        if !is_lexed(options.clone()) || !is_lexed(item.clone()) {
            continue;
        }
        run += 1;
        let text = format!("#[rpc_client({options})] {item}");
        let expanded = std::panic::catch_unwind(|| rpc_client_tokens(options, &item));
        let expanded = expanded
            .unwrap_or_else(|_| panic!("panicked at {text}"))
            .to_string();
        assert!(!expanded.is_empty());
        whole += usize::from(!expanded.contains("compile_error"));
    }
    // Else nothing but the parser was tried.
    println!("{whole} of {run} have no mistakes");
    assert!(whole > 100, "{whole} of {run} have no mistakes");
}
