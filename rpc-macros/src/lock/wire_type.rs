//! The text of a type in its form on the wire. Types with the same values on the wire have the same text.
//!
//! `&str` and `String`, `&[T]` and `Vec<T>`, `Box<T>` and `T`, `std::string::String` and `String` have the
//! same text. Lifetimes and the error types of results are omitted.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{GenericArgument, PathArguments, PathSegment, Type};

use crate::check::plain;
use crate::types::text;

/// The text of an argument's type.
pub(crate) fn of(ty: &Type) -> String {
    text(&owned(ty))
}

/// The text of the type of a method's result. `None` for `()`.
pub(super) fn of_returned(ty: &Type) -> Option<String> {
    let returned = value_of(ty);
    match plain(returned) {
        Type::Tuple(tuple) if tuple.elems.is_empty() => None,
        returned => Some(of(returned)),
    }
}

/// The `T` of a `Result<T, E>`. An alias without parameters is returned unchanged.
pub(crate) fn value_of(ty: &Type) -> &Type {
    let result = last(ty).filter(|last| last.ident.to_string().ends_with("Result"));
    result.and_then(|last| types(last).next()).unwrap_or(ty)
}

/// The `E` of a `Result<T, E>`, if it is written.
pub(crate) fn error_of(ty: &Type) -> Option<&Type> {
    types(last(ty)?).nth(1)
}

fn owned(ty: &Type) -> TokenStream {
    match plain(ty) {
        Type::Reference(reference) => owned(&reference.elem),
        Type::Slice(slice) => {
            let element = owned(&slice.elem);
            quote!(Vec<#element>)
        }
        Type::Array(array) => {
            let (element, length) = (owned(&array.elem), &array.len);
            quote!([#element; #length])
        }
        Type::Tuple(tuple) => match tuple.elems.iter().map(owned).collect::<Vec<_>>().as_slice() {
            [only] => quote!((#only,)),
            elements => quote!((#(#elements),*)),
        },
        Type::Path(path) if path.qself.is_none() => owned_path(ty, &path.path),
        other => other.to_token_stream(),
    }
}

fn owned_path(ty: &Type, path: &syn::Path) -> TokenStream {
    let Some(last) = last(ty) else {
        return path.to_token_stream();
    };
    if path.is_ident("str") {
        return quote!(String);
    }
    // A pointer to a value is written as the value. `types` skips the lifetime of a `Cow`.
    if ["Box", "Arc", "Rc", "Cow"]
        .iter()
        .any(|name| last.ident == name)
        && let Some(inner) = types(last).next()
    {
        return owned(inner);
    }
    let first = path
        .segments
        .first()
        .map(|segment| segment.ident.to_string());
    let known = ["std", "core", "alloc"].contains(&first.as_deref().unwrap_or_default());
    let before = (path.segments.iter().take(path.segments.len() - 1))
        .filter(|_| !known)
        .map(|segment| &segment.ident);
    let name = &last.ident;
    let arguments = match &last.arguments {
        PathArguments::AngleBracketed(arguments) => {
            let kept: Vec<_> = (arguments.args.iter())
                .filter_map(|argument| match argument {
                    GenericArgument::Lifetime(_) => None,
                    GenericArgument::Type(ty) => Some(owned(ty)),
                    other => Some(other.to_token_stream()),
                })
                .collect();
            (!kept.is_empty()).then(|| quote!(<#(#kept),*>))
        }
        other => Some(other.to_token_stream()),
    };
    quote!(#(#before::)* #name #arguments)
}

fn last(ty: &Type) -> Option<&PathSegment> {
    match plain(ty) {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

fn types(segment: &PathSegment) -> impl Iterator<Item = &Type> {
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    };
    (arguments.into_iter().flatten()).filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// Whether a message without an argument of this type, as `of` writes it, means that the argument is absent.
pub(super) fn is_optional(ty: &str) -> bool {
    ["Option<", "MaybeAbsent<"]
        .iter()
        .any(|start| ty.starts_with(start))
}

/// Whether two types, as `of` writes them, are the same on the wire. Locks contain both the borrowed and the owned name
/// of the types below.
pub(super) fn are_equal(one: &str, other: &str) -> bool {
    const OWNED: [(&str, &str); 3] = [
        ("Path", "PathBuf"),
        ("OsStr", "OsString"),
        ("CStr", "CString"),
    ];
    let words = |ty: &str| -> Vec<String> {
        let is_of_name = |letter: char| letter.is_alphanumeric() || letter == '_';
        let mut words = Vec::<String>::new();
        for letter in ty.chars() {
            match words.last_mut() {
                Some(word) if is_of_name(letter) && word.chars().all(is_of_name) => {
                    word.push(letter);
                }
                _ => words.push(letter.to_string()),
            }
        }
        for word in &mut words {
            if let Some((_, owned)) = OWNED.iter().find(|(borrowed, _)| borrowed == word) {
                *word = (*owned).to_owned();
            }
        }
        words
    };
    one == other || words(one) == words(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_with_the_same_values_have_the_same_text() {
        for (written, recorded) in [
            ("&str", "String"),
            ("&'a [Cow<'_, str>]", "Vec<String>"),
            ("Option<&Host>", "Option<Host>"),
            ("std::string::String", "String"),
            (
                "::std::collections::HashMap<String, Vec<u8>>",
                "HashMap<String, Vec<u8>>",
            ),
            ("model::Host<'_>", "model::Host"),
            ("Box<(u8, [u16; 4])>", "(u8, [u16; 4])"),
            ("(u8,)", "(u8, )"),
        ] {
            assert_eq!(of(&syn::parse_str(written).unwrap()), recorded, "{written}");
        }
    }

    #[test]
    fn an_owned_name_is_equal_to_the_borrowed_one() {
        assert!(are_equal("Option<Path>", "Option<PathBuf>"));
        assert!(are_equal("Vec<OsStr>", "Vec<OsString>") && are_equal("CStr", "CString"));
        assert!(!are_equal("Path", "String") && !are_equal("Pathological", "PathBufological"));
    }

    #[test]
    fn a_result_has_the_text_of_its_value() {
        for (written, recorded) in [
            ("Result<()>", None),
            ("Result<Host>", Some("Host")),
            (
                "std::result::Result<Vec<Host>, StockError>",
                Some("Vec<Host>"),
            ),
            ("StockResult<u8>", Some("u8")),
            ("HostResult", Some("HostResult")),
        ] {
            let got = of_returned(&syn::parse_str(written).unwrap());
            assert_eq!(got.as_deref(), recorded, "{written}");
        }
    }
}
