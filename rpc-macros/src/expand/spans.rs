//! Tokens put at a place of the user's, so that the compiler points there.
//!
//! The compiler joins the first and the last token of an expression to find its place. (That a macro
//! may join two spans is not stable.) Only the place is taken: names are resolved as before.

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

    /// The name, at the beginning.
    pub(super) fn open(&self, name: &Ident) -> Ident {
        at(name, self.start)
    }

    /// The name, at the end.
    pub(super) fn close(&self, name: &Ident) -> Ident {
        at(name, self.end)
    }
}

fn at(name: &Ident, place: Span) -> Ident {
    let mut name = name.clone();
    name.set_span(name.span().located_at(place));
    name
}
