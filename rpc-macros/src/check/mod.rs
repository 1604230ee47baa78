//! Applies the rules to a trait. Each rule is one function, with its reason above it.
//!
//! The result contains only what satisfies the rules, so that `expand` cannot fail. A method with a mistake
//! is kept as [`Broken`], and the other methods are not affected.

mod argument;
mod ladder;
mod method;
mod mode;
mod names;
mod object;
mod parameter;
mod signature;
mod trait_;
mod types;

use std::collections::BTreeSet;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{ItemTrait, LitStr, TraitItemFn};

use crate::attr::{Opt, Route, Set, Time, TraitOptions, Version};
use crate::errors::Errors;
use crate::model;
use crate::types::text;

pub(crate) use argument::{Argument, Below, Role};
pub(crate) use method::{Method, Timing};
pub(crate) use mode::Mode;
pub(crate) use parameter::plain_name;
pub(crate) use signature::OWN;
pub(crate) use types::{
    is_bare_unsized, is_inferred, is_option, maybe_absent, optional_reference, plain, unsuited,
};

pub(crate) use ladder::{Shown, Stated};
use names::Names;
pub(crate) use object::{Object, is_part_of_object};

/// The parts of a trait that satisfy the rules.
pub(crate) struct Interface<'a> {
    pub(crate) original: &'a ItemTrait,
    /// The path of the runtime crate.
    pub(crate) krate: TokenStream,
    pub(crate) topic: Option<LitStr>,
    pub(crate) namespace: Option<LitStr>,
    pub(crate) exchange: Option<LitStr>,
    pub(crate) version: Version,
    /// The option `version`, for errors about it.
    pub(crate) version_option: Option<&'a TokenStream>,
    pub(crate) aliases: Vec<(String, Version)>,
    /// The path of the trait's lock, relative to the package.
    pub(crate) lock: Option<LitStr>,
    /// The dyn-compatible form of the trait, if `dyn` is given.
    pub(crate) object: Option<Object>,
    /// Whether the lock must know the structure of all types.
    pub(crate) strict: bool,
    /// Whether the trait can be implemented for its client.
    pub(crate) implementable: bool,
    pub(crate) methods: Vec<Method<'a>>,
    /// Methods with mistakes. They stay in the trait, and the client has stand-ins for them.
    pub(crate) broken: Vec<Broken<'a>>,
}

/// A method with mistakes.
pub(crate) struct Broken<'a> {
    pub(crate) original: &'a TraitItemFn,
    pub(crate) mode: Mode,
}

pub(crate) fn interface<'a>(errors: &Errors, interface: &'a model::Interface<'a>) -> Interface<'a> {
    let original = interface.original;
    let options = &interface.options;
    errors.turn_to(0);
    let before = errors.count();
    trait_::no_generics(errors, original);
    trait_::plain_trait(errors, original);
    let implementable_trait = errors.count() == before;
    for (option, name) in [
        (&options.topic, "`topic`"),
        (&options.namespace, "`namespace`"),
        (&options.exchange, "`exchange`"),
    ] {
        if let Some(text) = option.get() {
            not_empty(errors, text, name);
        }
    }
    if !options.version.is_meant() {
        errors.at(
            &original.ident,
            "the interface must have a version: write `#[rpc_client(version = \"1.0\")]`",
        );
    }
    let implementable_items = trait_::other_items(errors, original);
    let version = options.version.get().copied().unwrap_or((1, 0, 0));
    let mut names = Names::of_methods(options.rename_all.get().copied());
    let mut methods = Vec::new();
    let mut broken = Vec::new();
    let boxed = trait_::no_boxed_futures(errors, interface);
    for parsed in &interface.methods {
        if boxed {
            broken.push(Broken {
                original: parsed.original,
                mode: Mode::of(&parsed.options),
            });
            continue;
        }
        errors.turn_to(parsed.place);
        match method::method(errors, parsed, options, &mut names) {
            Some(method) => methods.push(method),
            None => broken.push(Broken {
                original: parsed.original,
                mode: Mode::of(&parsed.options),
            }),
        }
    }
    let implementable = implementable_trait && implementable_items;
    let object = options
        .object
        .get()
        .map(|()| object::object(errors, original, implementable));
    if !implementable {
        // The types of the methods may name generic parameters or associated types, which the client does not
        // have.
        let unusable = methods.drain(..).map(|method: Method<'_>| Broken {
            original: method.original,
            mode: method.mode,
        });
        broken.extend(unusable);
    }
    errors.turn_to(0);
    let aliases = aliases(errors, options, &methods, broken.is_empty());
    route_is_used(errors, interface);
    times_are_used(errors, interface);
    strict_of_a_lock(errors, options);
    let krate = options.krate.get();
    Interface {
        original,
        krate: krate.map_or_else(|| quote!(::rpc_runtime), ToTokens::to_token_stream),
        // If the topic is malformed, the client still gets the constructor without a `topic` parameter.
        topic: options.topic.get().cloned().or_else(|| {
            let meant = LitStr::new("", Span::call_site());
            options.topic.is_meant().then_some(meant)
        }),
        namespace: options.namespace.get().cloned(),
        exchange: options.exchange.get().cloned(),
        version,
        version_option: options.version.0.as_ref().map(|set| &set.tokens),
        aliases,
        lock: options.lock.get().cloned(),
        object,
        strict: options.strict.is_set(),
        implementable,
        methods,
        broken,
    }
}

