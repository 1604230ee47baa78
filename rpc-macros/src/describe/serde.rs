//! Parses serde's attributes, as far as they change what is written or what is accepted. Others are ignored, and so
//! are mistakes, which serde reports.

use syn::meta::ParseNestedMeta;
use syn::{Attribute, LitStr, Type};

use crate::attr::Case;
use crate::lock::quoted_if_needed;

/// The attributes of a type, of a variant, or of a field.
#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one of serde's attributes"
)]
pub(super) struct Attributes {
    pub(super) name: Option<String>,
    pub(super) rename_all: Rename,
    pub(super) rename_all_fields: Rename,
    /// `default`: the field may be absent when it is read.
    pub(super) default: bool,
    /// `skip_serializing_if`: the field may be left out when it is written.
    pub(super) left_out: bool,
    pub(super) skipped: bool,
    pub(super) flattened: bool,
    pub(super) transparent: bool,
    pub(super) untagged: bool,
    pub(super) other: bool,
    /// `deny_unknown_fields`: readers reject other fields.
    pub(super) closed: bool,
    /// `deserialize_with`: an `Option` must then be present, like any other type.
    pub(super) read_through: bool,
    pub(super) tag: Option<String>,
    content: Option<String>,
    /// `with` or `serialize_with`: the function or module that writes the field.
    pub(super) through: Option<String>,
    /// `into`: the type that is written.
    pub(super) into: Option<Type>,
}

impl Attributes {
    pub(super) fn of(attributes: &[Attribute]) -> Self {
        let mut read = Self::default();
        for attribute in attributes {
            if attribute.path().is_ident("serde") {
                // serde reports attributes that cannot be parsed.
                let _ = attribute.parse_nested_meta(|meta| read.option(&meta));
            }
        }
        read
    }

    fn option(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let name = meta.path.get_ident().map(ToString::to_string);
        match name.as_deref().unwrap_or_default() {
            "rename" => self.name = written(meta)?,
            "rename_all" => self.rename_all = Rename::parse(meta)?,
            "rename_all_fields" => self.rename_all_fields = Rename::parse(meta)?,
            "default" => {
                self.default = true;
                value(meta)?;
            }
            "skip_serializing_if" => {
                self.left_out = true;
                value(meta)?;
            }
            "deserialize_with" => {
                self.read_through = true;
                value(meta)?;
            }
            "deny_unknown_fields" => self.closed = true,
            "skip" | "skip_serializing" => self.skipped = true,
            "skip_deserializing" => self.default = true,
            "flatten" => self.flattened = true,
            "transparent" => self.transparent = true,
            "untagged" => self.untagged = true,
            "other" => self.other = true,
            "tag" => self.tag = value(meta)?,
            "content" => self.content = value(meta)?,
            "with" | "serialize_with" => self.through = value(meta)?,
            "into" => self.into = meta.value()?.parse::<LitStr>()?.parse().ok(),
            _ => {
                skip(meta)?;
            }
        }
        Ok(())
    }

    /// The text of an enum's tagging.
    pub(super) fn tagging(&self) -> String {
        match (&self.tag, &self.content) {
            _ if self.untagged => "any of".to_owned(),
            (Some(tag), Some(content)) => {
                format!(
                    "by {} in {}",
                    quoted_if_needed(tag),
                    quoted_if_needed(content)
                )
            }
            (Some(tag), None) => format!("by {}", quoted_if_needed(tag)),
            _ => "one of".to_owned(),
        }
    }
}

fn value(meta: &ParseNestedMeta<'_>) -> syn::Result<Option<String>> {
    if !meta.input.peek(syn::Token![=]) {
        return Ok(None);
    }
    Ok(Some(meta.value()?.parse::<LitStr>()?.value()))
}

/// Parses `= "…"` or `(serialize = "…", deserialize = "…")`. In the second form, the name for `serialize` is
/// returned.
fn written(meta: &ParseNestedMeta<'_>) -> syn::Result<Option<String>> {
    if !meta.input.peek(syn::token::Paren) {
        return value(meta);
    }
    let mut name = None;
    meta.parse_nested_meta(|side| {
        let text = value(&side)?;
        if side.path.is_ident("serialize") {
            name = text;
        }
        Ok(())
    })?;
    Ok(name)
}

fn skip(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    if meta.input.peek(syn::token::Paren) {
        return meta.parse_nested_meta(|inner| skip(&inner));
    }
    if meta.input.peek(syn::Token![=]) {
        meta.value()?.parse::<syn::Expr>()?;
    }
    Ok(())
}

/// The value of a `rename_all`.
#[derive(Default)]
pub(super) struct Rename(Option<Case>);

impl Rename {
    /// Parses the case. An unknown case renames nothing, since serde reports it.
    fn parse(meta: &ParseNestedMeta<'_>) -> syn::Result<Self> {
        Ok(Self(written(meta)?.and_then(|name| Case::find(&name))))
    }

    pub(super) fn or<'r>(&'r self, other: &'r Self) -> &'r Self {
        if self.0.is_some() { self } else { other }
    }

    /// The name on the wire of a field, which is in snake case.
    pub(super) fn field(&self, name: &str) -> String {
        self.0.map_or_else(|| name.to_owned(), |case| case.of(name))
    }

    /// The name on the wire of a variant, which is in Pascal case.
    pub(super) fn variant(&self, name: &str) -> String {
        self.0
            .map_or_else(|| name.to_owned(), |case| case.of_variant(name))
    }
}
