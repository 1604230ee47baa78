//! The macro as a whole: what it writes, how much of it, and that nothing makes it panic.

use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::quote;

use super::rpc_client_tokens;

/// The trait of the README, without its method at `without`.
fn inventory(without: Option<usize>) -> (TokenStream, TokenStream) {
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
    let methods = (methods.iter().enumerate())
        .filter(|(place, _)| Some(*place) != without)
        .map(|(_, method)| method);
    let item = quote! {
        /// The inventory service, as all teams see it.
        pub trait Inventory {
            #(#methods)*
        }
    };
    (quote!(topic = "inventory", version = "2.0"), item)
}

fn expand(without: Option<usize>) -> String {
    let (options, item) = inventory(without);
    let expansion = rpc_client_tokens(options, &item);
    prettyplease::unparse(&syn::parse2(expansion).unwrap())
}

#[test]
fn the_expansion_is_the_one_that_was_reviewed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/inventory.rs");
    let expansion = expand(None);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &expansion).unwrap();
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
    let whole = expand(None).lines().count();
    for method in 0..4 {
        let added = whole - expand(Some(method)).lines().count();
        println!("method {method} adds {added} lines");
        assert!(added <= 40, "method {method} adds {added} lines");
    }
}

/// Traits to be mutated, with their options.
fn seeds() -> Vec<(TokenStream, TokenStream)> {
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
    vec![inventory(None), (options, every_shape)]
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
            "async", "fn", "self", "Self", "mut", "ref", "dyn", "impl", "unsafe", "const", "type",
            "_", "rpc", "cast", "fanout", "version", "name", "timeout", "crate", "super", "where",
            "for", "Option", "Result", "str", "static", "cfg", "cfg_attr", "r#type", "x", "pub",
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
            6 => match self.below(6) {
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
