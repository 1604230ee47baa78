//! The rules, one function each, its reason above it. What passes is all that expansion gets to see.

mod types;

use std::collections::HashSet;
use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{
    FnArg, GenericArgument, GenericParam, Ident, ItemTrait, LitStr, Pat, PatType, PathArguments,
    ReceiverKind, ReturnType, Safety, Signature, TraitItem, TraitItemFn, Type,
};

use crate::attr::{Version, is_conditional_rpc, is_rpc};
use crate::errors::Errors;
use crate::model;

pub(crate) use types::{is_inferred, option_of_reference, plain};

/// A trait that holds to the rules, as far as it does.
pub(crate) struct Interface<'a> {
    pub(crate) original: &'a ItemTrait,
    /// The runtime crate's root.
    pub(crate) krate: TokenStream,
    pub(crate) topic: Option<LitStr>,
    pub(crate) namespace: Option<LitStr>,
    pub(crate) exchange: Option<LitStr>,
    pub(crate) version: Version,
    /// Whether the trait itself can be implemented for a client.
    pub(crate) sound: bool,
    pub(crate) methods: Vec<Method<'a>>,
    /// Methods with mistakes: part of the trait, with stand-ins in the client.
    pub(crate) broken: Vec<Broken<'a>>,
}

/// A method that holds to the rules.
pub(crate) struct Method<'a> {
    pub(crate) original: &'a TraitItemFn,
    pub(crate) wire: String,
    pub(crate) mode: Mode,
    pub(crate) version: Version,
    pub(crate) timeout: Option<Duration>,
    pub(crate) monitor: Option<Duration>,
    pub(crate) context: Parameter<'a>,
    pub(crate) arguments: Vec<Argument<'a>>,
    pub(crate) output: &'a Type,
}

/// A method with mistakes.
pub(crate) struct Broken<'a> {
    pub(crate) original: &'a TraitItemFn,
    pub(crate) cast: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Call,
    Cast,
    Fanout,
}

/// A parameter with a plain name.
pub(crate) struct Parameter<'a> {
    pub(crate) ident: Ident,
    pub(crate) ty: &'a Type,
}

pub(crate) struct Argument<'a> {
    pub(crate) parameter: Parameter<'a>,
    pub(crate) wire: String,
}

pub(crate) fn interface<'a>(errors: &Errors, interface: &model::Interface<'a>) -> Interface<'a> {
    let original = interface.original;
    let options = &interface.options;
    errors.turn_to(0);
    let before = errors.count();
    no_generics(errors, original);
    plain_trait(errors, original);
    let sound_trait = errors.count() == before;
    for (option, name) in [
        (&options.topic, "topic"),
        (&options.namespace, "namespace"),
        (&options.exchange, "exchange"),
    ] {
        if let Some(text) = option.get() {
            not_empty(errors, text, name);
        }
    }
    if !options.version_meant {
        errors.at(
            &original.ident,
            "the interface must have a version: write `#[rpc_client(version = \"1.0\")]`",
        );
    }
    let sound_items = other_items(errors, original);
    let version = options.version.get().copied().unwrap_or((1, 0, 0));
    let mut names = HashSet::new();
    let mut methods = Vec::new();
    let mut broken = Vec::new();
    for parsed in &interface.methods {
        errors.turn_to(parsed.place);
        match method(
            errors,
            parsed,
            version,
            options.version.is_set(),
            &mut names,
        ) {
            Some(method) => methods.push(method),
            None => broken.push(Broken {
                original: parsed.original,
                cast: parsed.options.cast.is_set(),
            }),
        }
    }
    let sound = sound_trait && sound_items;
    if !sound {
        // Their types may name what the client does not know.
        let unusable = methods.drain(..).map(|method: Method<'_>| Broken {
            original: method.original,
            cast: method.mode != Mode::Call,
        });
        broken.extend(unusable);
    }
    let krate = options.krate.get();
    Interface {
        original,
        krate: krate.map_or_else(|| quote!(::rpc_runtime), ToTokens::to_token_stream),
        // Where one was meant, the client's constructor is the one that goes with it.
        topic: options.topic.get().cloned().or_else(|| {
            let meant = LitStr::new("", Span::call_site());
            options.topic_meant.then_some(meant)
        }),
        namespace: options.namespace.get().cloned(),
        exchange: options.exchange.get().cloned(),
        version,
        sound,
        methods,
        broken,
    }
}

