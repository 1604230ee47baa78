//! The rules for a method's signature: what a client can await, and what a server can run.

use proc_macro2::Span;
use quote::quote;
use syn::ext::IdentExt;
use syn::{
    FnArg, GenericArgument, GenericParam, Ident, Pat, PatType, PathArguments, PathSegment,
    ReceiverKind, ReturnType, Safety, Signature, TraitItemFn, Type,
};

use super::argument::{CONDITIONAL_OPTIONS, same_in_each_build};
use super::parameter::{Parameter, plain_name};
use super::types::{self, plain};
use crate::attr::{is_conditional_rpc, is_instrument};
use crate::errors::Errors;
use crate::lifetimes::{self, Borrowed};
use crate::types::{is_well_known, text};

/// A method is an `async fn`, because a call waits. It is safe, not `const`, and has Rust's calling
/// convention.
pub(super) fn is_async(errors: &Errors, signature: &Signature) {
    if signature.asyncness.is_none() {
        let name = &signature.ident;
        let advice = match &signature.output {
            ReturnType::Type(_, ty) => match lifetimes::output_of_future(ty) {
                Some(output) => format!("async fn {name}(…) -> {}", text(output)),
                None => format!("async fn {name}"),
            },
            ReturnType::Default => format!("async fn {name}"),
        };
        errors.at(
            signature.fn_token,
            format!("`{name}` must be async: write `{advice}`"),
        );
    }
    if let Safety::Unsafe(token) = &signature.safety {
        errors.at(token, "a method must be safe: remove `unsafe`");
    }
    if let Some(token) = &signature.constness {
        errors.at(token, "a method must not be const: remove `const`");
    }
    if let Some(abi) = &signature.abi {
        errors.at(
            abi,
            "a method must have Rust's calling convention: remove `extern`",
        );
    }
}

/// A method has no generic types, because a server decodes arguments into fixed types.
pub(super) fn no_type_parameters(errors: &Errors, signature: &Signature) {
    for parameter in &signature.generics.params {
        match parameter {
            GenericParam::Lifetime(lifetime) if lifetime.bounds.is_empty() => {}
            GenericParam::Lifetime(lifetime) => errors.at(
                lifetime,
                "a lifetime must have no bounds, since arguments are borrowed for the call only: remove them",
            ),
            other => errors.at(
                other,
                "a method must have no generic types, because messages have fixed types: write a concrete type",
            ),
        }
    }
    if let Some(clause) = &signature.generics.where_clause {
        errors.at(clause, "a method must have no `where` clause: remove it");
    }
}

/// The receiver is `&self`, because clients and servers are shared between tasks.
pub(super) fn shared_receiver(errors: &Errors, signature: &Signature) {
    let name = &signature.ident;
    match signature.inputs.first() {
        Some(FnArg::Receiver(receiver)) => match &receiver.kind {
            ReceiverKind::Reference(_, Some(lifetime), None) if lifetime.ident == "static" => {
                errors.at(
                    lifetime,
                    "the receiver must be borrowed for the call only: remove `'static`",
                );
            }
            ReceiverKind::Reference(_, _, None) => {}
            _ => errors.at(
                receiver,
                format!("the receiver of `{name}` must be shared, as clients and servers are: write `&self`"),
            ),
        },
        _ => errors.at(
            &signature.ident,
            format!("`{name}` must have a receiver: write `{name}(&self, …)`"),
        ),
    }
}

/// Names that a method cannot have. A client has methods of these names: its own, those of its derives, and those of the
/// prelude's traits. `INTERFACE` is its constant.
pub(crate) const OWN: &[&str] = &[
    "new",
    "builder",
    "rpc",
    "prepare",
    "can_send_version",
    "INTERFACE",
    "clone",
    "clone_from",
    "fmt",
    "from",
    "into",
    "try_from",
    "try_into",
    "to_owned",
    "clone_into",
];

/// A method must not have one of the names in [`OWN`], because a call on the client would be ambiguous.
pub(super) fn not_the_clients_own(errors: &Errors, ident: &Ident) {
    let name = ident.unraw().to_string();
    report_own(
        errors,
        ident,
        &format!(", and keep its name on the wire with `#[rpc(name = \"{name}\")]`"),
    );
}

/// The same for a provided method. A function without a receiver is not called on a client.
pub(super) fn provided_not_the_clients_own(errors: &Errors, signature: &Signature) {
    if signature.receiver().is_some() {
        report_own(errors, &signature.ident, "");
    }
}

