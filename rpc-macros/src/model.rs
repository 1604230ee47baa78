//! The parts of a trait: methods of the interface, their contexts and their arguments.
//!
//! This stage applies no rules. Each part keeps the syntax that it came from, so that errors can point at it.

use proc_macro2::TokenStream;
use syn::{FnArg, Ident, ItemTrait, Pat, PatType, TraitItem, TraitItemFn};

use crate::attr::{ArgumentOptions, MethodOptions, TraitOptions};
use crate::errors::Errors;

/// A trait, and the options in its attributes.
pub(crate) struct Interface<'a> {
    pub(crate) original: &'a ItemTrait,
    pub(crate) options: TraitOptions,
    pub(crate) methods: Vec<Method<'a>>,
}

/// A required function of the trait.
pub(crate) struct Method<'a> {
    /// Its index among the trait's items, from 1.
    pub(crate) place: usize,
    pub(crate) original: &'a TraitItemFn,
    pub(crate) options: MethodOptions,
    pub(crate) context: Option<&'a PatType>,
    pub(crate) arguments: Vec<Argument<'a>>,
    /// Whether all of its attributes could be parsed.
    pub(crate) readable: bool,
}

/// A parameter after the context.
pub(crate) struct Argument<'a> {
    pub(crate) original: &'a PatType,
    pub(crate) options: ArgumentOptions,
}

impl<'a> Interface<'a> {
    pub(crate) fn new(errors: &Errors, options: TokenStream, original: &'a ItemTrait) -> Self {
        Self {
            original,
            options: TraitOptions::parse(errors, options),
            methods: (1..)
                .zip(&original.items)
                .filter_map(|(place, item)| match item {
                    TraitItem::Fn(function) if function.default.is_none() => {
                        Some(Method::new(errors, place, function))
                    }
                    _ => None,
                })
                .collect(),
        }
    }
}

impl<'a> Method<'a> {
    fn new(errors: &Errors, place: usize, original: &'a TraitItemFn) -> Self {
        errors.turn_to(place);
        let before = errors.count();
        let options = MethodOptions::parse(errors, &original.attrs);
        let mut typed = original.sig.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(typed) => Some(typed),
            FnArg::Receiver(_) => None,
        });
        let context = typed.next();
        let arguments = typed
            .map(|original| Argument {
                original,
                options: ArgumentOptions::parse(errors, &original.attrs),
            })
            .collect();
        Self {
            place,
            original,
            options,
            context,
            arguments,
            readable: errors.count() == before,
        }
    }

    /// Whether one of its arguments has this name.
    pub(crate) fn has_argument(&self, name: &Ident) -> bool {
        let mut patterns = self.arguments.iter().map(|argument| &argument.original.pat);
        patterns.any(|pattern| matches!(&**pattern, Pat::Ident(own) if own.ident == *name))
    }
}
