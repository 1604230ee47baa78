//! `#[derive(IntoRemoteError)]`: converts an enum of errors to and from remote errors. Each variant is a
//! class.
//!
//! The expansion for an enum with one class, one variant with `#[rpc(refused = "…")]` and the variant for other
//! errors is:
//!
//! ```text
//! impl From<Error> for StockError {
//!     fn from(error: Error) -> Self {
//!         if let Some(remote) = error.remote() {
//!             if remote.is("stock.exceptions", "Empty")
//!                 && let Some(shelf) = kwarg(remote, "shelf")
//!             {
//!                 return Self::Empty { shelf };
//!             }
//!         }
//!         if refused_for(&error, "copies") {
//!             return Self::TooManyCopies(From::from(error));
//!         }
//!         Self::Other(From::from(error))
//!     }
//! }
//!
//! impl IntoRemoteError for StockError {
//!     fn into_remote_error(self) -> RemoteError {
//!         match self {
//!             Self::Empty { shelf } => {
//!                 let message = format!("{shelf} is empty");
//!                 raised("stock.exceptions", "Empty", message).kwarg("shelf", value(&shelf))
//!             }
//!             Self::TooManyCopies(error) => error.into_remote_error(),
//!             Self::Other(error) => error.into_remote_error(),
//!         }
//!     }
//! }
//! ```

mod classes;
mod raised;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Data, DeriveInput, Fields, Variant};

use self::raised::Raised;
use crate::attr::{EnumOptions, Refused, VariantOptions, is_rpc};
use crate::errors::Errors;

/// Expands the derive macro. The traits are implemented even if there are errors.
pub(crate) fn derive(errors: &Errors, input: &DeriveInput) -> TokenStream {
    let options = EnumOptions::parse(errors, &input.attrs);
    let krate = options.krate.get();
    let krate = krate.map_or_else(|| quote!(::rpc_runtime), ToTokens::to_token_stream);
    let Data::Enum(data) = &input.data else {
        errors.at(
            &input.ident,
            "`IntoRemoteError` must be derived for an enum: make each kind of error a variant",
        );
        return placeholder(&krate, input);
    };
    if !input.generics.params.is_empty() {
        errors.at(
            &input.generics,
            "the enum must have no generic parameters, because messages have fixed types: write a concrete type",
        );
        return placeholder(&krate, input);
    }
    let before = errors.count();
    let module = match options.module.get() {
        Some(module) => Some(module.value()),
        None => options.module.is_meant().then(String::new),
    };
    let variants = Variants::new(errors, &data.variants, module.as_deref());
    if variants.raised.iter().any(|raised| raised.module.is_none()) {
        errors.turn_to(0);
        errors.at(
            &input.ident,
            "the classes must have a module: write `#[rpc(module = \"…\")]` on the enum",
        );
    }
    errors.turn_to(usize::MAX);
    let Some(other) = variants.other else {
        errors.at(
            &input.ident,
            "one variant must take all other errors: add `#[rpc(other)] Other(rpc_runtime::Error)`",
        );
        return placeholder(&krate, input);
    };
    if errors.count() > before {
        return placeholder(&krate, input);
    }
    expand(&input.ident, &variants, other, &krate)
}

/// The variants of the enum, by kind.
#[derive(Default)]
struct Variants<'a> {
    raised: Vec<Raised<'a>>,
    /// The variants with `refused`: for version cap errors about one argument, or (`None`) about any.
    refused: Vec<(&'a Ident, Option<String>)>,
    other: Option<&'a Ident>,
}

impl<'a> Variants<'a> {
    fn new(
        errors: &Errors,
        variants: impl IntoIterator<Item = &'a Variant>,
        module: Option<&str>,
    ) -> Self {
        let mut sorted = Self::default();
        for (place, variant) in (1..).zip(variants) {
            errors.turn_to(place);
            sorted.add(errors, variant, module);
        }
        // The variants for one argument are tried before the one for any.
        (sorted.refused).sort_by_key(|(_, argument)| argument.is_none());
        sorted
    }

    fn add(&mut self, errors: &Errors, variant: &'a Variant, module: Option<&str>) {
        let before = errors.count();
        let options = VariantOptions::parse(errors, &variant.attrs);
        if let Some(set) = &options.other.0 {
            if self.other.is_some() {
                errors.at(
                    &set.tokens,
                    "`other` must be on one variant only: remove this one",
                );
                return;
            }
            if let Some(refused) = &options.refused.0 {
                errors.at(
                    &refused.tokens,
                    "`refused` must not be on the variant marked `other`, which takes all errors that no other variant takes: remove one of them",
                );
            }
            no_options(errors, variant, &options, "other");
            holds_an_error(errors, variant);
            self.other = Some(&variant.ident);
        } else if let Some(set) = &options.refused.0 {
            no_options(errors, variant, &options, "refused");
            holds_an_error(errors, variant);
            let argument = match &set.value {
                Refused::All => None,
                Refused::Argument(argument) => Some(argument.value()),
            };
            if self.refused.iter().any(|(_, known)| *known == argument) {
                errors.at(
                    &set.tokens,
                    "the same `refused` must be on one variant only: remove this one",
                );
            }
            self.refused.push((&variant.ident, argument));
        } else {
            let raised = Raised::new(errors, variant, &options, module);
            if errors.count() == before {
                self.is_read(errors, &raised);
            }
            self.raised.push(raised);
        }
    }

