//! Parses the text of a structure, its shape, in constants.
//!
//! `#[derive(Describe)]` and `#[derive(IntoRemoteError)]` write shapes, and locks contain them:
//!
//! ```text
//! { name: String, rack?: u32, ..Rest, "odd name": opaque Duration } and no others
//! one of: Small | Large u32 | Of { cores: u32 } | Other (any other)
//! by kind: …        by kind in value: …        any of: { … } | String        raises: stock.Empty { shelf: String }
//! Vec<u32>
//! ```

use crate::interface::text::{same, trimmed};

/// The form of a type on the wire.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape<'a> {
    Fields {
        list: &'a str,
        closed: bool,
    },
    Variants {
        tagging: Tagging<'a>,
        list: &'a str,
    },
    /// A single value. Only equality of the text is known.
    Value,
}

/// How an enum encodes its variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tagging<'a> {
    External,
    /// The text names the field, or the two fields, that hold the tag and the content.
    Internal(&'a str),
    Adjacent(&'a str),
    Untagged,
    /// The variant is an error's class.
    Class,
}

impl<'a> Shape<'a> {
    pub(super) const fn of(text: &'a str) -> Self {
        if let Some(rest) = after(text, "{") {
            if let Some(list) = before(rest, "}") {
                return Self::Fields {
                    list,
                    closed: false,
                };
            }
            if let Some(list) = before(rest, "} and no others") {
                return Self::Fields { list, closed: true };
            }
        }
        if let Some(list) = after(text, "one of:") {
            let tagging = Tagging::External;
            return Self::Variants { tagging, list };
        }
        if let Some(list) = after(text, "any of:") {
            let tagging = Tagging::Untagged;
            return Self::Variants { tagging, list };
        }
        if let Some(list) = after(text, "raises:") {
            let tagging = Tagging::Class;
            return Self::Variants { tagging, list };
        }
        if let Some(rest) = after(text, "by ")
            && let Some((tags, list)) = cut(rest, ": ")
        {
            let tagging = match cut(tags, " in ") {
                Some(_) => Tagging::Adjacent(tags),
                None => Tagging::Internal(tags),
            };
            return Self::Variants { tagging, list };
        }
        Self::Value
    }
}

/// One field of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field<'a> {
    /// The whole text for a constant field (`kind = Host`) and for flattened fields (`..Rest`).
    pub(super) name: &'a str,
    /// Whether the field may be absent.
    pub(super) optional: bool,
    pub(super) ty: &'a str,
}

impl<'a> Field<'a> {
    const fn of(text: &'a str) -> Self {
        let (name, ty) = match cut(text, ": ") {
            Some(parts) if after(text, "..").is_none() => parts,
            _ => (text, ""),
        };
        let (name, optional) = match before(name, "?") {
            Some(name) => (name, true),
            None => (name, false),
        };
        Self { name, optional, ty }
    }

    /// Whether only the name of the field's type is known.
    pub(super) const fn is_opaque(&self) -> bool {
        after(self.ty, "opaque ").is_some()
    }
}

/// One variant of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Variant<'a> {
    /// Empty if the variants have no names.
    pub(super) name: &'a str,
    pub(super) body: &'a str,
    /// Whether readers read unknown variants as this one.
    pub(super) catch_all: bool,
}

impl<'a> Variant<'a> {
    const fn of(text: &'a str, tagging: Tagging<'_>) -> Self {
        let (text, catch_all) = match before(text, "(any other)") {
            Some(text) => (trimmed(text), true),
            None => (text, false),
        };
        let (name, body) = match (tagging, cut(text, " ")) {
            (Tagging::Untagged, _) => ("", text),
            (_, Some(parts)) => parts,
            (_, None) => (text, ""),
        };
        Self {
            name,
            body,
            catch_all,
        }
    }
}

/// The field at index `place`.
pub(super) const fn field(list: &str, place: usize) -> Option<Field<'_>> {
    match item(list, b',', place) {
        Some(text) => Some(Field::of(text)),
        None => None,
    }
}

/// The field with the name `name`.
pub(super) const fn field_named<'a>(list: &'a str, name: &str) -> Option<Field<'a>> {
    let mut place = 0;
    while let Some(field) = field(list, place) {
        if same(field.name, name) {
            return Some(field);
        }
        place += 1;
    }
    None
}

/// The variant at index `place`.
pub(super) const fn variant<'a>(
    list: &'a str,
    tagging: Tagging<'_>,
    place: usize,
) -> Option<Variant<'a>> {
    match item(list, b'|', place) {
        Some(text) => Some(Variant::of(text, tagging)),
        None => None,
    }
}

/// The variant with the name `name`, or at index `place` if the variants have no names.
pub(super) const fn variant_named<'a>(
    list: &'a str,
    tagging: Tagging<'_>,
    name: &str,
    place: usize,
) -> Option<Variant<'a>> {
    if let Tagging::Untagged = tagging {
        return variant(list, tagging, place);
    }
    let mut place = 0;
    while let Some(variant) = variant(list, tagging, place) {
        if same(variant.name, name) {
            return Some(variant);
        }
        place += 1;
    }
    None
}