/// `strict` has an effect only with a lock.
fn strict_of_a_lock(errors: &Errors, options: &TraitOptions) {
    if let Some(set) = &options.strict.0
        && !options.lock.is_meant()
    {
        errors.at(
            &set.tokens,
            "`strict` must go with `lock`, since it demands the structure of all types in the lock: add `lock = \"…\"`",
        );
    }
}

/// Every alias must allow at least one method. Otherwise the mistake would be found only in production.
fn aliases(
    errors: &Errors,
    options: &TraitOptions,
    methods: &[Method<'_>],
    all: bool,
) -> Vec<(String, Version)> {
    let mut known: Vec<(String, Version)> = Vec::new();
    let stamps = methods.iter().flat_map(|method| {
        let later = method.later_versions.iter();
        later.chain([&method.version]).copied()
    });
    let stamps: BTreeSet<Version> = stamps.collect();
    for (alias, version) in options.aliases.get().into_iter().flatten() {
        let name = alias.value();
        not_empty(errors, alias, "an alias");
        if name == "auto" {
            errors.at(
                alias,
                "`auto` must not be an alias, since it stands for a cap that is determined at run time: rename it",
            );
        }
        if known.iter().any(|(known, _)| *known == name) {
            errors.at(
                alias,
                format!("`{name}` must be declared once: remove the other"),
            );
        }
        if all {
            allows_something(errors, &name, version, &stamps);
        }
        known.push((name, version.value));
    }
    known
}

/// Reports an alias that is below all stamps of its major, or whose major has none.
fn allows_something(errors: &Errors, name: &str, alias: &Set<Version>, stamps: &BTreeSet<Version>) {
    let of_its_major = |stamp: &&Version| stamp.0 == alias.value.0;
    let message = match stamps.iter().find(of_its_major) {
        Some(lowest) if *lowest <= alias.value => return,
        Some(lowest) => format!(
            "`{name}` must be at least {}, the lowest version of its major in which something can be sent: raise it, or remove the alias",
            Shown(*lowest)
        ),
        None if stamps.is_empty() => return,
        None => {
            let majors: BTreeSet<_> = stamps.iter().map(|stamp| stamp.0).collect();
            let majors: Vec<_> = majors.iter().map(ToString::to_string).collect();
            format!(
                "`{name}` must have a major version in which something can be sent, {}: change it, or remove the alias",
                majors.join(" or ")
            )
        }
    };
    errors.at(&alias.tokens, message);
}

/// The trait's route function must apply to some method. Otherwise it is never called.
fn route_is_used(errors: &Errors, interface: &model::Interface<'_>) {
    let Some(route) = interface.options.route.get() else {
        return;
    };
    let before = errors.count();
    for argument in &route.arguments {
        let has_it = |method: &model::Method<'_>| method.has_argument(argument);
        if !interface.methods.iter().any(has_it) {
            errors.at(
                argument,
                format!("`{argument}` must be an argument of some method: name one"),
            );
        }
    }
    let applies = |method: &model::Method<'_>| {
        let mut wanted = route.arguments.iter();
        !method.options.route.is_meant()
            && Mode::of(&method.options) != Mode::Fanout
            && wanted.all(|argument| method.has_argument(argument))
    };
    // If an argument is marked for the route, that mark was reported.
    let is_reported = |method: &model::Method<'_>| {
        let mut marked =
            (method.arguments.iter()).filter(|argument| argument.options.route.is_set());
        marked.any(|argument| {
            let name = plain_name(&argument.original.pat);
            name.is_some_and(|name| route.arguments.contains(name))
        })
    };
    let methods = &interface.methods;
    if errors.count() == before
        && methods.iter().all(|method| method.readable)
        && !methods
            .iter()
            .any(|method| applies(method) || is_reported(method))
    {
        errors.at(&route.function, never_applies(route));
    }
}

fn never_applies(route: &Route) -> String {
    let names: Vec<_> = (route.arguments.iter())
        .map(|name| format!("`{name}`"))
        .collect();
    let has = match &names[..] {
        [] => String::new(),
        [only] => format!("has {only}, "),
        [before @ .., last] => format!("has {} and {last}, ", before.join(", ")),
    };
    let function = text(&route.function);
    format!(
        "`{function}` must apply to some method, one that {has}is not a fanout and has no `route` of its own: name other arguments, or remove `route`"
    )
}

/// Every declared time must be used by a method, and must be declared once.
fn times_are_used(errors: &Errors, interface: &model::Interface<'_>) {
    let times = interface.options.times.get().map_or(&[][..], Vec::as_slice);
    for (place, (time, _)) in times.iter().enumerate() {
        let is_it =
            |option: &Opt<Time>| matches!(option.get(), Some(Time::Named(own)) if own == time);
        let mut methods = interface.methods.iter().map(|method| &method.options);
        if times[..place].iter().any(|(known, _)| known == time) {
            errors.at(
                time,
                format!("`{time}` must be declared once: remove the other"),
            );
        } else if interface.methods.iter().all(|method| method.readable)
            && !methods.any(|method| is_it(&method.timeout) || is_it(&method.monitor))
        {
            errors.at(
                time,
                format!("`{time}` must be the time of some method: write `timeout = {time}` on one, or remove it"),
            );
        }
    }
}

fn not_empty(errors: &Errors, text: &LitStr, name: &str) {
    if text.value().is_empty() {
        errors.at(
            text,
            format!("{name} must not be empty: name one, or leave it out"),
        );
    }
}
