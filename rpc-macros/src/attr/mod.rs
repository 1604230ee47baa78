//! Reads `#[rpc_client(…)]` and `#[rpc(…)]`: which options there are, and of what form.
//!
//! A bad option is reported and skipped, so that the others still count. What an option's value means
//! in its place is for [`check`](crate::check) to say.

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

pub(crate) use case::Case;
pub(crate) use derives::{
    DescribedField, DescribedType, EnumOptions, FieldOptions, VariantOptions,
};
pub(crate) use interface::{ArgumentOptions, MethodOptions, TraitOptions};
pub(crate) use parsed::{Below, DefaultValue, OldName, Refused, Route, Time};
pub(crate) use value::parse_version;

/// A value together with the tokens that it was read from.
pub(crate) struct Set<T> {
    pub(crate) value: T,
    pub(crate) tokens: TokenStream,
}

/// An option's value, if it was given, and could be read.
pub(crate) struct Opt<T>(pub(crate) Option<Set<T>>, Meant);

/// Whether an option was meant, though it may be bad or misspelt: then it is not missing.
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

/// Where what was read of an option goes.
trait Slot<T> {
    /// Takes a value that was read, if it could be.
    fn fill(&mut self, errors: &Errors, meta: &Meta, value: Option<T>);

    /// Takes note that the option was meant by one that there is not.
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

/// Whether this is ours, to be read and removed.
pub(crate) fn is_rpc(attribute: &Attribute) -> bool {
    attribute.path().is_ident("rpc")
}

/// Whether this is `#[instrument]`, as of tracing, by whatever path.
pub(crate) fn is_instrument(attribute: &Attribute) -> bool {
    let last = attribute.path().segments.last();
    last.is_some_and(|last| last.ident == "instrument")
}

/// Whether this would be ours in some builds.
pub(crate) fn is_conditional_rpc(attribute: &Attribute) -> bool {
    let Meta::List(list) = &attribute.meta else {
        return false;
    };
    attribute.path().is_ident("cfg_attr")
        && list
            .tokens
            .clone()
            .into_iter()
            .any(|token| matches!(token, TokenTree::Ident(name) if name == "rpc"))
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
        // A keyword, which syn does not take for an option.
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

/// The options that were read, unless there is no telling where one ends.
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

/// The option's name; for anything but one word, all of its text.
fn name(path: &Path) -> String {
    path.get_ident()
        .map_or_else(|| path.to_token_stream().to_string(), Ident::to_string)
}
