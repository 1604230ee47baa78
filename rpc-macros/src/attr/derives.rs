//! The options of what the derives stand on: errors, described types.

use syn::{Attribute, LitStr, Path};

use super::suggest::{Places, unknown};
use super::value::{self, index, path, text, word};
use super::{Opt, name, rpc_metas};
use crate::errors::Errors;

/// The options of an enum of errors.
#[derive(Default)]
pub(crate) struct EnumOptions {
    pub(crate) module: Opt<LitStr>,
    pub(crate) krate: Opt<Path>,
}

/// The options of one of its variants.
#[derive(Default)]
pub(crate) struct VariantOptions {
    pub(crate) class: Opt<LitStr>,
    pub(crate) module: Opt<LitStr>,
    pub(crate) message: Opt<LitStr>,
    pub(crate) refused: Opt<Refused>,
    pub(crate) other: Opt<()>,
}

/// Which refusals of the version cap a variant takes.
pub(crate) enum Refused {
    All,
    /// Those for the sake of an argument of this name.
    Argument(LitStr),
}

/// The options of a variant's field.
#[derive(Default)]
pub(crate) struct FieldOptions {
    pub(crate) name: Opt<LitStr>,
    pub(crate) arg: Opt<usize>,
    pub(crate) message: Opt<()>,
}

const OF_ENUM: &[&str] = &["module", "crate"];
const OF_VARIANT: &[&str] = &["class", "module", "message", "refused", "other"];
const OF_FIELD: &[&str] = &["name", "arg", "message"];

const PLACES_OF_ERRORS: Places = &[
    ("the enum", OF_ENUM),
    ("a variant", OF_VARIANT),
    ("a field", OF_FIELD),
];

impl EnumOptions {
    pub(crate) fn parse(errors: &Errors, attributes: &[Attribute]) -> Self {
        let mut options = Self::default();
        for meta in &rpc_metas(errors, attributes) {
            match name(meta.path()).as_str() {
                "module" => options.module.set(errors, meta, text(errors, meta)),
                "crate" => options.krate.set(errors, meta, path(errors, meta)),
                other => {
                    let meant = unknown(errors, meta, other, OF_ENUM, PLACES_OF_ERRORS);
                    options.module.1 |= meant == Some("module");
                }
            }
        }
        options
    }
}

impl VariantOptions {
    pub(crate) fn parse(errors: &Errors, attributes: &[Attribute]) -> Self {
        let mut options = Self::default();
        for meta in &rpc_metas(errors, attributes) {
            match name(meta.path()).as_str() {
                "class" => options.class.set(errors, meta, text(errors, meta)),
                "module" => options.module.set(errors, meta, text(errors, meta)),
                "message" => options.message.set(errors, meta, text(errors, meta)),
                "refused" => options
                    .refused
                    .set(errors, meta, value::refused(errors, meta)),
                "other" => options.other.set(errors, meta, word(errors, meta)),
                other => _ = unknown(errors, meta, other, OF_VARIANT, PLACES_OF_ERRORS),
            }
        }
        options
    }
}

impl FieldOptions {
    pub(crate) fn parse(errors: &Errors, attributes: &[Attribute]) -> Self {
        let mut options = Self::default();
        for meta in &rpc_metas(errors, attributes) {
            match name(meta.path()).as_str() {
                "name" => options.name.set(errors, meta, text(errors, meta)),
                "arg" => options.arg.set(errors, meta, index(errors, meta)),
                "message" => options.message.set(errors, meta, word(errors, meta)),
                other => _ = unknown(errors, meta, other, OF_FIELD, PLACES_OF_ERRORS),
            }
        }
        options
    }
}

/// The options of a described type.
#[derive(Default)]
pub(crate) struct DescribedType {
    pub(crate) name: Opt<LitStr>,
    pub(crate) krate: Opt<Path>,
}

/// The options of its fields.
#[derive(Default)]
pub(crate) struct DescribedField {
    pub(crate) opaque: Opt<()>,
}

const OF_DESCRIBED_TYPE: &[&str] = &["name", "crate"];
const OF_DESCRIBED_FIELD: &[&str] = &["opaque"];

const PLACES_OF_DESCRIBED: Places = &[
    ("the type", OF_DESCRIBED_TYPE),
    ("a field", OF_DESCRIBED_FIELD),
];

impl DescribedType {
    pub(crate) fn parse(errors: &Errors, attributes: &[Attribute]) -> Self {
        let mut options = Self::default();
        for meta in &rpc_metas(errors, attributes) {
            match name(meta.path()).as_str() {
                "name" => options.name.set(errors, meta, text(errors, meta)),
                "crate" => options.krate.set(errors, meta, path(errors, meta)),
                other => {
                    _ = unknown(errors, meta, other, OF_DESCRIBED_TYPE, PLACES_OF_DESCRIBED);
                }
            }
        }
        options
    }
}

impl DescribedField {
    pub(crate) fn parse(errors: &Errors, attributes: &[Attribute]) -> Self {
        let mut options = Self::default();
        for meta in &rpc_metas(errors, attributes) {
            match name(meta.path()).as_str() {
                "opaque" => options.opaque.set(errors, meta, word(errors, meta)),
                other => {
                    _ = unknown(errors, meta, other, OF_DESCRIBED_FIELD, PLACES_OF_DESCRIBED);
                }
            }
        }
        options
    }
}
