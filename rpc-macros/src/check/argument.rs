//! The rules for arguments: their roles, and their form for older and newer peers.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::{Attribute, PatType, Path, Type};

use super::ladder::{Ladder, Shown};
use super::mode::Mode;
use super::names::Names;
use super::parameter::{Parameter, plain_name};
use super::types;
use crate::attr::{self, ArgumentOptions, DefaultValue, Version};
use crate::errors::Errors;
use crate::model;

/// An argument that satisfies the rules.
pub(crate) struct Argument<'a> {
    pub(crate) attributes: &'a [Attribute],
    pub(crate) parameter: Parameter<'a>,
    pub(crate) wire: String,
    /// Its older names, newest first.
    pub(crate) old_names: Vec<(Version, String)>,
    pub(crate) since: Option<Version>,
    pub(crate) until: Option<Version>,
    /// Its value when it is not sent.
    pub(crate) default: Option<&'a DefaultValue>,
    pub(crate) below: Below<'a>,
    pub(crate) role: Role,
}

/// What is sent to older servers.
pub(crate) enum Below<'a> {
    Refuse,
    Drop,
    With {
        function: &'a Path,
        names: Vec<String>,
        /// Computes the argument from what older clients send.
        from: &'a Path,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Sent,
    Timeout,
    Server,
    Topic,
    Route,
}

impl Argument<'_> {
    /// Whether every message has the argument, under one name.
    pub(crate) fn is_plain(&self) -> bool {
        self.since.is_none() && self.until.is_none() && self.old_names.is_empty()
    }
}

pub(super) fn argument<'a>(
    errors: &Errors,
    argument: &'a model::Argument<'a>,
    mode: Mode,
    ladder: &mut Ladder,
    names: &mut Names,
) -> Option<Argument<'a>> {
    let original = argument.original;
    let options = &argument.options;
    same_in_each_build(errors, original, "an argument");
    types::owned_is_known(errors, &original.ty);
    let Some(ident) = plain_name(&original.pat) else {
        errors.at(
            &original.pat,
            "an argument must have a name, which is sent with it: write `name: Type`",
        );
        return None;
    };
    let role = role(errors, options, mode);
    if matches!(role, Role::Server | Role::Topic | Role::Route) {
        no_wire_options(errors, options, role);
        if role != Role::Route && !options.timeout.is_set() && types::is_no_name(&original.ty) {
            errors.at(
                &original.ty,
                format!("`{ident}` must be a string, because it names the topic or server: write `&str`, `String`, or an `Option` of one"),
            );
        }
        let default = default(errors, options, &original.ty);
        if role == Role::Route && default.is_none() && options.readable {
            errors.at(
                &original.pat,
                format!("`{ident}` must have a value on the server, which does not get it: give it a `default`, or make it an `Option`"),
            );
        }
        return Some(Argument {
            attributes: &original.attrs,
            parameter: Parameter::new(ident, &original.ty),
            wire: ident.unraw().to_string(),
            old_names: Vec::new(),
            since: None,
            until: None,
            default,
            below: Below::Refuse,
            role,
        });
    }
    let wire = names.own(errors, ident, options.name.get());
    let old_names = names.old(errors, &options.old_names);
    for set in &options.old_names {
        ladder.change(errors, "name_before", set.value.before, &set.tokens);
    }
    for (option, name) in [(&options.since, "since"), (&options.until, "until")] {
        if let Some(set) = &option.0 {
            ladder.change(errors, name, set.value, &set.tokens);
        }
    }
    let below = below(errors, options, names);
    until_is_above_since(errors, options);
    old_names_are_used(errors, options);
    let default = default(errors, options, &original.ty);
    if default.is_none() && options.readable {
        has_a_value(errors, options, ident);
    }
    Some(Argument {
        attributes: &original.attrs,
        parameter: Parameter::new(ident, &original.ty),
        wire,
        old_names,
        since: options.since.get().copied(),
        until: options.until.get().copied(),
        default,
        below,
        role,
    })
}

/// An argument has one role.
fn role(errors: &Errors, options: &ArgumentOptions, mode: Mode) -> Role {
    let roles = [
        (&options.server, Role::Server),
        (&options.topic, Role::Topic),
        (&options.route, Role::Route),
        (&options.timeout, Role::Timeout),
    ];
    let mut given = roles
        .iter()
        .filter_map(|(option, role)| Some((option.0.as_ref()?, *role)));
    let Some((set, role)) = given.next() else {
        return Role::Sent;
    };
    for (other, _) in given {
        errors.at(
            &other.tokens,
            "an argument must be one of `server`, `topic`, `route` and `timeout`: remove this",
        );
    }
    match (role, mode) {
        (Role::Timeout, Mode::Cast | Mode::Fanout) => errors.at(
            &set.tokens,
            "`timeout` must be on a call, since a cast waits for no reply: remove it",
        ),
        (Role::Server, Mode::Fanout) => errors.at(
            &set.tokens,
            "`server` must not be on a fanout, which goes to all servers: remove one of them",
        ),
        _ => {}
    }
    role
}

/// An argument that is not sent has no form on the wire, so the options for that form are errors.
fn no_wire_options(errors: &Errors, options: &ArgumentOptions, role: Role) {
    fn set<T>(option: &attr::Opt<T>) -> Option<&TokenStream> {
        option.0.as_ref().map(|set| &set.tokens)
    }
    let old_names = options.old_names.iter().map(|set| &set.tokens);
    let rest = [
        set(&options.name),
        set(&options.since),
        set(&options.until),
        set(&options.default).filter(|_| role != Role::Route),
        set(&options.below),
        set(&options.from),
    ];
    for tokens in rest.into_iter().flatten().chain(old_names) {
        errors.at(
            tokens,
            "an argument that is not sent must have no option for its form on the wire: remove this",
        );
    }
}

