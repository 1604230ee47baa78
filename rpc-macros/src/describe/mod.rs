//! `#[derive(Describe)]`: describes the structure of a type on the wire, as serde writes it.
//!
//! The text of the structure is stored in locks, so its format must never change. The expansion is:
//!
//! ```text
//! impl Describe for Host {
//!     const STRUCTURE: &'static Structure = &Structure::named(
//!         "Host",
//!         "{ name: String, rack?: u32 }",
//!         &[
//!             StructurePart::field("name", <String as Describe>::STRUCTURE),
//!             StructurePart::field("rack", <u32 as Describe>::STRUCTURE),
//!         ],
//!     );
//! }
//! ```

mod serde;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Field, Fields, Type, Variant};

use self::serde::{Attributes, Rename};
use crate::attr::{DescribedField, DescribedType, none_on_a_described_variant, of_an_error};
use crate::errors::Errors;
use crate::lock::{self, quoted_if_needed};
use crate::types;

/// Expands the derive macro. The trait is implemented even if there are errors.
pub(crate) fn derive(errors: &Errors, input: &DeriveInput) -> TokenStream {
    let is_an_error = derived_for_errors(errors, input);
    let options = if is_an_error {
        DescribedType::default()
    } else {
        DescribedType::parse(errors, &input.attrs)
    };
    let krate = options.krate.get();
    let krate = krate.map_or_else(|| quote!(::rpc_runtime), ToTokens::to_token_stream);
    if let Some(parameter) = input.generics.type_params().next() {
        errors.at(
            parameter,
            "a type with type parameters cannot derive `Describe`, since a lock identifies a type by its name: derive it for a concrete type, or implement `Describe` by hand",
        );
    }
    let container = Attributes::of(&input.attrs);
    let mut describing = Describing {
        errors,
        is_an_error,
        name: input.ident.to_string(),
        variant: String::new(),
        parts: Vec::new(),
    };
    let shape = match &input.data {
        // serde writes another type, so the type's own fields do not matter.
        _ if container.into.is_some() => {
            describing
                .parts
                .extend(container.into.as_ref().map(Part::whole));
            container
                .into
                .as_ref()
                .map(lock::wire_type)
                .unwrap_or_default()
        }
        Data::Struct(data) => describing.of_struct(&container, &data.fields),
        Data::Enum(data) => {
            let mut variants = Vec::new();
            for variant in &data.variants {
                variants.extend(describing.variant(&container, variants.len(), variant));
            }
            format!("{}: {}", container.tagging(), variants.join(" | "))
        }
        Data::Union(_) => {
            errors.at(
                &input.ident,
                "a union must not derive `Describe`: serde does not serialise unions",
            );
            String::new()
        }
    };
    let (ident, name) = (&input.ident, input.ident.unraw().to_string());
    let name = options.name.get().map_or(name, syn::LitStr::value);
    if errors.count() > 0 {
        // The compiler would report the same mistakes again, at the parts.
        describing.parts.clear();
    }
    let (generics, parameters, clause) = input.generics.split_for_impl();
    let parts = describing.parts.iter().map(|part| {
        let Part { variant, field, ty } = part;
        let private = quote_spanned!(ty.span()=> #krate::__private::Describe);
        let structure = match ty {
            // A list of bounds needs parentheses.
            Type::TraitObject(_) | Type::ImplTrait(_) => {
                quote_spanned!(ty.span()=> <(#ty) as #private>::STRUCTURE)
            }
            _ => quote_spanned!(ty.span()=> <#ty as #private>::STRUCTURE),
        };
        let of_variant = (!variant.is_empty()).then(|| quote!(.of_variant(#variant)));
        quote!(#krate::__private::StructurePart::field(#field, #structure) #of_variant)
    });
    quote! {
        #[automatically_derived]
        impl #generics #krate::__private::Describe for #ident #parameters #clause {
            const STRUCTURE: &'static #krate::__private::Structure =
                &#krate::__private::Structure::named(#name, #shape, &[#(#parts),*]);
        }
    }
}

/// Reports an enum with options of `IntoRemoteError`, once. One enum cannot derive both: they read `#[rpc]` differently.
fn derived_for_errors(errors: &Errors, input: &DeriveInput) -> bool {
    let Data::Enum(data) = &input.data else {
        return false;
    };
    let variants = data.variants.iter().map(|variant| &variant.attrs);
    let mut all = [&input.attrs].into_iter().chain(variants);
    let found = all.find_map(|attributes| of_an_error(attributes));
    if let Some(option) = &found {
        errors.at(
            option,
            format!(
                "`{}` must be on an enum that derives `IntoRemoteError`, and such an enum cannot derive `Describe`: remove the option, or `Describe`",
                types::text(option.path())
            ),
        );
    }
    found.is_some()
}

struct Describing<'a> {
    errors: &'a Errors,
    /// Whether the type has options of `IntoRemoteError`. That was reported, so no other option is.
    is_an_error: bool,
    /// The name of the type. The type cannot be a part of its own structure.
    name: String,
    /// The name of the variant that is being described, for its parts.
    variant: String,
    parts: Vec<Part<'a>>,
}

/// A type within the structure, and its position.
struct Part<'a> {
    variant: String,
    field: String,
    ty: &'a Type,
}

impl<'a> Part<'a> {
    /// The only part of a structure.
    fn whole(ty: &'a Type) -> Self {
        Self {
            variant: String::new(),
            field: String::new(),
            ty,
        }
    }
}

impl<'a> Describing<'a> {
    fn of_struct(&mut self, container: &Attributes, fields: &'a Fields) -> String {
        let transparent = container.transparent;
        match fields {
            Fields::Named(named) if transparent => {
                let sent = named.named.iter().enumerate();
                let sent = sent.filter_map(|(place, field)| {
                    self.field(container, &container.rename_all, place, field)
                });
                sent.map(|field| field.ty).collect()
            }
            fields => {
                let text = self.fields(container, &container.rename_all, fields);
                let text = match &container.tag {
                    Some(tag) if matches!(fields, Fields::Named(_)) => {
                        let own = self.name.strip_prefix("r#").unwrap_or(&self.name);
                        let own = quoted_if_needed(container.name.as_deref().unwrap_or(own));
                        let tag = quoted_if_needed(tag);
                        let rest = text.trim_start_matches('{').trim_end_matches('}').trim();
                        let comma = if rest.is_empty() { "" } else { ", " };
                        format!("{{ {tag} = {own}{comma}{rest} }}")
                    }
                    _ => text,
                };
                match text.as_str() {
                    "" => "()".to_owned(),
                    // Readers reject unknown fields.
                    _ if container.closed => format!("{text} and no others"),
                    _ => text,
                }
            }
        }
    }

    /// `{ name: Type, … }`, or `Type` for a newtype, or `(Type, …)`.
    fn fields(&mut self, container: &Attributes, rename: &Rename, fields: &'a Fields) -> String {
        let written: Vec<_> = (fields.iter().enumerate())
            .filter_map(|(place, field)| self.field(container, rename, place, field))
            .collect();
        match fields {
            Fields::Unit => String::new(),
            Fields::Named(_) => {
                let fields: Vec<_> = written.iter().map(Written::named).collect();
                if fields.is_empty() {
                    return "{}".to_owned();
                }
                format!("{{ {} }}", fields.join(", "))
            }
            Fields::Unnamed(_) => {
                let types: Vec<_> = written.into_iter().map(|field| field.ty).collect();
                match &types[..] {
                    [only] if fields.len() == 1 => only.clone(),
                    types => format!("({})", types.join(", ")),
                }
            }
        }
    }

    fn variant(
        &mut self,
        container: &Attributes,
        place: usize,
        variant: &'a Variant,
    ) -> Option<String> {
        if !self.is_an_error {
            none_on_a_described_variant(self.errors, &variant.attrs);
        }
        let serde = Attributes::of(&variant.attrs);
        // A variant with `#[serde(other)]` is read even if it is never written.
        if serde.skipped && !serde.other {
            return None;
        }
        let name = variant.ident.unraw().to_string();
        let name = serde
            .name
            .clone()
            .unwrap_or_else(|| container.rename_all.variant(&name));
        let name = quoted_if_needed(&name);
        let rename = serde.rename_all.or(&container.rename_all_fields);
        self.variant = if container.untagged {
            place.to_string()
        } else {
            name.clone()
        };
        let fields = self.fields(container, rename, &variant.fields);
        let fields = match variant.fields {
            Fields::Named(_) if container.closed => format!("{fields} and no others"),
            _ => fields,
        };
        let other = if serde.other { " (any other)" } else { "" };
        let space = if fields.is_empty() { "" } else { " " };
        Some(if container.untagged || serde.untagged {
            if fields.is_empty() {
                "null".to_owned()
            } else {
                fields
            }
        } else {
            format!("{name}{space}{fields}{other}")
        })
    }

    fn field(
        &mut self,
        container: &Attributes,
        rename: &Rename,
        place: usize,
        field: &'a Field,
    ) -> Option<Written> {
        let serde = Attributes::of(&field.attrs);
        let options = if self.is_an_error {
            DescribedField::default()
        } else {
            DescribedField::parse(self.errors, &field.attrs)
        };
        if serde.skipped {
            return None;
        }
        let itself = |ident: &syn::Ident| *ident == self.name || ident == "Self";
        let holds_itself = types::has_ident(field.ty.to_token_stream(), &itself);
        let name = field.ident.as_ref().map(|ident| ident.unraw().to_string());
        let name = name.map(|name| serde.name.clone().unwrap_or_else(|| rename.field(&name)));
        let mut ty = lock::wire_type(&field.ty);
        let name = match name {
            Some(_) if serde.flattened => format!("..{ty}"),
            Some(name) => quoted_if_needed(&name),
            None => place.to_string(),
        };
        if let Some(path) = &serde.through {
            ty = format!("{ty} through {path}");
        } else if options.opaque.is_set() {
            ty = format!("opaque {ty}");
        } else if !holds_itself {
            self.parts.push(Part {
                variant: self.variant.clone(),
                field: name.clone(),
                ty: &field.ty,
            });
        }
        let option = ty.starts_with("Option<") && serde.through.is_none() && !serde.read_through;
        let optional = option || serde.default || container.default;
        if serde.left_out && !optional && !serde.flattened {
            self.errors.at(
                field,
                "a field that may be left out must have a default: write `#[serde(default)]` on it",
            );
        }
        Some(Written {
            name,
            optional,
            flattened: serde.flattened,
            ty,
        })
    }
}

/// A field as serde writes it.
struct Written {
    name: String,
    /// Whether the field may be absent when it is read.
    optional: bool,
    flattened: bool,
    ty: String,
}

impl Written {
    fn named(&self) -> String {
        let mark = if self.optional { "?" } else { "" };
        if self.flattened {
            return self.name.clone();
        }
        format!("{}{mark}: {}", self.name, self.ty)
    }
}

#[cfg(test)]
mod tests;
