//! Parameters with plain names.

use syn::{Ident, Pat, Type};

/// A parameter with a plain name.
pub(crate) struct Parameter<'a> {
    pub(crate) ident: Ident,
    pub(crate) ty: &'a Type,
}

impl<'a> Parameter<'a> {
    pub(super) fn new(ident: &Ident, ty: &'a Type) -> Self {
        let ident = ident.clone();
        Self { ident, ty }
    }
}

/// The name that a pattern binds, if the pattern is only a name.
pub(crate) fn plain_name(pattern: &Pat) -> Option<&Ident> {
    match pattern {
        Pat::Ident(name)
            if name.by_ref.is_none() && name.mutability.is_none() && name.subpat.is_none() =>
        {
            Some(&name.ident)
        }
        _ => None,
    }
}
