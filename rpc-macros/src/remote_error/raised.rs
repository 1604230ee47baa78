//! A variant that is a class on the wire, and the conversion of its fields to and from the exception's
//! arguments.

use std::collections::BTreeMap;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Field, Fields, LitStr, Variant};

use crate::attr::{FieldOptions, VariantOptions};
use crate::errors::Errors;

/// A variant that is a class on the wire.
pub(super) struct Raised<'a> {
    pub(super) variant: &'a Variant,
    pub(super) class: String,
    pub(super) module: Option<String>,
    pub(super) message: Option<LitStr>,
    pub(super) fields: Vec<Bound<'a>>,
}

/// A field, and its place in a remote error.
pub(super) struct Bound<'a> {
    pub(super) field: &'a Field,
    /// The variable that the field is bound to.
    pub(super) local: Ident,
    pub(super) source: Source,
    /// The option that names the source, or else the field.
    named: TokenStream,
}

#[derive(PartialEq, Eq)]
pub(super) enum Source {
    Kwarg(String),
    Arg(usize),
    Message,
}

impl<'a> Raised<'a> {
    pub(super) fn new(
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
        let mut fields: Vec<Bound<'a>> = Vec::new();
        for (index, field) in (0..).zip(&variant.fields) {
            let before = errors.count();
            let bound = Bound::new(errors, field, index);
            if errors.count() == before
                && let Some(message) = bound.clash(&fields)
            {
                errors.at(&bound.named, message);
            }
            fields.push(bound);
        }
        Self {
            variant,
            class: class.unwrap_or_else(|| variant.ident.unraw().to_string()),
            module,
            message: options.message.get().cloned(),
            fields,
        }
    }

    pub(super) fn module(&self) -> &str {
        self.module.as_deref().unwrap_or_default()
    }

    /// Whether each remote error that could be read as the other is read as this. It has the same class, and all of its
    /// fields are fields of the other.
    pub(super) fn hides(&self, other: &Self) -> bool {
        let is_of_other = |own: &Bound<'_>| other.fields.iter().any(|field| field.equals(own));
        self.class == other.class
            && self.module == other.module
            && self.fields.iter().all(is_of_other)
    }

