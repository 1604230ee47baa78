//! Types, rewritten: to one lifetime for the client, to owned ones for the server, to text.

use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::spans::Place;
use crate::check::{option_of_reference, plain};

/// The type with all its lifetimes, written or not, made `lifetime` (without the quote mark).
pub(super) fn with_lifetime(tokens: TokenStream, lifetime: &str) -> TokenStream {
    let mut out = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    let push_lifetime = |out: &mut Vec<TokenTree>, span: Span| {
        out.push(Punct::new('\'', Spacing::Joint).into());
        out.push(Ident::new(lifetime, span).into());
    };
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                if let Some(TokenTree::Ident(name)) = tokens.next() {
                    if name == "static" {
                        out.extend([TokenTree::from(punct), name.into()]);
                    } else {
                        push_lifetime(&mut out, name.span());
                    }
                }
            }
            TokenTree::Punct(punct) if punct.as_char() == '&' => {
                let named =
                    matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == '\'');
                let span = punct.span();
                out.push(punct.into());
                if !named {
                    push_lifetime(&mut out, span);
                }
            }
            TokenTree::Group(group) => {
                let mut inner =
                    Group::new(group.delimiter(), with_lifetime(group.stream(), lifetime));
                inner.set_span(group.span());
                out.push(inner.into());
            }
            other => out.push(other),
        }
    }
    out.into_iter().collect()
}

/// What the server decodes an argument into, and how it passes that to the method: what is lent is at hand by
/// reference.
pub(super) fn owned(private: &Ident, ty: &Type, local: &Ident) -> (TokenStream, TokenStream) {
    let private = &Place::of(ty).item(private);
    let ty = plain(ty);
    let pointee = |ty: &Type| match plain(ty) {
        Type::Path(path) if path.path.is_ident("str") => {
            (quote_spanned!(ty.span()=> #private::OwnedStr), true)
        }
        Type::Slice(slice) => {
            let element = owned_text(&slice.elem);
            (
                quote_spanned!(ty.span()=> #private::OwnedSlice<#element>),
                true,
            )
        }
        other => (owned_text(other), false),
    };
    if let Type::Reference(reference) = ty {
        return (pointee(&reference.elem).0, quote!(#local));
    }
    match option_of_reference(ty) {
        None => (owned_text(ty), quote!(#local)),
        Some(reference) => {
            let (inner, unsized_) = pointee(&reference.elem);
            let lend = if unsized_ {
                quote!(#local.as_deref())
            } else {
                quote!(#local.as_ref())
            };
            (quote_spanned!(ty.span()=> #private::Optional<#inner>), lend)
        }
    }
}

/// Whether the method gets a loan of what the server has decoded.
pub(super) fn is_lent(ty: &Type) -> bool {
    matches!(plain(ty), Type::Reference(_)) || option_of_reference(ty).is_some()
}

/// Whether a lifetime or a reference is written in it.
pub(super) fn borrows(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Punct(punct) => matches!(punct.as_char(), '&' | '\''),
        TokenTree::Group(group) => borrows(group.stream()),
        _ => false,
    })
}

/// Whether it is behind references alone, and owned as something else.
pub(super) fn is_unsized(ty: &Type) -> bool {
    match plain(ty) {
        Type::Slice(_) => true,
        Type::Path(path) => path.path.is_ident("str"),
        _ => false,
    }
}

/// Whether it is a borrowed slice.
pub(super) fn is_slice(ty: &Type) -> bool {
    matches!(plain(ty), Type::Reference(to) if matches!(plain(&to.elem), Type::Slice(_)))
}

/// A type that borrows nothing.
pub(super) fn owned_text(ty: &Type) -> TokenStream {
    with_lifetime(ty.to_token_stream(), "static")
}

/// Whether there is such an identifier in the tokens.
pub(crate) fn has_ident(tokens: TokenStream, wanted: &impl Fn(&Ident) -> bool) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => wanted(&ident),
        TokenTree::Group(group) => has_ident(group.stream(), wanted),
        _ => false,
    })
}

/// Whether there is such a mark in the tokens.
pub(super) fn has_punct(tokens: TokenStream, wanted: char) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Punct(punct) => punct.as_char() == wanted,
        TokenTree::Group(group) => has_punct(group.stream(), wanted),
        _ => false,
    })
}

/// Whether it names a type that every program has.
pub(super) fn is_everywhere(name: &Ident) -> bool {
    const NAMES: &[&str] = &[
        "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64",
        "i128", "isize", "f32", "f64", "str", "String", "Vec", "Option", "Box", "Arc", "Rc", "Cow",
        "HashMap", "HashSet", "BTreeMap", "BTreeSet", "Maybe",
    ];
    NAMES.iter().any(|known| name == known)
}

/// The type as a person would write it.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Type {
        syn::parse_str(text).unwrap()
    }

    #[test]
    fn types_read_as_written() {
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

    #[test]
    fn all_lifetimes_become_one() {
        for (from, to) in [
            ("&str", "&'rpc str"),
            ("&'a [Cow<'b, str>]", "&'rpc [Cow<'rpc, str>]"),
            ("Option<&Foo<'_>>", "Option<&'rpc Foo<'rpc>>"),
            ("&'static str", "&'static str"),
        ] {
            let got = with_lifetime(parse(from).to_token_stream(), "rpc");
            assert_eq!(text(&syn::parse2::<Type>(got).unwrap()), to);
        }
    }

    #[test]
    fn owned_forms_are_lent() {
        let local = Ident::new("x", Span::call_site());
        for (borrowed, decoded, lent) in [
            ("&str", "p::OwnedStr", "x"),
            ("&[u8]", "p::OwnedSlice<u8>", "x"),
            ("&Host", "Host", "x"),
            (
                "Option<&str>",
                "p::Optional<p::OwnedStr>",
                "x . as_deref ()",
            ),
            (
                "Option<&[u8]>",
                "p::Optional<p::OwnedSlice<u8>>",
                "x . as_deref ()",
            ),
            ("Option<&Host>", "p::Optional<Host>", "x . as_ref ()"),
            ("Cow<'_, str>", "Cow<'static, str>", "x"),
            ("Option<u8>", "Option<u8>", "x"),
        ] {
            let (got, lend) = owned(
                &Ident::new("p", Span::call_site()),
                &parse(borrowed),
                &local,
            );
            assert_eq!(text(&got), decoded);
            assert_eq!(lend.to_string(), lent);
        }
    }
}
