//! The types that a lock compares: the structure of each type that implements `Describe`, and the classes of
//! each error that derives `IntoRemoteError`. Neither is required of a type.
//!
//! ```text
//! use {NotDescribed as _, NotRaised as _};
//! const __RELEASED: &[Released] = &[Released::new(v(1, 0, 0), "Host", 0x9c41f2ab33d0e1f2, "{ name: String }")];
//! const __USES: &[Use] = &[Use::result(0, "Host", Probe::<Host>::FOUND, v(1, 0, 0), "list a version …")];
//! const _: () = check_released(__USES, 0, __RELEASED, false);
//! ```
//!
//! `FOUND` is an inherent constant if the type has a structure, and otherwise the constant of the trait
//! `NotDescribed`.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{GenericArgument, Ident, PathArguments, Type};

use super::attributes::{self, cfgs};
use super::interface::version;
use super::spans::Spans;
use crate::attr::Version;
use crate::check::{Interface, Method, Role, Shown, plain};
use crate::lifetimes;
use crate::lock::{Lock, Recorded, error_of, value_of};
use crate::types::{has_ident, is_well_known, text};

/// The use of a type by a method, and the conditions under which it exists.
pub(crate) struct TypeUse<'a> {
    pub(crate) kind: UseKind,
    pub(crate) ty: &'a Type,
    pub(crate) written: String,
    cfgs: TokenStream,
    /// The first version with this use. `None` if it is not released.
    pub(crate) since: Option<Version>,
    /// See [`advice`].
    pub(crate) advice: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UseKind {
    Argument,
    Result,
    Error,
}

impl TypeUse<'_> {
    /// The location of errors about the type.
    fn spans(&self) -> Spans {
        let error = match self.kind {
            UseKind::Error => error_of(self.ty),
            UseKind::Argument | UseKind::Result => None,
        };
        Spans::of(error.unwrap_or(self.ty))
    }
}

