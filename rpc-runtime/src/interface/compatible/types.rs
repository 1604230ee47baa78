//! Compares two types, as written in traits, by their form on the wire.
//!
//! Only their text is known, so it is compared token by token: two types with the same name are equal, and an
//! alias is a different type. A borrowed type counts as the owned type that the server decodes. All functions
//! are `const`.

use crate::interface::text::same_bytes;

/// Whether an argument of the type `new` accepts every value of the type `old`.
pub(super) const fn takes(new: &str, old: &str) -> bool {
    let (new, old) = (new.as_bytes(), old.as_bytes());
    // The usual case, in few steps: the compiler limits the steps of a constant.
    if same_bytes(new, old) {
        return true;
    }
    // A `MaybeAbsent` that is sent is written as the value in it.
    let sent = match within(old, "MaybeAbsent") {
        Some(inner) => inner,
        None => old,
    };
    takes_value(new, sent)
}

const fn takes_value(new: &[u8], sent: &[u8]) -> bool {
    same(new, sent)
        || match optional(new) {
            Some(inner) => takes_value(inner, sent),
            None => false,
        }
}

/// Whether the types are equal apart from lifetimes and borrows.
pub(super) const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    same_bytes(one, other) || same(one, other)
}

/// Whether an argument of this type has a value when it is not sent.
pub(super) const fn is_optional(ty: &str) -> bool {
    optional(ty.as_bytes()).is_some()
}

/// Whether a client may leave out an argument of this type.
pub(super) const fn is_maybe_absent(ty: &str) -> bool {
    within(ty.as_bytes(), "MaybeAbsent").is_some()
}

const fn optional(ty: &[u8]) -> Option<&[u8]> {
    match within(ty, "Option") {
        Some(inner) => Some(inner),
        None => within(ty, "MaybeAbsent"),
    }
}

/// The content of the angle brackets, if the type is a `wrapper`. Its path and borrows are ignored.
const fn within<'a>(ty: &'a [u8], wrapper: &str) -> Option<&'a [u8]> {
    let mut open = 0;
    while open < ty.len() && ty[open] != b'<' {
        open += 1;
    }
    let (path, rest) = ty.split_at(open);
    let path = path.trim_ascii_end();
    let mut start = path.len();
    while start > 0 && is_word(path[start - 1]) {
        start -= 1;
    }
    match rest.trim_ascii_end() {
        [b'<', inner @ .., b'>'] if same_bytes(path.split_at(start).1, wrapper.as_bytes()) => {
            Some(inner)
        }
        _ => None,
    }
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    let (mut one, mut other) = (Tokens::new(one), Tokens::new(other));
    loop {
        match (one.next(), other.next()) {
            (Token::End, Token::End) => return true,
            (Token::Word(one), Token::Word(other)) if same_bytes(one, other) => {}
            (Token::Sign(one), Token::Sign(other)) if one == other => {}
            _ => return false,
        }
    }
}

/// The tokens of a type in its owned form: `&'a [u8]` is `Vec`, `<`, `u8`, `>`.
///
/// The conversion to the owned form is the same at each depth, so it needs no context.
struct Tokens<'a> {
    text: &'a [u8],
    at: usize,
    /// Whether the next token is the `<` after the `Vec` of a slice.
    opens: bool,
}

enum Token<'a> {
    Word(&'a [u8]),
    Sign(u8),
    End,
}

