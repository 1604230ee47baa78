//! Comparing and formatting text in constants, where `==` and `format!` are not available.

use crate::Version;

/// The operator `==` for text.
pub(super) const fn same(one: &str, other: &str) -> bool {
    same_bytes(one.as_bytes(), other.as_bytes())
}

/// The operator `==` for bytes.
pub(super) const fn same_bytes(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut index = 0;
    while index < one.len() {
        if one[index] != other[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// The text without surrounding white space.
pub(super) const fn trimmed(text: &str) -> &str {
    text.trim_ascii()
}

/// The capacity of a [`Text`]. It exceeds every message with names of ordinary length.
const CAPACITY: usize = 512;

/// Replaces the part of a text that does not fit.
const CUT: &str = "…";

/// A text in a buffer of fixed size.
pub(super) struct Text {
    bytes: [u8; CAPACITY],
    length: usize,
    cut: bool,
}

impl Text {
    /// The template with each `{}` replaced by a value.
    pub(super) const fn of(template: &str, values: &[&str]) -> Self {
        let mut text = Self::new();
        let (mut rest, mut index) = (template, 0);
        while index < values.len() {
            let (before, gap) = rest.split_at(gap(rest));
            text.push(before);
            text.push(values[index]);
            rest = gap.split_at("{}".len()).1;
            index += 1;
        }
        text.push(rest);
        text
    }

    /// A version, as its `Display` writes it.
    pub(super) const fn version(version: Version) -> Self {
        let mut text = Self::new();
        text.number(version.major());
        text.push(".");
        text.number(version.minor());
        if version.revision() > 0 {
            text.push(".");
            text.number(version.revision());
        }
        text
    }

    pub(super) const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            // Unreachable: only whole characters are appended.
            Err(_) => CUT,
        }
    }

    const fn new() -> Self {
        Self {
            bytes: [0; CAPACITY],
            length: 0,
            cut: false,
        }
    }

    const fn push(&mut self, part: &str) {
        if self.cut {
            return;
        }
        let room = CAPACITY - CUT.len() - self.length;
        if part.len() <= room {
            self.append(part.as_bytes());
            return;
        }
        let mut end = room;
        while !part.is_char_boundary(end) {
            end -= 1;
        }
        self.append(part.as_bytes().split_at(end).0);
        self.append(CUT.as_bytes());
        self.cut = true;
    }

    const fn append(&mut self, part: &[u8]) {
        let (_, free) = self.bytes.split_at_mut(self.length);
        free.split_at_mut(part.len()).0.copy_from_slice(part);
        self.length += part.len();
    }

    const fn number(&mut self, number: u32) {
        const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        if number > 9 {
            self.number(number / 10);
        }
        self.push(DIGITS[(number % 10) as usize]);
    }
}

/// The position of the first `{}`. The template must contain one.
const fn gap(template: &str) -> usize {
    let bytes = template.as_bytes();
    let mut index = 0;
    while !(bytes[index] == b'{' && bytes[index + 1] == b'}') {
        index += 1;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_written_as_display_writes_them() {
        for version in [
            Version::new(0, 0),
            Version::new(2, 10),
            Version::new(4_294_967_295, 7).with_revision(20),
        ] {
            assert_eq!(Text::version(version).as_str(), version.to_string());
        }
    }

    #[test]
    fn a_long_text_is_cut_at_a_character_boundary() {
        let whole = "x".repeat(CAPACITY - CUT.len());
        assert_eq!(Text::of("{}{}", &[&whole, ""]).as_str(), whole);
        let cut = format!("{whole}…");
        assert_eq!(Text::of("{}y{}", &[&whole, "z"]).as_str(), cut);
        for shift in 0..4 {
            let shift = "x".repeat(shift);
            let long = "🦀".repeat(CAPACITY);
            let text = Text::of("{}{}z", &[&shift, &long]);
            let kept = text.as_str().strip_suffix(CUT).unwrap();
            let crabs = (CAPACITY - CUT.len() - shift.len()) / 4;
            assert_eq!(kept, format!("{shift}{}", "🦀".repeat(crabs)));
        }
    }

    #[test]
    fn values_replace_the_gaps_verbatim() {
        assert_eq!(Text::of("no gap", &[]).as_str(), "no gap");
        assert_eq!(Text::of("{} – {}", &["{}", "ö"]).as_str(), "{} – ö");
    }
}