/// The item at index `place` of a list, if there is one.
const fn item(list: &str, separator: u8, place: usize) -> Option<&str> {
    let mut rest = list;
    let mut left = place;
    loop {
        let end = end_of_item(rest, separator);
        let (item, behind) = rest.split_at(end);
        if left == 0 {
            let item = trimmed(item);
            return if item.is_empty() { None } else { Some(item) };
        }
        if behind.is_empty() {
            return None;
        }
        rest = behind.split_at(1).1;
        left -= 1;
    }
}

/// The position of the first separator outside brackets and quotation marks.
const fn end_of_item(text: &str, separator: u8) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while at < bytes.len() {
        match bytes[at] {
            byte if byte == separator && depth == 0 => break,
            b'"' => at = end_of_quotation(bytes, at),
            b'(' | b'[' | b'{' | b'<' => depth += 1,
            b')' | b']' | b'}' | b'>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    if at < bytes.len() { at } else { bytes.len() }
}

/// The position of the closing quotation mark of the quotation that begins at `start`.
const fn end_of_quotation(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at
}

/// The text before and after the first `mark` outside brackets and quotation marks.
const fn cut<'a>(text: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while at < bytes.len() {
        if depth == 0 && starts(bytes.split_at(at).1, mark.as_bytes()) {
            let (before, rest) = text.split_at(at);
            return Some((before, trimmed(rest.split_at(mark.len()).1)));
        }
        match bytes[at] {
            b'"' => at = end_of_quotation(bytes, at),
            b'(' | b'[' | b'{' | b'<' => depth += 1,
            b')' | b']' | b'}' | b'>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    None
}

const fn after<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    if starts(text.as_bytes(), start.as_bytes()) {
        Some(text.split_at(start.len()).1)
    } else {
        None
    }
}

const fn before<'a>(text: &'a str, end: &str) -> Option<&'a str> {
    if text.len() < end.len() {
        return None;
    }
    let at = text.len() - end.len();
    if !starts(text.as_bytes().split_at(at).1, end.as_bytes()) {
        return None;
    }
    Some(text.split_at(at).0)
}

const fn starts(text: &[u8], with: &[u8]) -> bool {
    if text.len() < with.len() {
        return false;
    }
    let mut at = 0;
    while at < with.len() {
        if text[at] != with[at] {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Vec<(&str, bool, &str)> {
        let Shape::Fields { list, .. } = Shape::of(text) else {
            panic!("{text} has fields");
        };
        let found = (0..).map_while(|place| field(list, place));
        let found = found.map(|field| (field.name, field.optional, field.ty));
        found.collect()
    }

    fn variants(text: &str) -> Vec<(&str, &str, bool)> {
        let Shape::Variants { tagging, list } = Shape::of(text) else {
            panic!("{text} has variants");
        };
        let found = (0..).map_while(|place| variant(list, tagging, place));
        let found = found.map(|found| (found.name, found.body, found.catch_all));
        found.collect()
    }

    #[test]
    fn fields_are_parsed() {
        assert_eq!(fields("{}"), []);
        assert_eq!(
            fields("{ kind = Host, a: Map<u8, (u8, u8)>, b?: [u8; 4], ..Rest<u8> } and no others"),
            [
                ("kind = Host", false, ""),
                ("a", false, "Map<u8, (u8, u8)>"),
                ("b", true, "[u8; 4]"),
                ("..Rest<u8>", false, ""),
            ]
        );
        assert_eq!(
            fields(r#"{ "a, \"b: ?": u8, "größe"?: opaque Duration }"#),
            [
                (r#""a, \"b: ?""#, false, "u8"),
                (r#""größe""#, true, "opaque Duration"),
            ]
        );
        assert!(matches!(
            Shape::of("{ a: u8 } and no others"),
            Shape::Fields { closed: true, .. }
        ));
    }

    #[test]
    fn variants_are_parsed() {
        assert_eq!(
            variants(
                "one of: Small | Of { a: u8, b: u8 } | Pair (u8, u8) | Large Vec<u8> | Any (any other)"
            ),
            [
                ("Small", "", false),
                ("Of", "{ a: u8, b: u8 }", false),
                ("Pair", "(u8, u8)", false),
                ("Large", "Vec<u8>", false),
                ("Any", "", true),
            ]
        );
        assert_eq!(
            variants("any of: String | { a: u8 }"),
            [("", "String", false), ("", "{ a: u8 }", false)]
        );
        assert_eq!(
            variants(r#"raises: stock.Empty { shelf: String } | "a | b""#),
            [
                ("stock.Empty", "{ shelf: String }", false),
                (r#""a | b""#, "", false),
            ]
        );
        for (text, tagging) in [
            ("by kind: A", Tagging::Internal("kind")),
            ("by kind in value: A", Tagging::Adjacent("kind in value")),
            (r#"by "a in b": A"#, Tagging::Internal(r#""a in b""#)),
        ] {
            assert_eq!(variants(text), [("A", "", false)]);
            assert!(
                matches!(Shape::of(text), Shape::Variants { tagging: found, .. } if found == tagging)
            );
        }
    }

    #[test]
    fn other_types_are_one_value() {
        for text in [
            "u8",
            "()",
            "(u8, u8)",
            "Vec<Host>",
            "One",
            "by",
            "{ a: u8 } through x",
        ] {
            assert!(matches!(Shape::of(text), Shape::Value), "{text}");
        }
    }
}
