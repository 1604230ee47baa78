//! The rules for names on the wire.

use std::cmp::Reverse;
use std::collections::HashMap;

use proc_macro2::Ident;
use quote::ToTokens;
use syn::LitStr;
use syn::ext::IdentExt;

use crate::attr::{Case, OldName, Set, Version};
use crate::errors::Errors;

/// The names of the methods of a trait, or of the arguments of a method. Each name may be used once.
pub(super) struct Names {
    what: &'static str,
    /// The names, and whether the item of each is conditional.
    taken: HashMap<String, bool>,
    is_conditional: bool,
    /// The case of names without an explicit `name`.
    case: Option<Case>,
}

impl Names {
    pub(super) fn of_methods(case: Option<Case>) -> Self {
        Self::new("method", case)
    }

    pub(super) fn of_arguments(case: Option<Case>) -> Self {
        Self::new("argument", case)
    }

    fn new(what: &'static str, case: Option<Case>) -> Self {
        Self {
            case,
            what,
            taken: HashMap::new(),
            is_conditional: false,
        }
    }

    /// Begins an item. Items under `#[cfg]` may have the same name, since each may exist in a different build.
    pub(super) fn begin(&mut self, is_conditional: bool) {
        self.is_conditional = is_conditional;
    }

    /// The name on the wire of the item `ident`: `option`, or `ident` in the case of `rename_all`.
    pub(super) fn own(
        &mut self,
        errors: &Errors,
        ident: &Ident,
        option: Option<&LitStr>,
    ) -> String {
        match option {
            Some(name) => self.take(errors, name.value(), name),
            None => {
                let name = ident.unraw().to_string();
                let wire = self
                    .case
                    .map_or_else(|| name.clone(), |case| case.of(&name));
                self.take(errors, wire, ident)
            }
        }
    }

    /// The older names, newest first.
    pub(super) fn old(
        &mut self,
        errors: &Errors,
        names: &[Set<OldName>],
    ) -> Vec<(Version, String)> {
        let mut old: Vec<(Version, String)> = Vec::new();
        for set in names {
            let OldName { before, name } = &set.value;
            if old.iter().any(|(known, _)| known == before) {
                errors.at(
                    &set.tokens,
                    "each `name_before` must have a version of its own: remove one of the two",
                );
            }
            let name = self.take(errors, name.value(), name);
            old.push((*before, name));
        }
        old.sort_by_key(|(before, _)| Reverse(*before));
        old
    }

    /// Reserves a name. Names on the wire must be distinct, and oslo.messaging does not dispatch methods that
    /// begin with `_`.
    pub(super) fn take(&mut self, errors: &Errors, wire: String, tokens: impl ToTokens) -> String {
        let what = self.what;
        if wire.is_empty() {
            let message = format!("the {what}'s name on the wire must not be empty: give it one");
            errors.at(&tokens, message);
        } else if what == "method" && wire.starts_with('_') {
            errors.at(
                &tokens,
                format!("`{wire}` must not begin with `_`, as no server dispatches such methods: rename it"),
            );
        }
        let before = self.taken.insert(wire.clone(), self.is_conditional);
        if before.is_some_and(|before| !before && !self.is_conditional) {
            errors.at(
                &tokens,
                format!("`{wire}` must be the name of one {what}: rename this one, or give it another `name`"),
            );
        }
        wire
    }
}
