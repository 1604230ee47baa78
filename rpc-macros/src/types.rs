//! Types and other tokens as text, and searching in tokens.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::ToTokens;

/// Whether the tokens contain an identifier for which `wanted` is true.
pub(crate) fn has_ident(tokens: TokenStream, wanted: &impl Fn(&Ident) -> bool) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => wanted(&ident),
        TokenTree::Group(group) => has_ident(group.stream(), wanted),
        _ => false,
    })
}

/// Whether the tokens contain the punctuation character.
pub(crate) fn has_punct(tokens: TokenStream, wanted: char) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Punct(punct) => punct.as_char() == wanted,
        TokenTree::Group(group) => has_punct(group.stream(), wanted),
        _ => false,
    })
}

/// The type as text, with the usual white space.
pub(crate) fn text(ty: &impl ToTokens) -> String {
    let mut text = String::new();
    write(ty.to_token_stream(), &mut text);
    text
}

fn write(tokens: TokenStream, text: &mut String) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::None => ("", ""),
                };
                let is_word = |letter: char| letter.is_alphanumeric() || "_'".contains(letter);
                let word = text
                    .rsplit(|letter| !is_word(letter))
                    .next()
                    .unwrap_or_default();
                if !open.is_empty() && (word.starts_with('\'') || ["mut", "dyn"].contains(&word)) {
                    text.push(' ');
                }
                text.push_str(open);
                write(group.stream(), text);
                text.push_str(close);
            }
            TokenTree::Punct(punct) => match punct.as_char() {
                ',' => text.push_str(", "),
                ';' => text.push_str("; "),
                '+' => text.push_str(" + "),
                '=' => text.push_str(" = "),
                '\'' if text.ends_with(|last: char| last.is_alphanumeric()) => text.push_str(" '"),
                other => text.push(other),
            },
            word => {
                let word = word.to_string();
                if text.ends_with(|last: char| last.is_alphanumeric() || last == '_') {
                    text.push(' ');
                }
                text.push_str(&word);
            }
        }
    }
}

/// Whether the name is that of a type which needs no declaration in the program: a primitive type, a common
/// type of the standard library, or `MaybeAbsent`.
pub(crate) fn is_well_known(name: &Ident) -> bool {
    const NAMES: &[&str] = &[
        "bool",
        "char",
        "u8",
        "u16",
        "u32",
        "u64",
        "u128",
        "usize",
        "i8",
        "i16",
        "i32",
        "i64",
        "i128",
        "isize",
        "f32",
        "f64",
        "str",
        "String",
        "Vec",
        "Option",
        "Box",
        "Arc",
        "Rc",
        "Cow",
        "HashMap",
        "HashSet",
        "BTreeMap",
        "BTreeSet",
        "MaybeAbsent",
    ];
    NAMES.iter().any(|known| name == known)
}

#[cfg(test)]
mod tests {
    use syn::Type;

    use super::*;

    fn parse(text: &str) -> Type {
        syn::parse_str(text).unwrap()
    }

    #[test]
    fn the_text_of_a_type_is_as_written() {
        for written in [
            "&str",
            "&'a mut T",
            "&'a [u8]",
            "&mut (u8, u8)",
            "Result<Host>",
            "Vec<(u8, [u16; 4])>",
            "std::collections::HashMap<String, Option<Vec<u8>>>",
            "Cow<'_, str>",
            "Box<dyn Any + Send>",
        ] {
            assert_eq!(text(&parse(written)), written);
        }
    }
}
