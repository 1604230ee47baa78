//! Tokens put at a place of the user's, so that the compiler points there.
//!
//! The compiler joins the first and the last token of an expression to find its place. (That a macro
//! may join two spans is not stable.)

use proc_macro2::{Ident, Span};
use quote::ToTokens;

/// Where a piece of the source begins and ends.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) start: Span,
    pub(super) end: Span,
}

impl Place {
    pub(super) fn of(tokens: &impl ToTokens) -> Self {
        let mut spans = tokens
            .to_token_stream()
            .into_iter()
            .map(|token| token.span());
        let start = spans.next().unwrap_or_else(Span::call_site);
        Self {
            start,
            end: spans.last().unwrap_or(start),
        }
    }

    /// The name of an item, at the beginning.
    pub(super) fn item(&self, name: &Ident) -> Ident {
        // Not resolved as before: spans that are of different expansions are joined to the attribute.
        // For items that makes no difference.
        let mut name = name.clone();
        name.set_span(self.start);
        name
    }

    /// The name of a variable, at the end.
    pub(super) fn variable(&self, name: &Ident) -> Ident {
        let mut name = name.clone();
        name.set_span(name.span().located_at(self.end));
        name
    }
}
