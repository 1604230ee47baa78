//! Renders an interface as source code: the trait, and the structures of its types.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use rpc_runtime::interface::{Describe, Structure, StructurePart};

use super::derived::derived;
use super::model::{Field, Kind, Ty, World};
use crate::expand::{TypeUse, UseKind};
use crate::types::text;

impl World {
    pub(super) fn tokens(&self) -> TokenStream {
        let methods = self.methods.iter().enumerate().map(|(place, method)| {
            let name = format_ident!("m{place}");
            let versions = method.versions.iter().map(|minor| format!("2.{minor}"));
            let arguments = method.arguments.iter().map(|argument| {
                let (name, ty) = (format_ident!("a{}", argument.name), tokens(&argument.ty));
                let since = argument.since.map(|minor| {
                    let since = format!("2.{minor}");
                    quote!(#[rpc(since = #since)])
                });
                quote!(#since #name: #ty)
            });
            let (returns, error) = (tokens(&method.returns), format_ident!("E{}", method.error));
            quote! {
                #[rpc(versions(#(#versions),*))]
                async fn #name(&self, ctxt: &Context, #(#arguments),*) -> Result<#returns, #error>;
            }
        });
        quote!(trait I { #(#methods)* })
    }

    /// The structure of a used type.
    pub(super) fn structure_of(&self, used: &TypeUse<'_>) -> &'static Structure {
        let name = text(used.ty);
        if used.kind == UseKind::Error {
            let (_, place) = name.trim_end_matches('>').rsplit_once('E').unwrap();
            return self.classes(place.parse().unwrap());
        }
        self.structure(used.ty)
    }

    /// The names of the methods, with the structures of their errors.
    pub(super) fn errors(&self) -> Vec<(&'static str, &'static Structure)> {
        let methods = self.methods.iter().enumerate();
        let errors = methods.map(|(place, method)| {
            let name = &*format!("m{place}").leak();
            (name, self.classes(method.error))
        });
        errors.collect()
    }

    fn classes(&self, place: usize) -> &'static Structure {
        let name = format_ident!("E{place}");
        let classes = self.errors[place].iter().map(|class| {
            let fields = class.fields.iter().map(field_tokens);
            let name = format_ident!("V{}", class.name);
            quote!(#[rpc(message = "")] #name { #(#fields),* })
        });
        let item = quote! {
            #[rpc(module = "m")]
            enum #name { #(#classes,)* #[rpc(other)] Other(Error) }
        };
        self.once(&name.to_string(), || {
            derived(item, crate::remote_error::derive, &|ty| self.structure(ty))
        })
    }

    fn structure(&self, ty: &syn::Type) -> &'static Structure {
        let part = |shape, ty| -> &'static Structure {
            let parts = vec![StructurePart::field("", self.structure(ty))];
            Box::leak(Box::new(Structure::of(shape, parts.leak())))
        };
        let syn::Type::Path(path) = ty else {
            panic!("a path");
        };
        let last = path.path.segments.last().unwrap();
        let inner = match &last.arguments {
            syn::PathArguments::AngleBracketed(of) => match of.args.first() {
                Some(syn::GenericArgument::Type(inner)) => Some(inner),
                _ => None,
            },
            _ => None,
        };
        match (last.ident.to_string().as_str(), inner) {
            ("Option", Some(inner)) => part("option", inner),
            ("Vec", Some(inner)) => part("list", inner),
            ("u8", _) => u8::STRUCTURE,
            ("String", _) => String::STRUCTURE,
            (named, _) => self.described(named[1..].parse().unwrap()),
        }
    }

    fn described(&self, place: usize) -> &'static Structure {
        let name = format_ident!("T{place}");
        let item = match &self.types[place] {
            Kind::Struct { fields, closed } => {
                let closed = closed.then(|| quote!(#[serde(deny_unknown_fields)]));
                let fields = fields.iter().map(field_tokens);
                quote!(#closed struct #name { #(#fields),* })
            }
            Kind::Enum { variants, tagged } => {
                let tagged = tagged.then(|| quote!(#[serde(tag = "k")]));
                let variants = variants.iter().map(|variant| {
                    let name = format_ident!("V{}", variant.name);
                    let other = variant.other.then(|| quote!(#[serde(other)]));
                    let fields = variant.fields.iter().map(field_tokens);
                    let body = (!variant.fields.is_empty()).then(|| quote!({ #(#fields),* }));
                    quote!(#other #name #body)
                });
                quote!(#tagged enum #name { #(#variants),* })
            }
        };
        self.once(&name.to_string(), || {
            derived(item, crate::describe::derive, &|ty| self.structure(ty))
        })
    }

    fn once(&self, name: &str, derive: impl FnOnce() -> &'static Structure) -> &'static Structure {
        let known = self.derived.borrow().get(name).copied();
        known.unwrap_or_else(|| {
            let structure = derive();
            self.derived.borrow_mut().insert(name.to_owned(), structure);
            structure
        })
    }
}

fn tokens(ty: &Ty) -> TokenStream {
    match ty {
        Ty::Number => quote!(u8),
        Ty::Text => quote!(String),
        Ty::Option(inner) => {
            let inner = tokens(inner);
            quote!(Option<#inner>)
        }
        Ty::List(inner) => {
            let inner = tokens(inner);
            quote!(Vec<#inner>)
        }
        Ty::Named(place) => {
            let name = format_ident!("T{place}");
            quote!(#name)
        }
    }
}

fn field_tokens(field: &Field) -> TokenStream {
    let (name, ty) = (format_ident!("f{}", field.name), tokens(&field.ty));
    let default = field.default.then(|| quote!(#[serde(default)]));
    quote!(#default #name: #ty)
}