    /// A pattern that binds the fields to variables, whose names the message may use.
    pub(super) fn pattern(&self) -> TokenStream {
        let variant = &self.variant.ident;
        let locals = self.fields.iter().map(|bound| &bound.local);
        match &self.variant.fields {
            Fields::Unit => quote!(Self::#variant),
            Fields::Named(_) => quote!(Self::#variant { #(#locals),* }),
            Fields::Unnamed(_) => quote!(Self::#variant(#(#locals),*)),
        }
    }

    /// The statement that returns this variant for a remote error of its class, if all of its fields can be
    /// decoded. Otherwise the next statement is tried.
    pub(super) fn read(&self, private: &TokenStream) -> TokenStream {
        let (module, class, pattern) = (self.module(), &self.class, self.pattern());
        let remote = quote!(__remote);
        let read = self.fields.iter().map(|bound| {
            let (local, ty) = (&bound.local, &bound.field.ty);
            // Points at the type if it cannot be decoded.
            let read = match &bound.source {
                Source::Kwarg(name) => {
                    quote_spanned!(bound.field.ty.span()=> #private::kwarg::<#ty>(#remote, #name))
                }
                Source::Arg(index) => {
                    quote_spanned!(bound.field.ty.span()=> #private::positional::<#ty>(#remote, #index))
                }
                Source::Message => {
                    quote_spanned!(bound.field.ty.span()=> #private::message::<#ty>(#remote))
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

    /// The match arm that converts this variant to a remote error.
    pub(super) fn write(&self, private: &TokenStream) -> TokenStream {
        let (module, class, pattern) = (self.module(), &self.class, self.pattern());
        let message = self.message(private);
        let value = |bound: &Bound<'_>| {
            let local = &bound.local;
            quote_spanned!(bound.field.ty.span()=> #private::value(&#local))
        };
        let positional = self.fields.iter().filter_map(|bound| match bound.source {
            Source::Arg(index) => Some((index, value(bound))),
            _ => None,
        });
        let positional: BTreeMap<usize, TokenStream> = positional.collect();
        let last = positional.keys().last().copied();
        let args = last.map(|last| {
            let values = (0..=last).map(|index| match positional.get(&index) {
                Some(value) => value.clone(),
                // The first argument of Python's exceptions is the message.
                None if index == 0 => quote!(#private::value(&__text)),
                None => quote!(#private::value(&())),
            });
            quote!(.args([#(#values),*]))
        });
        let kwargs = self.fields.iter().filter_map(|bound| match &bound.source {
            Source::Kwarg(name) => {
                let value = value(bound);
                Some(quote!(.kwarg(#name, #value)))
            }
            _ => None,
        });
        if last.is_some() && !positional.contains_key(&0) {
            let text = quote!(#private::ToString::to_string(&__text));
            return quote!(#pattern => {
                let __text = #message;
                #private::raised(#module, #class, #text) #args #(#kwargs)*
            });
        }
        quote!(#pattern => #private::raised(#module, #class, #message) #args #(#kwargs)*,)
    }

    /// The expression for the exception's text: the variant's `message`, its message field, or the enum's
    /// `Display`.
    pub(super) fn message(&self, private: &TokenStream) -> TokenStream {
        if let Some(message) = &self.message {
            let mut text = message.value();
            if let Fields::Unnamed(_) = self.variant.fields {
                text = self.with_names(&text);
            }
            let message = LitStr::new(&text, message.span());
            return quote!(#private::format!(#message));
        }
        let field = self
            .fields
            .iter()
            .find(|bound| matches!(bound.source, Source::Message));
        match field {
            Some(bound) => {
                let local = &bound.local;
                quote!(#private::ToString::to_string(&#local))
            }
            None => quote!(__shown),
        }
    }

    /// A format string with the names of the fields in place of their indices.
    fn with_names(&self, text: &str) -> String {
        let mut named = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            let (before, after) = rest.split_at(at + 1);
            named.push_str(before);
            rest = after;
            if let Some(escaped) = rest.strip_prefix('{') {
                named.push('{');
                rest = escaped;
                continue;
            }
            let digits = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
            let index = rest[..rest.len() - digits.len()].parse::<usize>();
            let bound = index.ok().and_then(|index| self.fields.get(index));
            if let (Some(bound), true) = (bound, digits.starts_with(['}', ':'])) {
                named.push_str(&bound.local.to_string());
                rest = digits;
            }
        }
        named + rest
    }

    /// Whether the text is the enum's `Display`.
    pub(super) fn is_shown(&self) -> bool {
        let has_text = |bound: &Bound<'_>| matches!(bound.source, Source::Message);
        self.message.is_none() && !self.fields.iter().any(has_text)
    }
}

/// The most positional arguments of an exception.
const ARGS: usize = 16;

impl<'a> Bound<'a> {
    /// Why the field cannot have its source: there is no such source, or a field before it has the same.
    fn clash(&self, before: &[Bound<'_>]) -> Option<String> {
        match &self.source {
            Source::Arg(index) if *index >= ARGS => Some(format!(
                "`arg` must be below {ARGS}: it is the place in the exception's `args`"
            )),
            source if before.iter().all(|other| other.source != *source) => None,
            Source::Arg(index) => Some(format!(
                "the place {index} in the exception's `args` is taken: give this field another `arg`"
            )),
            Source::Kwarg(name) => Some(format!(
                "the keyword `{name}` is taken: give this field another `name`"
            )),
            Source::Message => Some("`message` must be on one field: remove this one".to_owned()),
        }
    }

    /// Whether the two fields are read in the same way.
    fn equals(&self, other: &Self) -> bool {
        let [own, others] = [self, other].map(|bound| bound.field.ty.to_token_stream());
        self.source == other.source && own.to_string() == others.to_string()
    }

    pub(super) fn new(errors: &Errors, field: &'a Field, index: usize) -> Self {
        let options = FieldOptions::parse(errors, &field.attrs);
        let given = [
            options.name.0.as_ref().map(|set| &set.tokens),
            options.arg.0.as_ref().map(|set| &set.tokens),
            options.message.0.as_ref().map(|set| &set.tokens),
        ];
        let mut given = given.into_iter().flatten();
        let named = given.next();
        let named = named.map_or_else(|| field.to_token_stream(), Clone::clone);
        if let Some(second) = given.next() {
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
            named,
        }
    }
}
