//! Gathers the errors of a whole trait, to be reported at once and in the order of the source.

use std::cell::{Cell, RefCell};
use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// The errors found so far. It must be turned into tokens: to drop it unread is a bug of ours.
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

    /// Says which part of the trait comes next, by its number: several stages look at each part.
    pub(crate) fn turn_to(&self, place: usize) {
        self.place.set(place);
    }

    /// Reports a mistake at the user's own tokens, as "`x` must …: do y".
    pub(crate) fn at(&self, tokens: impl ToTokens, message: impl Display) {
        self.add(syn::Error::new_spanned(tokens, message));
    }

    pub(crate) fn add(&self, error: syn::Error) {
        if let Some(found) = self.found.borrow_mut().as_mut() {
            found.push((self.place.get(), error));
        }
    }

    /// How many were found: a part that adds none is right.
    pub(crate) fn count(&self) -> usize {
        self.found.borrow().as_ref().map_or(0, Vec::len)
    }

    pub(crate) fn into_compile_errors(self) -> TokenStream {
        let mut found = self.found.borrow_mut().take().unwrap_or_default();
        // Stages look at one part of the trait in their own order; what is produced by a macro has
        // locations all over, but its parts have an order.
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
    fn reports_all_in_order() {
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
    fn cannot_be_dropped_unread() {
        drop(Errors::new());
    }
}
