//! The cases of `rename_all`. They have the names and the effects of serde's.

/// The case on the wire of names that are `snake_case` in Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

impl Case {
    /// Each case with serde's name for it.
    pub(crate) const ALL: &[(&str, Self)] = &[
        ("lowercase", Self::Lower),
        ("UPPERCASE", Self::Upper),
        ("PascalCase", Self::Pascal),
        ("camelCase", Self::Camel),
        ("snake_case", Self::Snake),
        ("SCREAMING_SNAKE_CASE", Self::ScreamingSnake),
        ("kebab-case", Self::Kebab),
        ("SCREAMING-KEBAB-CASE", Self::ScreamingKebab),
    ];

    /// The name as it is sent. The result is the same as serde's for a field.
    pub(crate) fn of(self, name: &str) -> String {
        match self {
            Self::Lower | Self::Snake => name.to_owned(),
            Self::Upper | Self::ScreamingSnake => name.to_ascii_uppercase(),
            Self::Kebab => name.replace('_', "-"),
            Self::ScreamingKebab => name.to_ascii_uppercase().replace('_', "-"),
            Self::Pascal | Self::Camel => {
                let mut made = String::new();
                let mut capital = self == Self::Pascal;
                for letter in name.chars() {
                    if letter == '_' {
                        capital = true;
                    } else if capital {
                        made.push(letter.to_ascii_uppercase());
                        capital = false;
                    } else {
                        made.push(letter);
                    }
                }
                if self == Self::Camel
                    && let Some(first) = made.get_mut(..1)
                {
                    first.make_ascii_lowercase();
                }
                made
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Case;

    #[test]
    fn cases_match_those_of_serde() {
        let all = Case::ALL.iter().map(|(_, case)| case.of("list_hosts_v2"));
        let all: Vec<_> = all.collect();
        assert_eq!(
            all,
            [
                "list_hosts_v2",
                "LIST_HOSTS_V2",
                "ListHostsV2",
                "listHostsV2",
                "list_hosts_v2",
                "LIST_HOSTS_V2",
                "list-hosts-v2",
                "LIST-HOSTS-V2",
            ]
        );
    }
}