/// Constants that fail to compile, at the type, if a released type has changed in a way that breaks peers.
pub(super) fn checks(interface: &Interface<'_>, lock: &Lock, private: &Ident) -> TokenStream {
    let uses = uses(interface, lock);
    let (found, released) = (
        described(&uses, &private.to_token_stream()),
        released(lock, &private.to_token_stream()),
    );
    let strict = lock.strict;
    let checks = uses.iter().enumerate().map(|(place, used)| {
        let (cfgs, spans) = (&used.cfgs, used.spans());
        let place = Literal::usize_unsuffixed(place);
        let private = spans.item(private);
        let call =
            quote_spanned!(spans.end=> #private::check_released(__USES, #place, __RELEASED, #strict));
        quote!(#cfgs const _: () = #call;)
    });
    let levels = attributes::of_all(&interface.methods);
    quote! {
        #(#levels)*
        const _: () = {
            use #private::{NotDescribed as _, NotRaised as _};
            const __RELEASED: &'static [#private::Released] = &[#released];
            const __USES: &'static [#private::Use] = &[#found];
            #(#checks)*
        };
    }
}

/// The arguments of the tests: the types that are sent, the released structures, and the methods.
pub(super) fn compared(
    interface: &Interface<'_>,
    lock: &Lock,
    private: &TokenStream,
) -> TokenStream {
    let (uses, released) = (
        described(&uses(interface, lock), private),
        released(lock, private),
    );
    let methods = interface.methods.iter().zip(&lock.methods);
    let methods = methods.map(|(method, recorded)| {
        let Recorded {
            raises,
            text,
            is_new,
            ..
        } = recorded;
        let cfgs = cfgs(&method.original.attrs);
        let name = &method.wire;
        // A cast has no reply, so its error never comes from a server.
        let raises = method.mode.is_call().then(|| {
            let (raises, found) = (
                raises.as_deref().unwrap_or_default(),
                failing(method.output, private),
            );
            quote!(.raises(#raises, #found))
        });
        quote!(#(#cfgs)* #private::Recorded::new(#name, #text, #is_new) #raises)
    });
    quote!(.with_types(&[#uses], &[#released]).with_methods(&[#(#methods),*]))
}

fn described(uses: &[TypeUse<'_>], private: &TokenStream) -> TokenStream {
    let uses = uses.iter().enumerate().map(|(place, used)| {
        let TypeUse {
            kind,
            ty,
            written,
            cfgs,
            since,
            advice,
        } = used;
        let place = Literal::usize_unsuffixed(place);
        let kind = match kind {
            UseKind::Argument => quote!(argument),
            UseKind::Result => quote!(result),
            UseKind::Error => quote!(error),
        };
        let found = if used.kind == UseKind::Error {
            failing(ty, private)
        } else {
            let ty = lifetimes::owned(ty);
            quote!(#private::Probe::<#ty>::FOUND)
        };
        let unreleased = since.is_none().then(|| quote!(.unreleased()));
        let since = version(private, since.unwrap_or_default());
        quote!(#cfgs #private::Use::#kind(#place, #written, #found, #since, #advice) #unreleased)
    });
    quote!(#(#uses),*)
}

fn failing(output: &Type, private: &TokenStream) -> TokenStream {
    let output = lifetimes::owned(output);
    quote!(#private::Failing::<#output>::FOUND)
}

fn released(lock: &Lock, private: &TokenStream) -> TokenStream {
    let released = lock.types.iter().map(|(since, ty)| {
        let (name, fingerprint, shape) = (&ty.name, ty.fingerprint, &ty.shape);
        let since = version(private, *since);
        quote!(#private::Released::new(#since, #name, #fingerprint, #shape))
    });
    quote!(#(#released),*)
}

/// All uses of types that may have a structure, without duplicates.
pub(crate) fn uses<'a>(interface: &Interface<'a>, lock: &Lock) -> Vec<TypeUse<'a>> {
    let mut found: Vec<TypeUse<'_>> = Vec::new();
    for (method, recorded) in interface.methods.iter().zip(&lock.methods) {
        for used in of_method(method, recorded, lock) {
            let known = |other: &TypeUse<'_>| {
                (other.kind, other.since, other.advice.is_empty())
                    == (used.kind, used.since, used.advice.is_empty())
                    && (&other.written, text(other.ty)) == (&used.written, text(used.ty))
                    && other.cfgs.to_string() == used.cfgs.to_string()
            };
            if !found.iter().any(known) {
                found.push(used);
            }
        }
    }
    found
}

fn of_method<'a>(method: &Method<'a>, recorded: &Recorded, lock: &Lock) -> Vec<TypeUse<'a>> {
    let cfgs = cfgs(&method.original.attrs);
    let cfgs = quote!(#(#cfgs)*);
    let new = |kind, ty, written, since: Version| TypeUse {
        kind,
        ty,
        written,
        cfgs: cfgs.clone(),
        since: lock.last.is_some_and(|last| since <= last).then_some(since),
        advice: advice(kind, method, lock),
    };
    let mut uses = Vec::new();
    let mut add = |kind, ty: &'a Type, since| {
        let mut all = Vec::new();
        named(ty, &mut all);
        let name = |ty| name(ty).unwrap_or_else(|| text(ty));
        uses.extend(all.into_iter().map(|ty| new(kind, ty, name(ty), since)));
    };
    let sent = |role| matches!(role, Role::Sent | Role::Timeout);
    for argument in method
        .arguments
        .iter()
        .filter(|argument| sent(argument.role))
    {
        let since = argument
            .since
            .map_or(recorded.since, |since| recorded.since.max(since));
        add(UseKind::Argument, argument.parameter.ty, since);
    }
    add(UseKind::Result, value_of(method.output), recorded.since);
    // A cast has no reply, so its error never comes from a server.
    if method.mode.is_call() {
        let raised = recorded.raises.clone().unwrap_or_default();
        uses.push(new(UseKind::Error, method.output, raised, recorded.since));
    }
    uses
}

/// The advice for a field or variant that is added to a type which the method sends: the attribute that the
/// method needs first. Empty if it needs none.
///
/// An argument needs a new version of the method, so that servers without the addition do not receive it. A
/// result only has to be recorded with a new release.
fn advice(kind: UseKind, method: &Method<'_>, lock: &Lock) -> String {
    let Some(last) = lock.last else {
        return String::new();
    };
    let versions = method.later_versions.iter().chain([&method.version]);
    let of_the_major = versions.clone().filter(|version| version.0 == last.0);
    let highest = match kind {
        UseKind::Argument => of_the_major.max().copied().unwrap_or_default(),
        UseKind::Result | UseKind::Error => lock.version,
    };
    if highest > last {
        return String::new();
    }
    let next = lock.version.max((last.0, last.1.saturating_add(1), 0));
    let listed: Vec<_> = [&next].into_iter().chain(versions).collect();
    let listed = listed
        .iter()
        .map(|version| format!("\"{}\"", Shown(**version)));
    let listed: Vec<_> = listed.collect();
    let name = method.original.sig.ident.unraw();
    let why = match kind {
        UseKind::Argument => ", so that older servers do not receive it",
        UseKind::Result | UseKind::Error => "",
    };
    format!(
        "remove it, or release it with a higher version{why}: write `#[rpc(versions({}))]` on `{name}`",
        listed.join(", ")
    )
}

/// The last segment of the type's path. It is the name under which a lock records the type, unless the type has
/// `#[rpc(name = "…")]`.
fn name(ty: &Type) -> Option<String> {
    match plain(ty) {
        Type::Path(path) => Some(path.path.segments.last()?.ident.unraw().to_string()),
        _ => None,
    }
}

/// Collects the named types within a type, except those that need no declaration.
fn named<'a>(ty: &'a Type, found: &mut Vec<&'a Type>) {
    match plain(ty) {
        Type::Reference(reference) => named(&reference.elem, found),
        Type::Slice(slice) => named(&slice.elem, found),
        Type::Array(array) => named(&array.elem, found),
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|ty| named(ty, found)),
        Type::Path(path) if path.qself.is_none() => {
            let Some(last) = path.path.segments.last() else {
                return;
            };
            let unusable = |ident: &Ident| ident == "Self" || ident == "_";
            if has_ident(ty.to_token_stream(), &unusable) {
                return;
            }
            if let PathArguments::AngleBracketed(arguments) = &last.arguments {
                for argument in &arguments.args {
                    if let GenericArgument::Type(ty) = argument {
                        named(ty, found);
                    }
                }
            }
            if !is_well_known(&last.ident) {
                found.push(ty);
            }
        }
        _ => {}
    }
}