fn method<'a>(
    errors: &Errors,
    method: &model::Method<'a>,
    interface_version: Version,
    interface_has_version: bool,
    names: &mut HashSet<String>,
) -> Option<Method<'a>> {
    let before = errors.count();
    let original = method.original;
    let options = &method.options;
    let signature = &original.sig;
    options_in_each_build(errors, original);
    is_async(errors, signature);
    no_type_parameters(errors, signature);
    shared_receiver(errors, signature);
    not_the_clients_own(errors, &signature.ident);
    let wire = wire_name(
        errors,
        &signature.ident,
        options.name.get(),
        names,
        "method",
    );
    let mode = match (options.cast.is_set(), &options.fanout.0) {
        (true, Some(_)) => Mode::Fanout,
        (true, None) => Mode::Cast,
        (false, None) => Mode::Call,
        (false, Some(fanout)) => {
            errors.at(
                &fanout.tokens,
                "`fanout` must go with a cast, since nobody waits for many replies: write `#[rpc(cast, fanout)]`",
            );
            Mode::Call
        }
    };
    let output = output(errors, signature, mode);
    if mode != Mode::Call {
        for (option, name) in [(&options.timeout, "timeout"), (&options.monitor, "monitor")] {
            if let Some(set) = &option.0 {
                let message = format!(
                    "`{name}` must stand on a call, since a cast waits for no reply: remove it"
                );
                errors.at(&set.tokens, message);
            }
        }
    }
    let version = options.version.get().copied().unwrap_or(interface_version);
    if let Some(set) = &options.version.0
        && interface_has_version
        && set.value.0 != interface_version.0
    {
        let message = format!(
            "the version must be of the interface's major, {}: declare another major in a trait of its own",
            interface_version.0
        );
        errors.at(&set.tokens, message);
    }
    let context = context(errors, signature, method.context);
    let mut wire_names = HashSet::new();
    let arguments: Vec<_> = method
        .arguments
        .iter()
        .filter_map(|parsed| argument(errors, parsed, &mut wire_names))
        .collect();
    if errors.count() > before || !method.readable {
        return None;
    }
    Some(Method {
        original,
        wire,
        mode,
        version,
        timeout: options.timeout.get().copied(),
        monitor: options.monitor.get().copied(),
        context: context?,
        arguments,
        output: output?,
    })
}

fn argument<'a>(
    errors: &Errors,
    argument: &model::Argument<'a>,
    names: &mut HashSet<String>,
) -> Option<Argument<'a>> {
    let original = argument.original;
    no_cfg(errors, original);
    types::owned_is_known(errors, &original.ty);
    let Some(ident) = plain_name(&original.pat) else {
        errors.at(
            &original.pat,
            "an argument must have a name, which is sent with it: write `name: Type`",
        );
        return None;
    };
    let wire = wire_name(
        errors,
        ident,
        argument.options.name.get(),
        names,
        "argument",
    );
    Some(Argument {
        parameter: Parameter {
            ident: ident.clone(),
            ty: &original.ty,
        },
        wire,
    })
}

/// A client is one type, and what is sent has no type parameters.
fn no_generics(errors: &Errors, original: &ItemTrait) {
    if !original.generics.params.is_empty() {
        errors.at(
            &original.generics,
            "the trait must have no generic parameters: what crosses the wire has one type, so name it",
        );
    }
    if let Some(clause) = &original.generics.where_clause {
        errors.at(
            clause,
            "the trait must have no `where` clause: name its supertraits behind the colon",
        );
    }
}

/// The client implements the trait in safe code.
fn plain_trait(errors: &Errors, original: &ItemTrait) {
    if let Some(token) = &original.unsafety {
        errors.at(token, "the trait must be safe: remove `unsafe`");
    }
    if let Some(token) = &original.modifiers.auto_token {
        errors.at(token, "the trait must not be an auto trait: remove `auto`");
    }
}