fn report_own(errors: &Errors, ident: &Ident, advice: &str) {
    let name = ident.unraw().to_string();
    if OWN.contains(&name.as_str()) {
        errors.at(
            ident,
            format!(
                "a method must not be called `{name}`, as the client has one of that name: rename it{advice}"
            ),
        );
    }
}

/// A method returns a `Result` of owned types, because sending can always fail. That a cast returns
/// `Result<()>` is left to the compiler, which can resolve aliases.
pub(super) fn output<'a>(errors: &Errors, signature: &'a Signature) -> Option<&'a Type> {
    let name = &signature.ident;
    let ReturnType::Type(_, ty) = &signature.output else {
        errors.at(
            name,
            format!("`{name}` must return a `Result`, as sending can fail: write `-> Result<()>`"),
        );
        return None;
    };
    let ty = plain(ty);
    // A missing `async` was reported, and that message contains the return type.
    signature.asyncness.as_ref()?;
    if is_no_result(ty) {
        errors.at(
            ty,
            format!("`{name}` must return a `Result`, as sending can fail: write `-> Result<…>`"),
        );
        return None;
    }
    let what = format!("the return value of `{name}`");
    if !types::is_one_type(errors, ty, &what) {
        return None;
    }
    if let Some(borrowed) = lifetimes::borrowed(ty) {
        let advice = match owned_form(&borrowed) {
            Some(owned) => format!("write `{owned}`"),
            None => "write an owned type, such as `String` or `Cow<'static, str>`".to_owned(),
        };
        errors.at(
            &borrowed,
            format!("{what} must be owned, as it is read from a message: {advice}"),
        );
        return None;
    }
    if let Some(hidden) = types::hidden_lifetime(ty) {
        let owned = text(&hidden).replacen('<', "<'static, ", 1);
        errors.at(
            &hidden,
            format!("{what} must be owned, as it is read from a message: write `{owned}`"),
        );
        return None;
    }
    error_is_possible(errors, ty);
    Some(ty)
}

/// Whether the type is certainly neither a `Result` nor an alias of one. `MaybeAbsent` does not count, because
/// a user's own type or alias may have that name.
fn is_no_result(ty: &Type) -> bool {
    match ty {
        Type::ImplTrait(_) | Type::Tuple(_) | Type::Reference(_) | Type::Never(_) => true,
        Type::Path(path) => path
            .path
            .segments
            .last()
            .filter(|_| path.path.segments.len() == 1)
            .is_some_and(|last| last.ident != "MaybeAbsent" && is_well_known(&last.ident)),
        _ => false,
    }
}

/// The text of the owned form of a borrowed type.
fn owned_form(borrowed: &Borrowed) -> Option<String> {
    let Borrowed::Reference(reference) = borrowed else {
        return None;
    };
    let target = plain(&reference.elem);
    let written = text(target);
    let name = written.rsplit("::").next().unwrap_or_default();
    Some(match (target, name) {
        (Type::Slice(slice), _) => format!("Vec<{}>", text(&slice.elem)),
        (Type::Path(_), "str") => "String".to_owned(),
        (Type::Path(_), "Path") => format!("{written}Buf"),
        (Type::Path(_), "OsStr" | "CStr") => format!("{written}ing"),
        (Type::Path(_), "RawValue") => format!("Box<{written}>"),
        _ => written,
    })
}

/// Modules and crates whose error types can neither be converted from `Error` nor be sent. A path that may
/// also be a user's module, such as `io`, is not listed.
const FOREIGN: &[&[&str]] = &[&["std", "io"], &["std", "fmt"], &["anyhow"], &["eyre"]];

