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
    pub(super) const ALL: &[(&str, Self)] = &[
        ("lowercase", Self::Lower),
        ("UPPERCASE", Self::Upper),
        ("PascalCase", Self::Pascal),
        ("camelCase", Self::Camel),
        ("snake_case", Self::Snake),
        ("SCREAMING_SNAKE_CASE", Self::ScreamingSnake),
        ("kebab-case", Self::Kebab),
        ("SCREAMING-KEBAB-CASE", Self::ScreamingKebab),
    ];

    /// The case with this name.
    pub(crate) fn find(name: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, case)| *case)
    }

    /// The name of a variant, which is in Pascal case, as it is sent. The result is the same as serde's.
    pub(crate) fn of_variant(self, name: &str) -> String {
        match self {
            Self::Pascal => name.to_owned(),
            Self::Lower => name.to_ascii_lowercase(),
            Self::Upper => name.to_ascii_uppercase(),
            Self::Camel => with_small_initial(name.to_owned()),
            Self::Snake | Self::ScreamingSnake | Self::Kebab | Self::ScreamingKebab => {
                let mut snake = String::new();
                for letter in name.chars() {
                    if letter.is_uppercase() && !snake.is_empty() {
                        snake.push('_');
                    }
                    snake.push(letter.to_ascii_lowercase());
                }
                self.of(&snake)
            }
        }
    }

    /// The name as it is sent. The result is the same as serde's for a field.
    pub(crate) fn of(self, name: &str) -> String {
        match self {
            Self::Lower | Self::Snake => name.to_owned(),
            Self::Upper | Self::ScreamingSnake => name.to_ascii_uppercase(),
            Self::Kebab => name.replace('_', "-"),
            Self::ScreamingKebab => name.to_ascii_uppercase().replace('_', "-"),
            Self::Camel => with_small_initial(Self::Pascal.of(name)),
            Self::Pascal => {
                let mut made = String::new();
                let mut capital = true;
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
                made
            }
        }
    }
}

fn with_small_initial(mut name: String) -> String {
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    name
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
