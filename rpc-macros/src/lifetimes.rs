//! The lifetimes in a type: whether the type borrows, and the same type with other lifetimes.
//!
//! Types are walked as syntax, not as tokens. The `&` in an array's length is not a reference, and the
//! lifetimes of a function pointer's parameters belong to the function pointer.

use proc_macro2::{Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{
    BoundLifetimes, Expr, GenericArgument, Lifetime, Macro, ParenthesizedGenericArguments,
    PathArguments, Token, TraitBound, Type, TypeFnPtr, TypeParamBound, TypeReference,
};

/// The type with all its lifetimes, explicit or elided, replaced by `lifetime` (given without the quote
/// mark), except `'static`.
pub(crate) fn with_lifetime(ty: &Type, lifetime: &str) -> TokenStream {
    let mut ty = ty.clone();
    let mut replace = ReplaceLifetimes {
        lifetime,
        bound: Vec::new(),
        in_function: false,
    };
    replace.visit_type_mut(&mut ty);
    ty.into_token_stream()
}

/// The type with all its lifetimes replaced by `'static`.
pub(crate) fn owned(ty: &Type) -> TokenStream {
    with_lifetime(ty, "static")
}

/// Whether the type contains a reference.
pub(crate) fn has_reference(ty: &Type) -> bool {
    found(ty).reference
}

/// Whether the type contains a reference or an explicit lifetime.
pub(crate) fn borrows(ty: &Type) -> bool {
    let found = found(ty);
    found.reference || found.lifetime
}

/// A part of a type that borrows.
pub(crate) enum Borrowed {
    Reference(TypeReference),
    Lifetime(Lifetime),
}

impl ToTokens for Borrowed {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Reference(reference) => reference.to_tokens(tokens),
            Self::Lifetime(lifetime) => lifetime.to_tokens(tokens),
        }
    }
}

/// The first part of the type that borrows: any reference, or a lifetime that is not `'static`.
pub(crate) fn borrowed(ty: &Type) -> Option<Borrowed> {
    let mut found = FirstBorrowed(None);
    found.visit_type_mut(&mut ty.clone());
    found.0
}

/// The output of the future, if the type is `impl Future<Output = …>`.
pub(crate) fn output_of_future(ty: &Type) -> Option<&Type> {
    match ty {
        Type::ImplTrait(future) => output_of(&future.bounds),
        _ => None,
    }
}

/// The output of the future, if the type is `Pin<Box<dyn Future<Output = …>>>`.
pub(crate) fn output_of_boxed_future(ty: &Type) -> Option<&Type> {
    match only_argument(ty, "Pin").and_then(|boxed| only_argument(boxed, "Box")) {
        Some(Type::TraitObject(future)) => output_of(&future.bounds),
        _ => None,
    }
}

/// The `T` of a `Name<T>`.
fn only_argument<'t>(ty: &'t Type, name: &str) -> Option<&'t Type> {
    let Type::Path(path) = ty else {
        return None;
    };
    let last = (path.path.segments.last()).filter(|last| last.ident == name)?;
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.first() {
            Some(GenericArgument::Type(argument)) => Some(argument),
            _ => None,
        },
        _ => None,
    }
}

fn output_of(bounds: &Punctuated<TypeParamBound, Token![+]>) -> Option<&Type> {
    let mut segments = bounds.iter().filter_map(|bound| match bound {
        TypeParamBound::Trait(bound) => bound.path.segments.last(),
        _ => None,
    });
    let future = segments.find(|segment| segment.ident == "Future")?;
    let PathArguments::AngleBracketed(arguments) = &future.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(output) if output.ident == "Output" => Some(&output.ty),
        _ => None,
    })
}

struct ReplaceLifetimes<'a> {
    lifetime: &'a str,
    /// The lifetimes that an enclosing `for<'a>` declares.
    bound: Vec<Ident>,
    /// Whether an elided lifetime belongs to a function.
    in_function: bool,
}

impl ReplaceLifetimes<'_> {
    /// Walks a part of the type with the lifetimes that a `for<'a>` declares.
    fn within(&mut self, lifetimes: Option<&BoundLifetimes>, walk: impl FnOnce(&mut Self)) {
        let before = self.bound.len();
        for lifetime in lifetimes.into_iter().flat_map(|bound| &bound.lifetimes) {
            if let syn::GenericParam::Lifetime(lifetime) = lifetime {
                self.bound.push(lifetime.lifetime.ident.clone());
            }
        }
        walk(self);
        self.bound.truncate(before);
    }

    fn in_function(&mut self, walk: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.in_function, true);
        walk(self);
        self.in_function = before;
    }
}

impl VisitMut for ReplaceLifetimes<'_> {
    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        let name = &lifetime.ident;
        let own = (name == "_" && self.in_function) || self.bound.contains(name);
        if name != "static" && !own {
            lifetime.ident = Ident::new(self.lifetime, name.span());
        }
    }

    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        if reference.lifetime.is_none() && !self.in_function {
            let name = Ident::new(self.lifetime, reference.and_token.span);
            reference.lifetime = Some(Lifetime {
                apostrophe: Span::call_site(),
                ident: name,
            });
        }
        visit_mut::visit_type_reference_mut(self, reference);
    }

    fn visit_type_fn_ptr_mut(&mut self, function: &mut TypeFnPtr) {
        let lifetimes = function.lifetimes.take();
        self.within(lifetimes.as_ref(), |replace| {
            replace.in_function(|replace| visit_mut::visit_type_fn_ptr_mut(replace, function));
        });
        function.lifetimes = lifetimes;
    }

    fn visit_parenthesized_generic_arguments_mut(
        &mut self,
        arguments: &mut ParenthesizedGenericArguments,
    ) {
        self.in_function(|replace| {
            visit_mut::visit_parenthesized_generic_arguments_mut(replace, arguments);
        });
    }

    fn visit_trait_bound_mut(&mut self, bound: &mut TraitBound) {
        let lifetimes = bound.lifetimes.take();
        self.within(lifetimes.as_ref(), |replace| {
            visit_mut::visit_trait_bound_mut(replace, bound);
        });
        bound.lifetimes = lifetimes;
    }

    fn visit_expr_mut(&mut self, _: &mut Expr) {}

    /// The macro's input is treated as types, since its syntax is not known.
    fn visit_macro_mut(&mut self, invoked: &mut Macro) {
        invoked.tokens = in_tokens(std::mem::take(&mut invoked.tokens), self.lifetime);
    }
}