/// The client has to implement everything that the trait demands.
fn other_items(errors: &Errors, original: &ItemTrait) -> bool {
    let mut sound = true;
    for (place, item) in (1..).zip(&original.items) {
        errors.turn_to(place);
        let attributes = match item {
            TraitItem::Const(constant) => {
                if constant.default.is_none() {
                    sound = false;
                    errors.at(
                        constant,
                        "an associated constant must have a value, which the client can take: write `= …`",
                    );
                }
                &constant.attrs
            }
            TraitItem::Type(ty) => {
                sound = false;
                errors.at(
                    ty,
                    "the trait must have no associated types: what crosses the wire has one type, so name it",
                );
                &ty.attrs
            }
            TraitItem::Fn(function) if function.default.is_some() => {
                for input in &function.sig.inputs {
                    no_options(
                        errors,
                        input_attributes(input),
                        "the parameters of a provided method",
                    );
                }
                &function.attrs
            }
            TraitItem::Fn(function) => {
                for input in function.sig.inputs.iter().take(2) {
                    // Behind the receiver and the context come the arguments, which may have options.
                    no_options(
                        errors,
                        input_attributes(input),
                        "the receiver and the context",
                    );
                }
                continue;
            }
            other => {
                sound = false;
                errors.at(
                    other,
                    "the trait must have no macros in it: write the methods out",
                );
                continue;
            }
        };
        no_options(
            errors,
            attributes,
            "constants and provided methods, which are not sent",
        );
    }
    sound
}

fn input_attributes(input: &FnArg) -> &[syn::Attribute] {
    match input {
        FnArg::Receiver(receiver) => &receiver.attrs,
        FnArg::Typed(typed) => &typed.attrs,
    }
}

/// An option that does nothing is a mistake.
fn no_options(errors: &Errors, attributes: &[syn::Attribute], place: &str) {
    for attribute in attributes.iter().filter(|attribute| is_rpc(attribute)) {
        errors.at(
            attribute,
            format!("`#[rpc]` must not stand on {place}: remove it"),
        );
    }
}

