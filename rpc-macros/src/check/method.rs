//! The rules for a whole method: its mode, its times and its route.

use std::time::Duration;

use proc_macro2::TokenStream;
use syn::{Ident, TraitItemFn, Type};

use super::argument::{Argument, Role, argument};
use super::ladder::{Ladder, Stated};
use super::mode::Mode;
use super::names::Names;
use super::parameter::{Parameter, plain_name};
use super::signature;
use crate::attr::{MethodOptions, Opt, Route, Time, TraitOptions, Version};
use crate::errors::Errors;
use crate::model;

/// A method that satisfies the rules.
pub(crate) struct Method<'a> {
    pub(crate) original: &'a TraitItemFn,
    pub(crate) wire: String,
    /// Its older names, newest first.
    pub(crate) old_names: Vec<(Version, String)>,
    pub(crate) mode: Mode,
    /// The version that added the method.
    pub(crate) version: Version,
    pub(crate) stated: Stated,
    /// The versions in which its form changed, highest first.
    pub(crate) later_versions: Vec<Version>,
    pub(crate) timeout: Option<Timing>,
    pub(crate) monitor: Option<Timing>,
    pub(crate) route: Option<&'a Route>,
    pub(crate) context: Parameter<'a>,
    pub(crate) arguments: Vec<Argument<'a>>,
    pub(crate) output: &'a Type,
}

/// The source of a timeout or a monitor interval.
pub(crate) enum Timing {
    Fixed(Duration),
    Named(String, Duration),
    Argument(String),
}

pub(super) fn method<'a>(
    errors: &Errors,
    method: &'a model::Method<'a>,
    interface: &'a TraitOptions,
    names: &mut Names,
) -> Option<Method<'a>> {
    let before = errors.count();
    let original = method.original;
    let options = &method.options;
    let signature = &original.sig;
    signature::options_in_each_build(errors, original);
    signature::not_instrumented(errors, original);
    signature::is_async(errors, signature);
    signature::no_type_parameters(errors, signature);
    signature::shared_receiver(errors, signature);
    signature::not_the_clients_own(errors, &signature.ident);
    names.begin(
        original
            .attrs
            .iter()
            .any(|attribute| attribute.path().is_ident("cfg")),
    );
    let wire = names.own(errors, &signature.ident, options.name.get());
    let old_names = names.old(errors, &options.old_names);
    fanout_of_a_cast(errors, options);
    let mode = Mode::of(options);
    let output = signature::output(errors, signature);
    let mut ladder = Ladder::new(errors, options, interface);
    for set in &options.old_names {
        ladder.change(errors, "name_before", set.value.before, &set.tokens);
    }
    let context = signature::context(errors, signature, method.context);
    let mut wire_names = Names::of_arguments(interface.rename_all.get().copied());
    let arguments: Vec<_> = method
        .arguments
        .iter()
        .filter_map(|parsed| {
            let argument = argument(errors, parsed, mode, &mut ladder, &mut wire_names)?;
            Some((parsed, argument))
        })
        .collect();
    let mut timeout = time(errors, &options.timeout, "timeout", mode, interface);
    let monitor = time(errors, &options.monitor, "monitor", mode, interface);
    for (parsed, argument) in &arguments {
        if argument.role == Role::Timeout {
            if let Some(set) = &parsed.options.timeout.0
                && timeout.is_some()
            {
                errors.at(
                    &set.tokens,
                    "a method must have one timeout: remove this one, or the other",
                );
            }
            timeout = Some(Timing::Argument(argument.wire.clone()));
        }
    }
    one_destination(errors, &arguments);
    let route = route(errors, options, mode, interface, method);
    routing_arguments_route(errors, method, mode, interface, route);
    if errors.count() > before || !method.readable {
        return None;
    }
    Some(Method {
        original,
        wire,
        old_names,
        mode,
        version: ladder.lowest,
        stated: ladder.stated,
        later_versions: ladder.later(),
        timeout,
        monitor,
        route,
        context: context?,
        arguments: arguments
            .into_iter()
            .map(|(_, argument)| argument)
            .collect(),
        output: output?,
    })
}

/// Only a cast can be a fanout.
fn fanout_of_a_cast(errors: &Errors, options: &MethodOptions) {
    let Some(fanout) = &options.fanout.0 else {
        return;
    };
    let advice = match (options.call.is_meant(), options.cast.is_meant()) {
        (false, true) => return,
        (true, true) => "remove `call`",
        (true, false) => "write `cast` in place of `call`",
        (false, false) => "write `#[rpc(cast, fanout)]`",
    };
    errors.at(
        &fanout.tokens,
        format!("`fanout` must go with a cast, since nobody waits for many replies: {advice}"),
    );
}