fn below<'a>(errors: &Errors, options: &'a ArgumentOptions, names: &mut Names) -> Below<'a> {
    if let Some(set) = &options.below.0
        && !options.since.is_set()
        && options.readable
    {
        errors.at(
            &set.tokens,
            "`below` must go with `since`, the version below which it applies: add `since = \"…\"`",
        );
    }
    let with = matches!(options.below.get(), Some(attr::Below::With { .. }));
    if let Some(set) = &options.from.0
        && !with
        && options.readable
    {
        errors.at(
            &set.tokens,
            "`from` must go with `below = with(…)`, which it reverses: add that, or remove `from`",
        );
    }
    let Some(set) = &options.below.0 else {
        return Below::Refuse;
    };
    match &set.value {
        attr::Below::Refuse => Below::Refuse,
        attr::Below::Drop => Below::Drop,
        attr::Below::With {
            function,
            names: others,
        } => {
            let names = others
                .iter()
                .map(|name| names.take(errors, name.value(), name))
                .collect();
            let Some(from) = options.from.get() else {
                from_is_given(errors, options, &set.tokens);
                return Below::Refuse;
            };
            Below::With {
                function,
                names,
                from,
            }
        }
    }
}

/// If other values are sent instead of an argument, the server must be able to compute the argument from
/// them.
fn from_is_given(errors: &Errors, options: &ArgumentOptions, tokens: &TokenStream) {
    if options.readable {
        errors.at(
            tokens,
            "`below = with(…)` must go with `from`, which reverses it for messages of older clients: add `from = path::to::function`",
        );
    }
}

/// `until` must be above `since`. Otherwise the argument is never sent.
fn until_is_above_since(errors: &Errors, options: &ArgumentOptions) {
    if let (Some(since), Some(until)) = (options.since.get(), &options.until.0)
        && until.value <= *since
    {
        let message = format!(
            "`until` must be above `since`, {}, or the argument is never sent: raise it",
            Shown(*since)
        );
        errors.at(&until.tokens, message);
    }
}

/// Every name must be used: an argument must be sent in some version under each of its names.
fn old_names_are_used(errors: &Errors, options: &ArgumentOptions) {
    // An older form without names of its own is sent under the argument's names.
    let own_older_form =
        matches!(options.below.get(), Some(attr::Below::With { names, .. }) if names.is_empty());
    for set in &options.old_names {
        let before = set.value.before;
        if let Some(since) = options.since.get()
            && before <= *since
            && !own_older_form
        {
            let message = format!(
                "`name_before` must be above `since`, {}, or the name is never sent: raise it, or remove it",
                Shown(*since)
            );
            errors.at(&set.tokens, message);
        } else if let Some(until) = options.until.get()
            && before >= *until
        {
            let message = format!(
                "`name_before` must be below `until`, {}, or the newer name is never sent: give the argument the old name only",
                Shown(*until)
            );
            errors.at(&set.tokens, message);
        }
    }
}

fn default<'a>(
    errors: &Errors,
    options: &'a ArgumentOptions,
    ty: &Type,
) -> Option<&'a DefaultValue> {
    if types::maybe_absent(ty).is_some() {
        if let Some(set) = &options.default.0 {
            errors.at(
                &set.tokens,
                "a `MaybeAbsent` must have no default, since it is absent by default: remove this",
            );
        }
        return Some(&DefaultValue::OfType);
    }
    let implied = types::is_option(ty).then_some(&DefaultValue::OfType);
    options.default.get().or(implied)
}

/// An argument that some clients do not send must have a value. Otherwise a new required argument would break
/// every older client.
fn has_a_value(errors: &Errors, options: &ArgumentOptions, ident: &syn::Ident) {
    let made = matches!(options.below.get(), Some(attr::Below::With { .. }));
    if let Some(set) = &options.since.0
        && !made
        && !options.from.is_set()
    {
        let message = format!(
            "`{ident}` must have a value for clients before {}, which do not send it: give it a `default`, or make it an `Option`",
            Shown(set.value)
        );
        errors.at(&set.tokens, message);
    }
    if let Some(set) = &options.until.0 {
        let message = format!(
            "`{ident}` must have a value for clients of {} and later, which do not send it: give it a `default`, or make it an `Option`",
            Shown(set.value)
        );
        errors.at(&set.tokens, message);
    }
}

/// The message for options behind `cfg_attr`. A macro does not see `cfg_attr` resolved.
pub(super) const CONDITIONAL_OPTIONS: &str =
    "`rpc` must be the same in each build: write it without `cfg_attr`";

/// Neither an argument nor its options can be conditional: the interface must be the same in each build. Other
/// attributes may be, such as lint levels.
pub(super) fn same_in_each_build(errors: &Errors, argument: &PatType, what: &str) {
    for attribute in &argument.attrs {
        if attr::is_cfg(attribute) {
            errors.at(
                attribute,
                format!("{what} must exist in every build: put `#[cfg]` on the whole method"),
            );
        } else if attr::is_conditional_rpc(attribute) {
            errors.at(attribute, CONDITIONAL_OPTIONS);
        }
    }
}
