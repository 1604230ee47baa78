//! `#[derive(IntoRemoteError)]`: an enum of errors that cross the wire, each variant a class of its own.
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
//!                 raised("stock.exceptions", "Empty", message).field("shelf", &shelf)
//!             }
//!             Self::TooManyCopies(error) => error.into_remote_error(),
//!             Self::Other(error) => error.into_remote_error(),
//!         }
//!     }
//! }
//! ```

mod classes;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Field, Fields, LitStr, Variant};

use crate::attr::{EnumOptions, FieldOptions, Refused, VariantOptions};
use crate::errors::Errors;

/// Expands the derive; whatever is wrong, the traits are implemented.
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
            "the enum must have no generic parameters: what crosses the wire has one type, so name it",
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

/// The variants, by what they are.
#[derive(Default)]
struct Variants<'a> {
    raised: Vec<Raised<'a>>,
    /// Those for what the version cap refused: for an argument's sake, or any.
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
        // Those for an argument go before the one for any.
        (sorted.refused).sort_by_key(|(_, argument)| argument.is_none());
        sorted
    }

    fn add(&mut self, errors: &Errors, variant: &'a Variant, module: Option<&str>) {
        let options = VariantOptions::parse(errors, &variant.attrs);
        if let Some(set) = &options.other.0 {
            if self.other.is_some() {
                errors.at(
                    &set.tokens,
                    "`other` must stand on one variant: remove this one",
                );
                return;
            }
            holds_an_error(errors, variant);
            self.other = Some(&variant.ident);
        } else if let Some(set) = &options.refused.0 {
            holds_an_error(errors, variant);
            let argument = match &set.value {
                Refused::All => None,
                Refused::Argument(argument) => Some(argument.value()),
            };
            if self.refused.iter().any(|(_, known)| *known == argument) {
                errors.at(
                    &set.tokens,
                    "there must be one variant for a refusal: remove this one",
                );
            }
            self.refused.push((&variant.ident, argument));
        } else {
            self.raised
                .push(Raised::new(errors, variant, &options, module));
        }
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
    // At the first variant that has no text of its own, for the compiler to point at.
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

/// What is no class on the wire is kept as it came.
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

/// After a mistake, what other code needs is still there.
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

/// A variant that is a class on the wire.
struct Raised<'a> {
    variant: &'a Variant,
    class: String,
    module: Option<String>,
    message: Option<LitStr>,
    fields: Vec<Place<'a>>,
}

/// Where a field is found in a remote error.
struct Place<'a> {
    field: &'a Field,
    /// The name that it is bound to.
    local: Ident,
    source: Source,
}

enum Source {
    Kwarg(String),
    Arg(usize),
    Message,
}

impl<'a> Raised<'a> {
    fn new(
        errors: &Errors,
        variant: &'a Variant,
        options: &VariantOptions,
        module: Option<&str>,
    ) -> Self {
        let class = options.class.get().map(LitStr::value);
        let module = options
            .module
            .get()
            .map(LitStr::value)
            .or(module.map(str::to_owned));
        Self {
            variant,
            class: class.unwrap_or_else(|| variant.ident.unraw().to_string()),
            module,
            message: options.message.get().cloned(),
            fields: (0..)
                .zip(&variant.fields)
                .map(|(index, field)| Place::new(errors, field, index))
                .collect(),
        }
    }

    fn module(&self) -> &str {
        self.module.as_deref().unwrap_or_default()
    }