    /// Each class must be read as its variant. The variants are tried in their order.
    fn is_read(&self, errors: &Errors, raised: &Raised<'_>) {
        let Some(earlier) = self.raised.iter().find(|earlier| earlier.hides(raised)) else {
            return;
        };
        let (name, hiding) = (&raised.variant.ident, &earlier.variant.ident);
        let (fields, advice) = if earlier.fields.len() == raised.fields.len() {
            ("the fields", String::new())
        } else {
            ("all fields", format!(", or put it above `{hiding}`"))
        };
        errors.at(
            name,
            format!(
                "`{name}` has the class and {fields} of `{hiding}`, so it is never read: give it another `class`{advice}"
            ),
        );
    }
}

fn expand(
    name: &Ident,
    variants: &Variants<'_>,
    other: &Ident,
    krate: &TokenStream,
) -> TokenStream {
    let Variants {
        raised, refused, ..
    } = variants;
    let private = quote!(#krate::__private);
    let refusals = refused.iter().map(|(variant, argument)| {
        let refused = match argument {
            Some(argument) => quote!(#private::refused_for(&__error, #argument)),
            None => quote!(#private::refused(&__error)),
        };
        quote! {
            if #refused {
                return Self::#variant(#private::From::from(__error));
            }
        }
    });
    let classes = classes::expand(name, raised, &private);
    let held = refused.iter().map(|(variant, _)| *variant).chain([other]);
    let read = raised.iter().map(|raised| raised.read(&private));
    let write = raised.iter().map(|raised| raised.write(&private));
    // Points at the first variant without a message.
    let shown = raised
        .iter()
        .find(|raised| raised.is_shown())
        .map(|raised| {
            let span = raised.variant.ident.span();
            quote_spanned!(span=> let __shown = #private::shown(&self);)
        });
    quote! {
        #[automatically_derived]
        impl #private::From<#private::Error> for #name {
            fn from(__error: #private::Error) -> Self {
                if let #private::Option::Some(__remote) = __error.remote() {
                    #(#read)*
                }
                #(#refusals)*
                Self::#other(#private::From::from(__error))
            }
        }

        #[automatically_derived]
        impl #private::IntoRemoteError for #name {
            fn into_remote_error(self) -> #private::RemoteError {
                #shown
                match self {
                    #(#write)*
                    #(Self::#held(__error) => #private::IntoRemoteError::into_remote_error(__error),)*
                }
            }
        }

        #classes
    }
}

/// The options of a class have no effect on a variant that holds the error itself.
fn no_options(errors: &Errors, variant: &Variant, options: &VariantOptions, mark: &str) {
    let given = [
        ("class", &options.class),
        ("module", &options.module),
        ("message", &options.message),
    ];
    for (name, option) in given {
        if let Some(set) = &option.0 {
            errors.at(
                &set.tokens,
                format!("`{name}` must not be on a variant marked `{mark}`, which holds the error itself: remove it"),
            );
        }
    }
    for attribute in variant.fields.iter().flat_map(|field| &field.attrs) {
        if is_rpc(attribute) {
            errors.at(
                attribute,
                format!("`#[rpc]` must not be on the field of a variant marked `{mark}`, which is the error itself: remove it"),
            );
        }
    }
}

/// A variant with `refused` or `other` must hold the error itself, because it has no class.
fn holds_an_error(errors: &Errors, variant: &Variant) {
    match &variant.fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {}
        _ => errors.at(
            variant,
            format!(
                "`{0}` must hold the error itself: write `{0}(rpc_runtime::Error)`",
                variant.ident
            ),
        ),
    }
}

/// Implementations for an enum with mistakes, so that code which uses them causes no further errors.
fn placeholder(krate: &TokenStream, input: &DeriveInput) -> TokenStream {
    let name = &input.ident;
    let (generics, arguments, clause) = input.generics.split_for_impl();
    quote! {
        impl #generics #krate::__private::From<#krate::__private::Error> for #name #arguments #clause {
            fn from(_: #krate::__private::Error) -> Self {
                ::core::unreachable!()
            }
        }

        impl #generics #krate::__private::IntoRemoteError for #name #arguments #clause {
            fn into_remote_error(self) -> #krate::__private::RemoteError {
                ::core::unreachable!()
            }
        }
    }
}
