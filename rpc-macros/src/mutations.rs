//! Random mutations of real traits, types and locks must not make a macro panic.
//!
//! These tests run the checks of the fuzz targets on the stable toolchain. `RPC_FUZZ_SECONDS` is the duration
//! of each test. A failure prints the `RPC_FUZZ_SEED` that replays it.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

use super::random::Random;
use super::{hostile, tests};

fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(default, |text| text.parse().unwrap())
}

#[expect(clippy::disallowed_methods, reason = "there is no tokio here")]
fn now() -> Instant {
    Instant::now()
}

/// Generates and checks cases until the time is over. Each case has its own seed; seeds are consecutive
/// numbers.
fn trial<T>(make: impl Fn(&mut Random) -> T, check: impl Fn(&T), show: impl Fn(&T) -> String) {
    let seconds = number("RPC_FUZZ_SECONDS", 2);
    let (mut seed, mut cases) = (number("RPC_FUZZ_SEED", 1), 0);
    let end = now() + Duration::from_secs(seconds);
    while cases < 100 || now() < end {
        let case = make(&mut Random::new(seed));
        let checked = catch_unwind(AssertUnwindSafe(|| check(&case)));
        assert!(
            checked.is_ok(),
            "replay with RPC_FUZZ_SEED={seed}; the case was {}",
            show(&case)
        );
        (seed, cases) = (seed.wrapping_add(1), cases + 1);
    }
    println!("{cases} cases");
}

impl Random {
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
            "MaybeAbsent",
            "serde",
            "rename",
            "rename_all",
            "tag",
            "content",
            "into",
            "flatten",
            "class",
            "module",
            "message",
            "other",
            "refused",
            "enum",
            "struct",
            "union",
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
            6 => self.literal().into(),
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

    fn literal(&mut self) -> Literal {
        match self.below(13) {
            9 => Literal::string("{0} {x} {{"),
            10 => Literal::string("{"),
            11 => Literal::string("camelCase"),
            12 => Literal::c_string(c"c"),
            6 => Literal::string("2.2"),
            7 => Literal::string("3.0"),
            8 => Literal::string("name"),
            0 => Literal::string(""),
            1 => Literal::string("2.99999999999"),
            2 => Literal::string("_\u{0}é\n"),
            3 => Literal::f64_unsuffixed(1e300),
            4 => Literal::u128_unsuffixed(u128::MAX),
            _ => Literal::byte_string(b"\xff"),
        }
    }

    /// Applies one random change, at any depth.
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

    /// Applies one random change to a text, which is split into lines.
    fn change(&mut self, lines: &mut Vec<String>, other: &[String]) {
        const TROUBLE: &[&str] = &[
            "\\",
            "\"",
            " ",
            ":",
            "é",
            "\u{a0}",
            "\r",
            "[9.9]",
            "99999999999.1",
            "->",
            "since",
            "type a",
            "4294967295.4294967295",
            "before",
            "  ",
            "",
        ];
        let (place, from) = (self.below(lines.len()), self.below(other.len()));
        if lines.is_empty() {
            return lines.extend_from_slice(&other[from..]);
        }
        match self.below(6) {
            0 => _ = lines.remove(place),
            1 => lines.insert(place, other[from].clone()),
            2 => lines.extend_from_slice(&other[from..]),
            3 => lines.truncate(place),
            _ => {
                let letters: Vec<_> = lines[place].chars().collect();
                let (at, trouble) = (
                    self.below(letters.len() + 1),
                    TROUBLE[self.below(TROUBLE.len())],
                );
                let rest = letters.len().min(at + self.below(3));
                let (before, after) = (&letters[..at], &letters[rest..]);
                lines[place] =
                    before.iter().collect::<String>() + trouble + &after.iter().collect::<String>();
            }
        }
    }
}

/// Whether the tokens could come from a source. A stray quote mark could not, and proc-macro2 cannot parse
/// it.
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
fn mutated_traits_expand_to_code() {
    let mut seeds = tests::seeds();
    seeds.extend(hostile::items());
    let (whole, run) = (Cell::new(0), Cell::new(0));
    let make = |random: &mut Random| loop {
        let (mut options, mut item) = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(3) {
            match random.below(4) {
                0 => options = random.mutate(options),
                _ => item = random.mutate(item),
            }
        }
        if is_lexed(options.clone()) && is_lexed(item.clone()) {
            return (options, item);
        }
    };
    let check = |(options, item): &tests::Seed| {
        let right = hostile::client(options.clone(), item);
        whole.set(whole.get() + usize::from(right));
        run.set(run.get() + 1);
    };
    trial(make, check, |(options, item)| {
        format!("#[rpc_client({options})] {item}")
    });
    // Fewer correct traits would mean that only the parser was tested.
    let (whole, run) = (whole.get(), run.get());
    assert!(
        run < 1000 || whole > run / 400,
        "{whole} of {run} have no mistakes"
    );
}

#[test]
fn mutated_types_expand_to_code() {
    let seeds = hostile::types();
    let make = |random: &mut Random| loop {
        let mut item = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(3) {
            item = random.mutate(item);
        }
        if is_lexed(item.clone()) {
            return item;
        }
    };
    trial(make, hostile::derives, ToString::to_string);
}

#[test]
fn mutated_locks_are_parsed_or_rejected() {
    let seeds = hostile::locks();
    let make = |random: &mut Random| {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let mut text = lines(&seeds[random.below(seeds.len())]);
        for _ in 0..=random.below(4) {
            let other = lines(&seeds[random.below(seeds.len())]);
            random.change(&mut text, &other);
        }
        text.join("\n")
    };
    trial(make, |text| hostile::lock(text), |text| format!("{text:?}"));
}

/// Cases that longer runs have found.
#[test]
fn inputs_that_once_expanded_to_invalid_code() {
    let nameless = quote::quote! {
        #[rpc(module = "stock")]
        enum Stock {
            #[rpc(message = "empty")]
            Empty { _: Shelf },
            #[rpc(other)]
            Other(Error),
        }
    };
    hostile::derives(&nameless);
    let item = quote::quote! {
        trait Inventory {
            async fn touch(&self, ctxt: &Context) -> Result<()>;
        }
    };
    let options = quote::quote!(version = "1.0", crate = Self);
    assert!(!hostile::client(options, &item), "it is refused");
}