/// A call waits.
fn is_async(errors: &Errors, signature: &Signature) {
    if signature.asyncness.is_none() {
        let name = &signature.ident;
        errors.at(
            signature.fn_token,
            format!("`{name}` must be async: write `async fn {name}`"),
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
    if let Some(variadic) = &signature.variadic {
        errors.at(
            variadic,
            "a method must have a fixed number of arguments: remove `...`",
        );
    }
}

/// A server decodes arguments into types that it knows.
fn no_type_parameters(errors: &Errors, signature: &Signature) {
    for parameter in &signature.generics.params {
        match parameter {
            GenericParam::Lifetime(lifetime) if lifetime.bounds.is_empty() => {}
            GenericParam::Lifetime(lifetime) => errors.at(
                lifetime,
                "a lifetime must have no bounds, since arguments are borrowed for the call alone: remove them",
            ),
            other => errors.at(
                other,
                "a method must have no generic types: what crosses the wire has one type, so name it",
            ),
        }
    }
    if let Some(clause) = &signature.generics.where_clause {
        errors.at(clause, "a method must have no `where` clause: remove it");
    }
}

/// Clients and servers are shared between tasks.
fn shared_receiver(errors: &Errors, signature: &Signature) {
    let name = &signature.ident;
    match signature.inputs.first() {
        Some(FnArg::Receiver(receiver)) => match &receiver.kind {
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

/// What a client has of its own.
pub(crate) const OWN: &[&str] = &["new", "builder", "rpc", "prepare", "can_send_version"];

/// The client has these methods itself.
fn not_the_clients_own(errors: &Errors, ident: &Ident) {
    let name = ident.unraw().to_string();
    if OWN.contains(&name.as_str()) {
        errors.at(
            ident,
            format!("a method must not be called `{name}`, as the client has one of that name: \
                     call it otherwise, and keep its name on the wire with `#[rpc(name = \"{name}\")]`"),
        );
    }
}

/// What goes over the wire must be told apart there, and oslo.messaging keeps `_` for its own.
fn wire_name(
    errors: &Errors,
    ident: &Ident,
    option: Option<&LitStr>,
    names: &mut HashSet<String>,
    what: &str,
) -> String {
    let wire = option.map_or_else(|| ident.unraw().to_string(), LitStr::value);
    let tokens = option.map_or_else(|| ident.to_token_stream(), ToTokens::to_token_stream);
    if wire.is_empty() {
        errors.at(
            &tokens,
            format!("the {what}'s name on the wire must not be empty: give it one"),
        );
    } else if what == "method" && wire.starts_with('_') {
        errors.at(
            &tokens,
            format!("`{wire}` must not begin with `_`, as no server dispatches such methods: call it otherwise"),
        );
    }
    if !names.insert(wire.clone()) {
        errors.at(&tokens, format!("`{wire}` must be the name of one {what}: call this one otherwise, or give it another `name`"));
    }
    wire
}

fn not_empty(errors: &Errors, text: &LitStr, name: &str) {
    if text.value().is_empty() {
        errors.at(
            text,
            format!("`{name}` must not be empty: name one, or leave it out"),
        );
    }
}

/// A call can always fail; a cast returns before there is anything to return.
fn output<'a>(errors: &Errors, signature: &'a Signature, mode: Mode) -> Option<&'a Type> {
    let name = &signature.ident;
    let ReturnType::Type(_, ty) = &signature.output else {
        errors.at(
            name,
            format!("`{name}` must return a `Result`, as sending can fail: write `-> Result<()>`"),
        );
        return None;
    };
    let ty = plain(ty);
    if let Type::ImplTrait(_) | Type::Tuple(_) | Type::Reference(_) = ty {
        errors.at(
            ty,
            format!("`{name}` must return a `Result`, as sending can fail: write `-> Result<…>`"),
        );
        return None;
    }
    if mode != Mode::Call && returns_a_value(ty) {
        errors.at(ty, format!("`{name}` must return nothing, as a cast waits for no reply: write `Result<()>`, or make it a call"));
        return None;
    }
    Some(ty)
}

/// Whether the type is visibly a result of something. An alias may hide it; then types will tell.
fn returns_a_value(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    let Some(last) = path.path.segments.last() else {
        return false;
    };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return false;
    };
    last.ident == "Result"
        && matches!(
            arguments.args.first(),
            Some(GenericArgument::Type(ty)) if !matches!(ty, Type::Tuple(tuple) if tuple.elems.is_empty())
        )
}

/// Each request has a context; it is sent by reference, since callers keep theirs.
fn context<'a>(
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
    let Type::Reference(reference) = plain(&context.ty) else {
        errors.at(&context.ty, format!("the first parameter of `{name}` must be the request context, by reference: write `ctxt: &Context`"));
        return None;
    };
    if let Some(lifetime) = &reference.lifetime
        && lifetime.ident == "static"
    {
        errors.at(
            lifetime,
            "the request context must be borrowed for the call alone: remove `'static`",
        );
        return None;
    }
    if let Some(token) = &reference.mutability {
        errors.at(
            token,
            "the request context must be borrowed shared: remove `mut`",
        );
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
        Pat::Wild(_) => Ident::new("ctxt", Span::mixed_site()),
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

/// What no context is: a forgotten context must not make one of the first argument.
fn is_plainly_an_argument(ty: &Type) -> bool {
    match plain(ty) {
        Type::Slice(_) => true,
        Type::Path(path) => ["str", "String"]
            .iter()
            .any(|name| path.path.is_ident(name)),
        _ => false,
    }
}

pub(crate) fn plain_name(pattern: &Pat) -> Option<&Ident> {
    match pattern {
        Pat::Ident(name)
            if name.by_ref.is_none() && name.mutability.is_none() && name.subpat.is_none() =>
        {
            Some(&name.ident)
        }
        _ => None,
    }
}

/// What is conditional is not seen by a macro.
fn options_in_each_build(errors: &Errors, original: &TraitItemFn) {
    for attribute in &original.attrs {
        if is_conditional_rpc(attribute) {
            errors.at(
                attribute,
                "`rpc` must be the same in each build: write it without `cfg_attr`",
            );
        }
    }
}

/// The interface is the same in each build.
fn no_cfg(errors: &Errors, argument: &PatType) {
    for attribute in &argument.attrs {
        if attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr") {
            errors.at(
                attribute,
                "an argument must be there in each build: put `#[cfg]` on the whole method",
            );
        }
    }
}
