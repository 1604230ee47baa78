//! Evaluates the expansion of a derive macro to a structure, as the compiler does.

use rpc_runtime::interface::{Structure, StructurePart};

use crate::errors::Errors;

/// The structure in the expansion of `derive` for `item`. `of` returns the structures of parts.
pub(super) fn derived(
    item: proc_macro2::TokenStream,
    derive: fn(&Errors, &syn::DeriveInput) -> proc_macro2::TokenStream,
    of: &dyn Fn(&syn::Type) -> &'static Structure,
) -> &'static Structure {
    let errors = Errors::new();
    let expansion = derive(&errors, &syn::parse2(item).unwrap());
    assert_eq!(errors.into_compile_errors().to_string(), "");
    let mut found = Found {
        texts: Vec::new(),
        parts: Vec::new(),
        of,
    };
    syn::visit::Visit::visit_file(&mut found, &syn::parse2(expansion).unwrap());
    let [name, shape] = &found.texts[..] else {
        panic!("a name and a shape: {:?}", found.texts);
    };
    let structure = Structure::named(leaked(name), leaked(shape), found.parts.leak());
    Box::leak(Box::new(structure))
}

/// The texts and parts in an expansion.
struct Found<'o> {
    texts: Vec<String>,
    parts: Vec<StructurePart>,
    of: &'o dyn Fn(&syn::Type) -> &'static Structure,
}

fn text_of(expression: &syn::Expr) -> Option<String> {
    match expression {
        syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}

impl<'ast> syn::visit::Visit<'ast> for Found<'_> {
    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let before = self.parts.len();
        syn::visit::visit_expr_method_call(self, call);
        if call.method == "of_variant" {
            let variant = leaked(&text_of(&call.args[0]).unwrap());
            self.parts[before] = self.parts[before].of_variant(variant);
        }
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        let function = quote::ToTokens::to_token_stream(&call.func).to_string();
        if function.ends_with("StructurePart :: field") {
            let name = leaked(&text_of(&call.args[0]).unwrap());
            let mut ty = FirstType(None);
            syn::visit::Visit::visit_expr(&mut ty, &call.args[1]);
            let structure = (self.of)(&ty.0.expect("the type of a part"));
            self.parts.push(StructurePart::field(name, structure));
        } else if function.ends_with("Structure :: named") {
            self.texts.extend(call.args.iter().filter_map(text_of));
            syn::visit::visit_expr_call(self, call);
        } else {
            syn::visit::visit_expr_call(self, call);
        }
    }
}

struct FirstType(Option<syn::Type>);

impl<'ast> syn::visit::Visit<'ast> for FirstType {
    fn visit_type(&mut self, ty: &'ast syn::Type) {
        self.0.get_or_insert_with(|| ty.clone());
    }
}

fn leaked(text: &str) -> &'static str {
    text.to_owned().leak()
}
