//! Replaces `$name`, `${name}` and `$group.name` in a value, by the rules of oslo.config.

/// Replaces each reference in `text` with the result of `lookup` for its name.
///
/// `$$` and `\$` are a dollar sign. A dollar sign before anything else is kept.
pub(super) fn substitute<E>(
    text: &str,
    mut lookup: impl FnMut(&str) -> Result<String, E>,
) -> Result<String, E> {
    let text = text.replace(r"\$", "$$");
    let mut result = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('$') {
        result.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            result.push('$');
            rest = after;
        } else if let Some((name, after)) = reference(after) {
            result.push_str(&lookup(name)?);
            rest = after;
        } else {
            result.push('$');
            rest = after;
        }
    }
    result.push_str(rest);
    Ok(result)
}

/// The name after a dollar sign, and the text after the reference.
fn reference(text: &str) -> Option<(&str, &str)> {
    match text.strip_prefix('{') {
        Some(braced) => {
            let (name, rest) = name(braced)?;
            Some((name, rest.strip_prefix('}')?))
        }
        None => name(text),
    }
}

fn name(text: &str) -> Option<(&str, &str)> {
    let first = text.bytes().next()?;
    if !(first.is_ascii_alphabetic() || first == b'_') {
        return None;
    }
    let end = text
        .bytes()
        .position(|byte| !(byte.is_ascii_alphanumeric() || b"._".contains(&byte)));
    Some(text.split_at(end.unwrap_or(text.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_and_other_dollar_signs_kept() {
        for (text, expected) in [
            ("$a-b", "<a>-b"),
            ("${a}b$c.d", "<a>b<c.d>"),
            (r"$$a \$b", "$a $b"),
            ("$9 ${a $ ${9}", "$9 ${a $ ${9}"),
            ("$_É$", "<_>É$"),
        ] {
            let result = substitute(text, |name| Ok::<_, ()>(format!("<{name}>")));
            assert_eq!(result.unwrap(), expected, "{text}");
        }
        assert_eq!(substitute("x$a", |_| Err(7)), Err(7));
    }
}