fn in_tokens(tokens: TokenStream, lifetime: &str) -> TokenStream {
    let mut out: Vec<TokenTree> = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_quote =
            |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == '\'');
        match token {
            TokenTree::Ident(name) if out.last().is_some_and(is_quote) && name != "static" => {
                out.push(Ident::new(lifetime, name.span()).into());
            }
            TokenTree::Punct(punct) if punct.as_char() == '&' => {
                let span = punct.span();
                out.push(punct.into());
                if !tokens.peek().is_some_and(is_quote) {
                    out.push(Punct::new('\'', Spacing::Joint).into());
                    out.push(Ident::new(lifetime, span).into());
                }
            }
            TokenTree::Group(group) => {
                let inner = in_tokens(group.stream(), lifetime);
                let mut changed = proc_macro2::Group::new(group.delimiter(), inner);
                changed.set_span(group.span());
                out.push(changed.into());
            }
            other => out.push(other),
        }
    }
    out.into_iter().collect()
}

struct FirstBorrowed(Option<Borrowed>);

impl VisitMut for FirstBorrowed {
    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident != "static" {
            self.0
                .get_or_insert_with(|| Borrowed::Lifetime(lifetime.clone()));
        }
    }

    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        self.0
            .get_or_insert_with(|| Borrowed::Reference(reference.clone()));
    }

    // A function pointer does not hold its parameters, and an array's length is not a type.
    fn visit_type_fn_ptr_mut(&mut self, _: &mut TypeFnPtr) {}
    fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut ParenthesizedGenericArguments) {
    }
    fn visit_expr_mut(&mut self, _: &mut Expr) {}
}

#[derive(Default)]
struct Found {
    reference: bool,
    lifetime: bool,
}

fn found(ty: &Type) -> Found {
    let mut found = Found::default();
    found.visit_type_mut(&mut ty.clone());
    found
}

impl VisitMut for Found {
    fn visit_lifetime_mut(&mut self, _: &mut Lifetime) {
        self.lifetime = true;
    }

    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        self.reference = true;
        visit_mut::visit_type_reference_mut(self, reference);
    }

    // A function pointer does not hold its parameters, and an array's length is not a type.
    fn visit_type_fn_ptr_mut(&mut self, _: &mut TypeFnPtr) {}
    fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut ParenthesizedGenericArguments) {
    }
    fn visit_expr_mut(&mut self, _: &mut Expr) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::text;

    fn parse(text: &str) -> Type {
        syn::parse_str(text).unwrap()
    }

    #[test]
    fn all_lifetimes_are_replaced_by_one() {
        for (from, to) in [
            ("&str", "&'rpc str"),
            ("&'a [Cow<'b, str>]", "&'rpc [Cow<'rpc, str>]"),
            ("Option<&Foo<'_>>", "Option<&'rpc Foo<'rpc>>"),
            ("&'static str", "&'static str"),
            ("&mut T", "&'rpc mut T"),
            ("[u8; 7 & 3]", "[u8; 7&3]"),
            ("&[u8; 7 & 3]", "&'rpc [u8; 7&3]"),
            ("PhantomData<fn(&u8)>", "PhantomData<fn(&u8)>"),
            (
                "PhantomData<fn(&'a u8) -> &'_ u8>",
                "PhantomData<fn(&'rpc u8)->&'_ u8>",
            ),
            (
                "PhantomData<for<'a> fn(&'a u8)>",
                "PhantomData<for<'a>fn(&'a u8)>",
            ),
            (
                "Box<dyn Fn(&u8) -> &'a u8 + 'a>",
                "Box<dyn Fn(&u8)->&'rpc u8 + 'rpc>",
            ),
            (
                "mac!(&'a Cow<'_, str>, &u8)",
                "mac!(&'rpc Cow<'rpc, str>, &'rpc u8)",
            ),
        ] {
            assert_eq!(text(&with_lifetime(&parse(from), "rpc")), to);
        }
    }

    #[test]
    fn only_real_references_are_found() {
        for ty in [
            "&u8",
            "Vec<&u8>",
            "[&u8; 3]",
            "(u8, Option<&'a u8>)",
            "(&u8)",
        ] {
            assert!(has_reference(&parse(ty)), "{ty}");
        }
        for ty in [
            "[u8; 7 & 3]",
            "Array<{ 7 & 3 }>",
            "PhantomData<fn(&u8) -> &u8>",
            "PhantomData<dyn Fn(&u8)>",
            "Cow<'a, str>",
        ] {
            assert!(!has_reference(&parse(ty)), "{ty}");
        }
        assert!(borrows(&parse("Cow<'a, str>")) && !borrows(&parse("[u8; 7 & 3]")));
    }
}