impl<'a> Tokens<'a> {
    const fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            at: 0,
            opens: false,
        }
    }

    const fn next(&mut self) -> Token<'a> {
        if self.opens {
            self.opens = false;
            return Token::Sign(b'<');
        }
        loop {
            self.skip_lifetimes();
            let Some(byte) = self.peek() else {
                return Token::End;
            };
            if is_word(byte) {
                return Token::Word(match self.word() {
                    b"str" => b"String",
                    word => word,
                });
            }
            self.at += 1;
            match byte {
                b'&' => {}
                b'[' => {
                    self.opens = true;
                    return Token::Word(b"Vec");
                }
                b']' => return Token::Sign(b'>'),
                b'<' => {
                    // `Host<'_>` is `Host`.
                    self.skip_lifetimes();
                    match self.peek() {
                        Some(b'>') => self.at += 1,
                        _ => return Token::Sign(b'<'),
                    }
                }
                sign => return Token::Sign(sign),
            }
        }
    }

    /// Skips white space and lifetimes, each with the comma after it.
    const fn skip_lifetimes(&mut self) {
        loop {
            match self.peek() {
                Some(byte) if byte.is_ascii_whitespace() => self.at += 1,
                Some(b'\'') => {
                    self.at += 1;
                    self.word();
                    if let Some(b',') = self.peek() {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    const fn word(&mut self) -> &'a [u8] {
        let start = self.at;
        while let Some(byte) = self.peek()
            && is_word(byte)
        {
            self.at += 1;
        }
        self.text.split_at(self.at).0.split_at(start).1
    }

    const fn peek(&self) -> Option<u8> {
        if self.at < self.text.len() {
            Some(self.text[self.at])
        } else {
            None
        }
    }
}

/// Whether the byte is part of a name. Names need not be ASCII.
const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borrowed_types_equal_their_owned_form() {
        for (borrowed, owned) in [
            ("&str", "String"),
            ("&'a str", "&str"),
            ("&[u8]", "Vec<u8>"),
            ("&'a [Host]", "Vec<Host>"),
            ("&Host", "Host"),
            ("&'static Host", "&Host"),
            ("Option<&str>", "Option<String>"),
            ("Option<&'a [u8]>", "Option<Vec<u8>>"),
            ("Option<&Host>", "Option<Host>"),
            ("MaybeAbsent<&str>", "MaybeAbsent<String>"),
            ("&[[u8]]", "Vec<Vec<u8>>"),
            ("Cow<'_, str>", "Cow<'static, str>"),
            ("Cow<'a,str>", "Cow<str>"),
            ("Host<'_>", "Host"),
            ("Host<'a, 'b>", "Host"),
            ("&[Host<'_>; 4]", "[Host; 4]"),
            ("HashMap<String,u8>", "HashMap< String, u8 >"),
            ("Größe<'_>", "Größe"),
        ] {
            assert!(is_same(borrowed, owned), "{borrowed} {owned}");
            assert!(is_same(owned, borrowed), "{owned} {borrowed}");
        }
    }

    #[test]
    fn different_types_are_different() {
        for (one, other) in [
            ("u8", "u16"),
            ("u8", ""),
            ("&str", "strict"),
            ("str8", "String8"),
            ("[u8; 4]", "Vec<u8>"),
            ("[u8; 4]", "[u8; 5]"),
            ("Host", "Host<u8>"),
            ("Host<'_, u8>", "Host<'_>"),
            ("(u8)", "(u8,)"),
            ("(u8, u8)", "(u8 u8)"),
            ("dyn Any", "dynAny"),
            ("v2::Host", "v3::Host"),
            ("Vec<u8>", "Vec<u8>>"),
            ("Größe", "Große"),
            ("Option<u8>", "u8"),
        ] {
            assert!(!is_same(one, other), "{one} {other}");
            assert!(!is_same(other, one), "{other} {one}");
        }
    }

    #[test]
    fn optional_types_are_recognised_by_name() {
        for optional in [
            "Option<u8>",
            "MaybeAbsent<Option<u8>>",
            "std::option::Option<&str>",
            "&'a Option<Vec<u8>>",
            "Option <u8 >",
        ] {
            assert!(is_optional(optional), "{optional}");
        }
        for required in [
            "u8",
            "",
            "Option",
            "Vec<Option<u8>>",
            "(Option<u8>, u8)",
            "[Option<u8>]",
            "MyOption<u8>",
            "Options<u8>",
            "<u8>",
        ] {
            assert!(!is_optional(required), "{required}");
        }
        assert!(is_maybe_absent("rpc_runtime::MaybeAbsent<u8>"));
        assert!(!is_maybe_absent("Option<MaybeAbsent<u8>>"));
    }

    #[test]
    fn an_argument_may_become_optional_but_not_required() {
        for (old, new) in [
            ("u8", "Option<u8>"),
            ("&str", "Option<String>"),
            ("u8", "MaybeAbsent<u8>"),
            ("u8", "MaybeAbsent<Option<u8>>"),
            ("Option<u8>", "MaybeAbsent<Option<u8>>"),
            ("MaybeAbsent<u8>", "u8"),
            ("MaybeAbsent<u8>", "Option<u8>"),
        ] {
            assert!(takes(new, old), "{old} {new}");
        }
        for (old, new) in [
            ("Option<u8>", "u8"),
            // A null is not a `u8`.
            ("Option<u8>", "MaybeAbsent<u8>"),
            ("MaybeAbsent<Option<u8>>", "MaybeAbsent<u8>"),
            ("u8", "Vec<u8>"),
            ("u8", "Option<u16>"),
        ] {
            assert!(!takes(new, old), "{old} {new}");
        }
    }
}