/// Only a call has a timeout or a monitor, and a named time must be declared in the trait's `times`.
fn time(
    errors: &Errors,
    option: &Opt<Time>,
    name: &str,
    mode: Mode,
    interface: &TraitOptions,
) -> Option<Timing> {
    let set = option.0.as_ref()?;
    if !mode.is_call() {
        let message =
            format!("`{name}` must be on a call, since a cast waits for no reply: remove it");
        errors.at(&set.tokens, message);
        return None;
    }
    match &set.value {
        Time::Fixed(time) => Some(Timing::Fixed(*time)),
        Time::Named(time) => {
            if interface.times.is_meant() && !interface.times.is_set() {
                return None;
            }
            let times = interface.times.get().map_or(&[][..], Vec::as_slice);
            let known = times.iter().find(|(known, _)| known == time);
            if known.is_none() {
                let advice = match times {
                    [] => format!("write `times({time} = 1800)` there"),
                    _ => {
                        let names: Vec<_> =
                            times.iter().map(|(name, _)| format!("`{name}`")).collect();
                        format!("there are {}", names.join(", "))
                    }
                };
                let message = format!("`{time}` must be one of the trait's `times`: {advice}");
                errors.at(time, message);
            }
            known.map(|(name, default)| Timing::Named(name.to_string(), *default))
        }
    }
}

/// The method's own route function, or the trait's if the method has all of its arguments.
fn route<'a>(
    errors: &Errors,
    options: &'a MethodOptions,
    mode: Mode,
    interface: &'a TraitOptions,
    method: &model::Method<'_>,
) -> Option<&'a Route> {
    let lacking = |route: &'a Route| -> Vec<&'a Ident> {
        let wanted = route.arguments.iter();
        wanted
            .filter(|wanted| !method.has_argument(wanted))
            .collect()
    };
    let Some(own) = &options.route.0 else {
        let of_trait = interface.route.get();
        return of_trait.filter(|route| mode != Mode::Fanout && lacking(route).is_empty());
    };
    if mode == Mode::Fanout {
        routes_nothing(errors, &own.tokens);
    }
    for argument in lacking(&own.value) {
        let name = &method.original.sig.ident;
        errors.at(
            argument,
            format!("`{argument}` must be an argument of `{name}`: name one of them"),
        );
    }
    Some(&own.value)
}

/// A message goes to one server of one topic.
fn one_destination(errors: &Errors, arguments: &[(&model::Argument<'_>, Argument<'_>)]) {
    for (role, name) in [(Role::Server, "server"), (Role::Topic, "topic")] {
        let of_role = |(_, argument): &&(_, Argument<'_>)| argument.role == role;
        for (parsed, _) in arguments.iter().filter(of_role).skip(1) {
            let option = match role {
                Role::Server => &parsed.options.server,
                _ => &parsed.options.topic,
            };
            if let Some(set) = &option.0 {
                errors.at(
                    &set.tokens,
                    format!("a method must have one `{name}` argument, since a message goes to one: remove this, or the other"),
                );
            }
        }
    }
}

/// An argument with `route` must be passed to a route function. Otherwise it would have no use. A fanout has no route.
fn routing_arguments_route(
    errors: &Errors,
    method: &model::Method<'_>,
    mode: Mode,
    interface: &TraitOptions,
    route: Option<&Route>,
) {
    let unreadable = |route: &Opt<Route>| route.is_meant() && !route.is_set();
    if unreadable(&method.options.route) || unreadable(&interface.route) {
        return;
    }
    for argument in &method.arguments {
        let Some(set) = &argument.options.route.0 else {
            continue;
        };
        let used = |name: &Ident| route.is_some_and(|route| route.arguments.contains(name));
        if plain_name(&argument.original.pat).is_none_or(used) {
            continue;
        }
        let message = if mode == Mode::Fanout {
            "`route` must not be on an argument of a fanout, which goes to all servers: remove it"
        } else {
            "an argument with `route` must be passed to a `route` function: add it there, or declare such a function on the method or the trait"
        };
        errors.at(&set.tokens, message);
    }
}

fn routes_nothing(errors: &Errors, tokens: &TokenStream) {
    errors.at(
        tokens,
        "`route` must not be on a fanout, which goes to all servers: remove one of them",
    );
}
