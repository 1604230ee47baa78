//! Reports unknown options, and suggests the option that was probably meant.

use syn::Meta;

use crate::errors::Errors;

/// The places that have options, and the names of the options there.
pub(super) type Places = &'static [(&'static str, &'static [&'static str])];

/// Reports an unknown option. Returns the option that was probably meant.
pub(super) fn unknown<'k>(
    errors: &Errors,
    meta: &Meta,
    name: &str,
    known: &[&'k str],
    places: Places,
) -> Option<&'k str> {
    let elsewhere = places.iter().filter(|(_, known)| known.contains(&name));
    let elsewhere: Vec<_> = elsewhere.map(|(place, _)| *place).collect();
    if !elsewhere.is_empty() {
        let places = elsewhere.join(" or ");
        errors.at(meta, format!("`{name}` must be on {places}: move it there"));
        return None;
    }
    let close = known
        .iter()
        .map(|known| (strsim::osa_distance(name, known), *known))
        .filter(|(distance, known)| *distance <= 2 && *distance < known.len())
        .min()
        .map(|(_, known)| known);
    let advice = match (close, known) {
        (Some(close), _) => format!("did you mean `{close}`?"),
        (None, []) => "there is no option here, so remove it".to_owned(),
        (None, [only]) => format!("the only option here is `{only}`"),
        (None, known) => {
            let known: Vec<_> = known.iter().map(|known| format!("`{known}`")).collect();
            format!("the options here are {}", known.join(", "))
        }
    };
    errors.at(meta.path(), format!("unknown option `{name}`: {advice}"));
    close
}