/// The error type must be convertible from `Error`, for failures in the client, and to a remote error, for
/// the server. The user can implement neither for a type of another crate.
fn error_is_possible(errors: &Errors, ty: &Type) {
    let Type::Path(path) = ty else {
        return;
    };
    let segments: Vec<_> = path.path.segments.iter().collect();
    let [before @ .., last] = &segments[..] else {
        return;
    };
    let is_of = |segments: &[&PathSegment]| {
        let is_it = |foreign: &&[&str]| {
            let mut names = segments.iter().zip(*foreign);
            segments.len() == foreign.len() && names.all(|(segment, name)| segment.ident == name)
        };
        FOREIGN.iter().any(is_it)
    };
    if last.ident != "Result" {
        return;
    }
    let arguments: Vec<_> = match &last.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.iter().collect(),
        _ => Vec::new(),
    };
    let (shown, advice) = match arguments[..] {
        [value] if is_of(before) => {
            let result = quote!(rpc_runtime::Result<#value>);
            (ty, text(&result))
        }
        [value, GenericArgument::Type(error)] => {
            let error = plain(error);
            let foreign = match error {
                Type::Path(path) => {
                    let segments: Vec<_> = path.path.segments.iter().collect();
                    let [before @ .., last] = &segments[..] else {
                        return;
                    };
                    let is_plain = before.is_empty() && last.ident == "String";
                    is_plain || is_boxed_dyn(error) || (last.ident == "Error" && is_of(before))
                }
                Type::Tuple(tuple) => tuple.elems.is_empty(),
                _ => false,
            };
            if !foreign {
                return;
            }
            let result = quote!(rpc_runtime::Result<#value>);
            (error, text(&result))
        }
        _ => return,
    };
    errors.at(
        shown,
        format!(
            "the error of a method must be convertible from `rpc_runtime::Error`, and sendable to clients: \
             write `{advice}`, or name an enum of your own that derives `IntoRemoteError`"
        ),
    );
}

fn is_boxed_dyn(ty: &Type) -> bool {
    let Type::Path(path) = ty else {
        return false;
    };
    let inner = path.path.segments.last().filter(|last| last.ident == "Box");
    match inner.map(|last| &last.arguments) {
        Some(PathArguments::AngleBracketed(arguments)) => matches!(
            arguments.args.first(),
            Some(GenericArgument::Type(ty)) if matches!(plain(ty), Type::TraitObject(_))
        ),
        _ => false,
    }
}

/// Each method has a request context, taken by reference, because callers keep theirs.
pub(super) fn context<'a>(
    errors: &Errors,
    signature: &Signature,
    context: Option<&'a PatType>,
) -> Option<Parameter<'a>> {
    let name = &signature.ident;
    let Some(context) = context else {
        errors.at(
            name,
            format!(
                "`{name}` must have a request context: write `{name}(&self, ctxt: &Context, …)`"
            ),
        );
        return None;
    };
    same_in_each_build(errors, context, "the request context");
    let Type::Reference(reference) = plain(&context.ty) else {
        errors.at(&context.ty, format!("the first parameter of `{name}` must be the request context, by reference: write `ctxt: &Context`"));
        return None;
    };
    if let Some(lifetime) = &reference.lifetime
        && lifetime.ident == "static"
    {
        errors.at(
            lifetime,
            "the request context must be borrowed for the call only: remove `'static`",
        );
        return None;
    }
    if let Some(token) = &reference.mutability {
        errors.at(
            token,
            "the request context must be a shared reference: remove `mut`",
        );
        return None;
    }
    if let Type::TraitObject(_) = plain(&reference.elem) {
        errors.at(
            &reference.elem,
            "the request context must have a concrete type: write one in place of `dyn`",
        );
        return None;
    }
    if !types::is_one_type(errors, &reference.elem, "the request context") {
        return None;
    }
    if is_plainly_an_argument(&reference.elem) {
        errors.at(
            &context.ty,
            format!("the first parameter of `{name}` must be the request context: write `{name}(&self, ctxt: &Context, …)`"),
        );
        return None;
    }
    let ident = match &*context.pat {
        Pat::Wild(_) => Ident::new("__ctxt", Span::mixed_site()),
        pattern => {
            if let Some(ident) = plain_name(pattern) {
                ident.clone()
            } else {
                errors.at(
                    pattern,
                    "the request context must have a plain name: write `ctxt: &Context`",
                );
                return None;
            }
        }
    };
    Some(Parameter {
        ident,
        ty: &reference.elem,
    })
}

/// Whether the type is certainly not a context. If the user forgot the context, the first argument must not
/// be taken for it.
fn is_plainly_an_argument(ty: &Type) -> bool {
    match plain(ty) {
        Type::Slice(_) => true,
        Type::Path(path) => ["str", "String"]
            .iter()
            .any(|name| path.path.is_ident(name)),
        _ => false,
    }
}

/// `#[instrument]` needs a body. Without this rule, it would cause an error in the expansion.
pub(super) fn not_instrumented(errors: &Errors, original: &TraitItemFn) {
    for attribute in original
        .attrs
        .iter()
        .filter(|attribute| is_instrument(attribute))
    {
        errors.at(
            attribute,
            "`instrument` must be on a function with a body: put it on the method where the trait is implemented",
        );
    }
}

/// Options cannot be conditional.
pub(super) fn options_in_each_build(errors: &Errors, original: &TraitItemFn) {
    for attribute in &original.attrs {
        if is_conditional_rpc(attribute) {
            errors.at(attribute, CONDITIONAL_OPTIONS);
        }
    }
}