    /// Binds the fields, by the names that the message may use.
    fn pattern(&self) -> TokenStream {
        let variant = &self.variant.ident;
        let locals = self.fields.iter().map(|place| &place.local);
        match &self.variant.fields {
            Fields::Unit => quote!(Self::#variant),
            Fields::Named(_) => quote!(Self::#variant { #(#locals),* }),
            Fields::Unnamed(_) => quote!(Self::#variant(#(#locals),*)),
        }
    }

    /// Takes a remote error of this class whose fields can be read; another one is left to the others.
    fn read(&self, private: &TokenStream) -> TokenStream {
        let (module, class, pattern) = (self.module(), &self.class, self.pattern());
        let remote = quote!(__remote);
        let read = self.fields.iter().map(|place| {
            let (local, ty) = (&place.local, &place.field.ty);
            // At the type, so that one that cannot be read is what the compiler points at.
            let read = match &place.source {
                Source::Kwarg(name) => {
                    quote_spanned!(place.field.ty.span()=> #private::kwarg::<#ty>(#remote, #name))
                }
                Source::Arg(index) => {
                    quote_spanned!(place.field.ty.span()=> #private::positional::<#ty>(#remote, #index))
                }
                Source::Message => {
                    quote_spanned!(place.field.ty.span()=> #private::message::<#ty>(#remote))
                }
            };
            quote!(let #private::Option::Some(#local) = #read)
        });
        quote! {
            if #remote.is(#module, #class) #(&& #read)* {
                return #pattern;
            }
        }
    }

    fn write(&self, private: &TokenStream) -> TokenStream {
        let (module, class, pattern) = (self.module(), &self.class, self.pattern());
        let message = self.message(private);
        let value = |place: &Place<'_>| {
            let local = &place.local;
            quote_spanned!(place.field.ty.span()=> #private::value(&#local))
        };
        let positional = self.fields.iter().filter_map(|place| match place.source {
            Source::Arg(index) => Some((index, value(place))),
            _ => None,
        });
        let mut positional: Vec<_> = positional.collect();
        positional.sort_by_key(|(index, _)| *index);
        let positional = positional.iter().map(|(_, value)| value);
        let args = (positional.len() > 0).then(|| quote!(.args([#(#positional),*])));
        let kwargs = self.fields.iter().filter_map(|place| match &place.source {
            Source::Kwarg(name) => {
                let value = value(place);
                Some(quote!(.kwarg(#name, #value)))
            }
            _ => None,
        });
        quote!(#pattern => #private::raised(#module, #class, #message) #args #(#kwargs)*,)
    }

    /// The exception's text: as the variant says, or its message field, or its `Display`.
    fn message(&self, private: &TokenStream) -> TokenStream {
        if let Some(message) = &self.message {
            let mut text = message.value();
            if let Fields::Unnamed(_) = self.variant.fields {
                for (index, place) in self.fields.iter().enumerate() {
                    for end in ["}", ":"] {
                        let local = format!("{{{}{end}", place.local);
                        text = text.replace(&format!("{{{index}{end}"), &local);
                    }
                }
            }
            let message = LitStr::new(&text, message.span());
            return quote!(#private::format!(#message));
        }
        let field = self
            .fields
            .iter()
            .find(|place| matches!(place.source, Source::Message));
        match field {
            Some(place) => {
                let local = &place.local;
                quote!(#private::ToString::to_string(&#local))
            }
            None => quote!(__shown),
        }
    }

    fn is_shown(&self) -> bool {
        let has_text = |place: &Place<'_>| matches!(place.source, Source::Message);
        self.message.is_none() && !self.fields.iter().any(has_text)
    }
}

impl<'a> Place<'a> {
    fn new(errors: &Errors, field: &'a Field, index: usize) -> Self {
        let options = FieldOptions::parse(errors, &field.attrs);
        let given = [
            options.name.0.as_ref().map(|set| &set.tokens),
            options.arg.0.as_ref().map(|set| &set.tokens),
            options.message.0.as_ref().map(|set| &set.tokens),
        ];
        if let Some(second) = given.into_iter().flatten().nth(1) {
            errors.at(
                second,
                "a field must have one source: keep `name`, `arg` or `message`",
            );
        }
        let nameless = field.ident.as_ref().filter(|ident| *ident == "_");
        if let Some(nameless) = nameless {
            errors.at(nameless, "a field must have a name: replace `_`");
        }
        let local = match &field.ident {
            Some(ident) if nameless.is_none() => ident.clone(),
            _ => format_ident!("__arg{index}", span = Span::call_site()),
        };
        let source = if options.message.is_set() {
            Source::Message
        } else if let Some(arg) = options.arg.get() {
            Source::Arg(*arg)
        } else {
            let name = options.name.get().map(LitStr::value);
            match (name, &field.ident) {
                (Some(name), _) => Source::Kwarg(name),
                (None, Some(ident)) => Source::Kwarg(ident.unraw().to_string()),
                (None, None) => Source::Arg(index),
            }
        };
        Self {
            field,
            local,
            source,
        }
    }
}
