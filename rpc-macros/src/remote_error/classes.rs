//! Describes the classes of an enum of errors as a structure, which an interface lock records and compares.
//!
//! ```text
//! impl Raises for StockError {
//!     const CLASSES: &'static Structure = {
//!         use NotDescribed as _;
//!         &Structure::named(
//!             "StockError",
//!             "raises: stock.exceptions.Empty { shelf: String }",
//!             &[StructurePart::field("shelf", known(Probe::<String>::FOUND, &Structure::opaque("String")))
//!                 .of_variant("stock.exceptions.Empty")],
//!         )
//!     };
//! }
//! ```

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;

use super::raised::{Bound, Raised, Source};
use crate::lock;

pub(super) fn expand(name: &Ident, raised: &[Raised<'_>], private: &TokenStream) -> TokenStream {
    let text = name.unraw().to_string();
    let shapes: Vec<_> = raised.iter().map(shape).collect();
    let shape = format!("raises: {}", shapes.join(" | "));
    let parts = raised.iter().flat_map(|raised| {
        let class = class(raised);
        raised.fields.iter().map(move |bound| {
            let (field, ty) = (field(bound), &bound.field.ty);
            let text = lock::wire_type(ty);
            quote! {
                #private::StructurePart::field(
                    #field,
                    #private::known(#private::Probe::<#ty>::FOUND, &#private::Structure::opaque(#text)),
                ).of_variant(#class)
            }
        })
    });
    let probing = raised
        .iter()
        .any(|raised| !raised.fields.is_empty())
        .then(|| quote!(use #private::NotDescribed as _;));
    quote! {
        #[automatically_derived]
        impl #private::Raises for #name {
            const CLASSES: &'static #private::Structure = {
                #probing
                &#private::Structure::named(#text, #shape, &[#(#parts),*])
            };
        }
    }
}

fn class(raised: &Raised<'_>) -> String {
    lock::quoted_if_needed(&match raised.module() {
        "" => raised.class.clone(),
        module => format!("{module}.{}", raised.class),
    })
}

/// The field's name in the exception: its keyword, or its index among the positional arguments.
fn field(bound: &Bound<'_>) -> String {
    match &bound.source {
        Source::Kwarg(name) => lock::quoted_if_needed(name),
        Source::Arg(index) => index.to_string(),
        Source::Message => "(message)".to_owned(),
    }
}

fn shape(raised: &Raised<'_>) -> String {
    let fields = raised.fields.iter().map(|bound| {
        let ty = lock::wire_type(&bound.field.ty);
        let mark = if ty.starts_with("Option<") { "?" } else { "" };
        format!("{}{mark}: {ty}", field(bound))
    });
    let fields: Vec<_> = fields.collect();
    let class = class(raised);
    if fields.is_empty() {
        class
    } else {
        format!("{class} {{ {} }}", fields.join(", "))
    }
}
