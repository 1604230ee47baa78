//! Gives generated tokens the location of the user's tokens, so that the compiler's errors point there.
//! Comments that begin with "Points at" say which error a location is for.
//!
//! The compiler joins the spans of the first and the last token of an expression. Joining two spans in a
//! macro is not stable, so both ends are set.

use proc_macro2::{Ident, Span};
use quote::ToTokens;

/// The beginning and the end of the user's tokens.
#[derive(Clone, Copy)]
pub(super) struct Spans {
    pub(super) start: Span,
    pub(super) end: Span,
}

impl Spans {
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

    /// The name of an item, located at the beginning.
    pub(super) fn item(&self, name: &Ident) -> Ident {
        // The whole span is replaced, hygiene included: the compiler joins spans of different expansions at
        // the attribute. For items, hygiene makes no difference.
        let mut name = name.clone();
        name.set_span(self.start);
        name
    }

    /// The name of a variable, located at the end. Its hygiene is kept.
    pub(super) fn variable(&self, name: &Ident) -> Ident {
        let mut name = name.clone();
        name.set_span(name.span().located_at(self.end));
        name
    }
}
