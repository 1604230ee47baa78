//! What to say of an option that there is not: which one was meant.

use syn::Meta;

use crate::errors::Errors;

/// Reports an option that there is not, and tells which one was meant.
pub(super) fn unknown<'k>(
    errors: &Errors,
    meta: &Meta,
    name: &str,
    known: &[&'k str],
) -> Option<&'k str> {
    let close = known
        .iter()
        .map(|known| (distance(name, known), *known))
        .filter(|(distance, known)| *distance <= 2 && *distance < known.len())
        .min()
        .map(|(_, known)| known);
    let advice = match (close, known) {
        (Some(close), _) => format!("did you mean `{close}`?"),
        (None, [only]) => format!("here there is `{only}`"),
        (None, known) => {
            let known: Vec<_> = known.iter().map(|known| format!("`{known}`")).collect();
            format!("here there are {}", known.join(", "))
        }
    };
    errors.at(meta.path(), format!("unknown option `{name}`: {advice}"));
    close
}

/// How many letters must be added, removed or changed to make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distance_counts_letters() {
        for (a, b, count) in [
            ("", "", 0),
            ("abc", "abc", 0),
            ("verison", "version", 2),
            ("cst", "cast", 1),
            ("x", "", 1),
        ] {
            assert_eq!(distance(a, b), count, "{a} {b}");
        }
    }
}
