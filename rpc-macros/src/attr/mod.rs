//! Parses the options in `#[rpc_client(…)]` and `#[rpc(…)]`.
//!
//! A malformed option is reported and skipped; the others still take effect. Whether a value makes sense for
//! its method or argument is decided in [`check`](crate::check).

#[macro_use]
mod table;

mod case;
mod derives;
mod interface;
mod parsed;
mod suggest;
mod value;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, Meta, MetaNameValue, Path, Token};

use crate::errors::Errors;
use crate::types::text;

pub(crate) use case::Case;
pub(crate) use derives::{
    DescribedField, DescribedType, EnumOptions, FieldOptions, VariantOptions,
    none_on_a_described_variant, of_an_error,
};
pub(crate) use interface::{ArgumentOptions, MethodOptions, TraitOptions};
pub(crate) use parsed::{Below, DefaultValue, OldName, Refused, Route, Time};
pub(crate) use value::parse_version;

/// A value, and the tokens that it was parsed from.
pub(crate) struct Set<T> {
    pub(crate) value: T,
    pub(crate) tokens: TokenStream,
}

/// The value of an option, if the option was given and could be parsed.
pub(crate) struct Opt<T>(pub(crate) Option<Set<T>>, Meant);

/// Whether an option was given in some form, even malformed or misspelt. If so, it is not reported as
/// missing.
type Meant = bool;

impl<T> Default for Opt<T> {
    fn default() -> Self {
        Self(None, false)
    }
}

impl<T> Opt<T> {
    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_ref().map(|set| &set.value)
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn is_meant(&self) -> bool {
        self.1
    }
}

/// The destination of a parsed option.
trait Slot<T> {
    /// Stores a value. `None` means that the value was malformed.
    fn fill(&mut self, errors: &Errors, meta: &Meta, value: Option<T>);

    /// Records that a misspelt name probably meant this option.
    fn mean(&mut self);
}

impl<T> Slot<T> for Opt<T> {
    fn fill(&mut self, errors: &Errors, meta: &Meta, value: Option<T>) {
        self.mean();
        if self.is_set() {
            let name = name(meta.path());
            errors.at(
                meta,
                format!("`{name}` must be given once: remove this one"),
            );
        } else if let Some(value) = value {
            let tokens = meta.to_token_stream();
            self.0 = Some(Set { value, tokens });
        }
    }

    fn mean(&mut self) {
        self.1 = true;
    }
}

/// An option that may be given more than once.
impl<T> Slot<T> for Vec<Set<T>> {
    fn fill(&mut self, _: &Errors, meta: &Meta, value: Option<T>) {
        self.extend(value.map(|value| Set {
            value,
            tokens: meta.to_token_stream(),
        }));
    }

    fn mean(&mut self) {}
}

/// `major.minor[.revision]`
pub(crate) type Version = (u32, u32, u32);

/// Whether the attribute is `#[rpc]`, which this macro parses and removes.
pub(crate) fn is_rpc(attribute: &Attribute) -> bool {
    attribute.path().is_ident("rpc")
}

/// Whether the attribute is `#[instrument]` of `tracing`, under any path.
pub(crate) fn is_instrument(attribute: &Attribute) -> bool {
    let last = attribute.path().segments.last();
    last.is_some_and(|last| last.ident == "instrument")
}

/// Whether the attribute is an `#[rpc]` behind `cfg_attr`.
pub(crate) fn is_conditional_rpc(attribute: &Attribute) -> bool {
    is_conditional(attribute, "rpc")
}

/// Whether the attribute is a `#[cfg]`, possibly behind `cfg_attr`.
pub(crate) fn is_cfg(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg") || is_conditional(attribute, "cfg")
}

/// Whether the attribute is a `cfg_attr` with an attribute of this name.
fn is_conditional(attribute: &Attribute, name: &str) -> bool {
    match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg_attr") => applies(list.tokens.clone(), name),
        _ => false,
    }
}

/// Whether one of the attributes after the condition of a `cfg_attr` has this name.
fn applies(tokens: TokenStream, name: &str) -> bool {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let is_comma =
        |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
    let mut attributes = tokens.split(is_comma).skip(1);
    attributes.any(|attribute| match attribute {
        [TokenTree::Ident(first), TokenTree::Group(inner), ..] if first == "cfg_attr" => {
            applies(inner.stream(), name)
        }
        [TokenTree::Ident(first), ..] => first == name,
        _ => false,
    })
}

fn rpc_metas(errors: &Errors, attributes: &[Attribute]) -> Vec<Meta> {
    let mut all = Vec::new();
    for attribute in attributes.iter().filter(|attribute| is_rpc(attribute)) {
        match attribute.meta.require_list() {
            Ok(list) => {
                let parsed = list.parse_args_with(all_metas);
                all.extend(metas(errors, parsed).into_iter().flatten());
            }
            Err(_) => errors.at(
                attribute,
                "`rpc` must have options in parentheses: write `#[rpc(cast)]`, or remove it",
            ),
        }
    }
    all
}

type Metas = Punctuated<Meta, Token![,]>;

fn all_metas(input: ParseStream<'_>) -> syn::Result<Metas> {
    Metas::parse_terminated_with(input, |input| {
        if !input.peek(Token![dyn]) {
            return input.parse();
        }
        // `dyn` is a keyword, so syn does not parse it as an option.
        let path = Path::from(input.call(Ident::parse_any)?);
        if !input.peek(Token![=]) {
            return Ok(Meta::Path(path));
        }
        Ok(Meta::NameValue(MetaNameValue {
            path,
            eq_token: input.parse()?,
            value: input.parse()?,
        }))
    })
}

/// The parsed options. `None` if the list is malformed, because then it is not known where an option ends.
fn metas(errors: &Errors, parsed: syn::Result<Metas>) -> Option<Metas> {
    parsed
        .map_err(|error| {
            let message = format!(
                "options must be words or `name = value`, with commas between them: {error}"
            );
            errors.add(syn::Error::new(error.span(), message));
        })
        .ok()
}

/// The name of the option. If the path is not a single word, its whole text.
fn name(path: &Path) -> String {
    path.get_ident()
        .map_or_else(|| text(path), Ident::to_string)
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn what_a_cfg_attr_applies_is_after_its_condition() {
        for (attribute, is_rpc, is_condition) in [
            (parse_quote!(#[cfg_attr(unix, rpc(cast))]), true, false),
            (
                parse_quote!(#[cfg_attr(unix, allow(unused), cfg(test))]),
                false,
                true,
            ),
            (
                parse_quote!(#[cfg_attr(unix, cfg_attr(test, rpc(cast)))]),
                true,
                false,
            ),
            (parse_quote!(#[cfg_attr(rpc, allow(unused))]), false, false),
            (
                parse_quote!(#[cfg_attr(all(rpc, cfg), doc = "a, rpc")]),
                false,
                false,
            ),
            (parse_quote!(#[cfg(rpc)]), false, true),
        ] {
            let attribute: Attribute = attribute;
            let text = attribute.to_token_stream().to_string();
            assert_eq!(is_conditional_rpc(&attribute), is_rpc, "{text}");
            assert_eq!(is_cfg(&attribute), is_condition, "{text}");
        }
    }
}
