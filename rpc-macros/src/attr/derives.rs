//! The options of the derive macros: `IntoRemoteError` and `Describe`.

use syn::{Attribute, LitStr, Meta, Path};

use super::parsed::Refused;
use super::suggest::{Places, unknown};
use super::value::{crate_path, index, refused, text, word};
use super::{Opt, all_metas, is_rpc, name, rpc_metas};
use crate::errors::Errors;

options! {
    /// The options of an enum of errors.
    pub(crate) struct EnumOptions {
        "module" => module: Opt<LitStr> = text,
        "crate" => krate: Opt<Path> = crate_path,
    }
}

options! {
    /// The options of a variant of an enum of errors.
    pub(crate) struct VariantOptions {
        "class" => class: Opt<LitStr> = text,
        "module" => module: Opt<LitStr> = text,
        "message" => message: Opt<LitStr> = text,
        "refused" => refused: Opt<Refused> = refused,
        "other" => other: Opt<()> = word,
    }
}

options! {
    /// The options of a variant's field.
    pub(crate) struct FieldOptions {
        "name" => name: Opt<LitStr> = text,
        "arg" => arg: Opt<usize> = index,
        "message" => message: Opt<()> = word,
    }
}

options! {
    /// The options of a described type.
    pub(crate) struct DescribedType {
        "name" => name: Opt<LitStr> = text,
        "crate" => krate: Opt<Path> = crate_path,
    }
}

options! {
    /// The options of a field of a described type.
    pub(crate) struct DescribedField {
        "opaque" => opaque: Opt<()> = word,
    }
}

const OF_ERRORS: Places = &[
    ("the enum", EnumOptions::NAMES),
    ("a variant", VariantOptions::NAMES),
    ("a field", FieldOptions::NAMES),
];

const OF_DESCRIBED: Places = &[
    ("the type", DescribedType::NAMES),
    ("a field", DescribedField::NAMES),
];

/// The variants of a described type have no options.
pub(crate) fn none_on_a_described_variant(errors: &Errors, attributes: &[Attribute]) {
    for meta in rpc_metas(errors, attributes) {
        unknown(errors, &meta, &name(meta.path()), &[], OF_DESCRIBED);
    }
}

/// The first option in the attributes of a type or a variant that only an enum of errors has.
pub(crate) fn of_an_error(attributes: &[Attribute]) -> Option<Meta> {
    let metas = attributes
        .iter()
        .filter(|attribute| is_rpc(attribute))
        .filter_map(|attribute| attribute.parse_args_with(all_metas).ok());
    metas.flatten().find(|meta| {
        let name = name(meta.path());
        let has = |names: &[&str]| names.contains(&name.as_str());
        has(EnumOptions::NAMES) && !has(DescribedType::NAMES) || has(VariantOptions::NAMES)
    })
}

macro_rules! parsed {
    ($($options:ident of $places:ident,)*) => {
        $(impl $options {
            pub(crate) fn parse(errors: &Errors, attributes: &[Attribute]) -> Self {
                Self::read(errors, &rpc_metas(errors, attributes), $places)
            }
        })*
    };
}

parsed! {
    EnumOptions of OF_ERRORS,
    VariantOptions of OF_ERRORS,
    FieldOptions of OF_ERRORS,
    DescribedType of OF_DESCRIBED,
    DescribedField of OF_DESCRIBED,
}
