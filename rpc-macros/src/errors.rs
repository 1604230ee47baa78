//! Collects the errors of a whole trait, and reports them together, in the order of the source.
//!
//! All stages share one [`Errors`]. Only `entry` may turn it into tokens.

use std::cell::{Cell, RefCell};
use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// The errors found so far. It must be converted to tokens: dropping it before that is a bug in this crate,
/// which a debug assertion detects.
#[derive(Debug)]
pub(crate) struct Errors {
    found: RefCell<Option<Vec<(usize, syn::Error)>>>,
    place: Cell<usize>,
}

impl Errors {
    pub(crate) fn new() -> Self {
        Self {
            found: RefCell::new(Some(Vec::new())),
            place: Cell::new(0),
        }
    }

    /// Sets the index of the part of the trait that the next errors belong to. Each stage sets it, so that the
    /// errors of all stages are reported part by part.
    pub(crate) fn turn_to(&self, place: usize) {
        self.place.set(place);
    }

    /// Reports an error at the user's tokens. The message has the form "`x` must …: do y".
    pub(crate) fn at(&self, tokens: impl ToTokens, message: impl Display) {
        self.add(syn::Error::new_spanned(tokens, message));
    }

    pub(crate) fn add(&self, error: syn::Error) {
        if let Some(found) = self.found.borrow_mut().as_mut() {
            found.push((self.place.get(), error));
        }
    }

    /// The number of errors so far. A part is correct if it does not change the number.
    pub(crate) fn count(&self) -> usize {
        self.found.borrow().as_ref().map_or(0, Vec::len)
    }

    pub(crate) fn into_compile_errors(self) -> TokenStream {
        let mut found = self.found.borrow_mut().take().unwrap_or_default();
        // Each stage examines the parts in its own order. Source locations alone cannot restore the order,
        // because a macro may have produced the trait, with locations from different places. The index of the
        // part orders them first.
        found.sort_by_key(|(place, error)| {
            let start = error.span().start();
            (*place, start.line, start.column)
        });
        found
            .iter()
            .map(|(_, error)| error.to_compile_error())
            .collect()
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            debug_assert!(self.found.borrow().is_none(), "errors were not reported");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_errors_are_reported_in_order() {
        let errors = Errors::new();
        errors.turn_to(2);
        errors.at(quote::quote!(b), "second");
        errors.turn_to(1);
        errors.at(quote::quote!(a), "first");
        errors.turn_to(2);
        errors.at(quote::quote!(c), "third");
        assert_eq!(errors.count(), 3);
        let tokens = errors.into_compile_errors().to_string();
        let place = |word| tokens.find(word).unwrap();
        assert!(place("first") < place("second") && place("second") < place("third"));
    }

    #[test]
    #[should_panic(expected = "errors were not reported")]
    fn errors_cannot_be_dropped_unreported() {
        drop(Errors::new());
    }
}
