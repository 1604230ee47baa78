//! Converts a trait to its form on the wire, for comparison with a lock.

use syn::ext::IdentExt;

use super::form::{Address, Argument, Interface, Method, Mode, OldName};
use super::wire_type;
use crate::attr::{DefaultValue, Version};
use crate::check;
use crate::types::text;

/// The form of the interface that a trait declares. The structures of its types and errors are not known
/// here.
pub(super) fn interface(interface: &check::Interface<'_>) -> Interface {
    Interface {
        address: Address {
            name: interface.original.ident.unraw().to_string(),
            topic: interface.topic.as_ref().map(syn::LitStr::value),
            exchange: interface.exchange.as_ref().map(syn::LitStr::value),
            namespace: interface.namespace.as_ref().map(syn::LitStr::value),
        },
        methods: interface.methods.iter().map(method).collect(),
    }
}

/// The version of the whole trait: its highest stamp.
pub(super) fn version(interface: &check::Interface<'_>) -> Version {
    let stamps = interface.methods.iter().map(|method| {
        let later = method.later_versions.first();
        later.copied().unwrap_or(method.version)
    });
    stamps.fold(interface.version, Version::max)
}

fn method(method: &check::Method<'_>) -> Method {
    let arguments: Vec<_> = sent(method).map(argument).collect();
    let old_names = old_names(&method.old_names);
    let mut derived: Vec<Version> = old_names.iter().map(|old| old.before).collect();
    for argument in &arguments {
        derived.extend(argument.since.iter().chain(&argument.until));
        derived.extend(argument.old_names.iter().map(|old| old.before));
    }
    let listed = method.later_versions.iter().copied();
    Method {
        name: method.wire.clone(),
        mode: match method.mode {
            check::Mode::Call => Mode::Call,
            check::Mode::Cast => Mode::Cast,
            check::Mode::Fanout => Mode::Fanout,
            check::Mode::CallOrCast => Mode::CallOrCast,
        },
        since: method.version,
        changed: listed
            .filter(|version| !derived.contains(version))
            .collect(),
        old_names,
        arguments,
        returns: wire_type::of_returned(method.output),
        raises: None,
    }
}

/// The arguments that are sent.
pub(super) fn sent<'m, 'a>(
    method: &'m check::Method<'a>,
) -> impl Iterator<Item = &'m check::Argument<'a>> {
    let sent = |role| matches!(role, check::Role::Sent | check::Role::Timeout);
    method
        .arguments
        .iter()
        .filter(move |argument| sent(argument.role))
}

fn argument(argument: &check::Argument<'_>) -> Argument {
    Argument {
        name: argument.wire.clone(),
        ty: wire_type::of(argument.parameter.ty),
        since: argument.since,
        until: argument.until,
        default: match &argument.default {
            Some(DefaultValue::Is(value)) => Some(text(value)),
            // The type of an `Option` or a `MaybeAbsent` implies the default.
            Some(DefaultValue::OfType) if !implies_default(argument.parameter.ty) => {
                Some("default".to_owned())
            }
            _ => None,
        },
        replaces: match &argument.below {
            // Without names, the older value has the argument's own name.
            check::Below::With { names, .. } if names.is_empty() => vec![argument.wire.clone()],
            check::Below::With { names, .. } => names.clone(),
            _ => Vec::new(),
        },
        old_names: old_names(&argument.old_names),
    }
}

fn implies_default(ty: &syn::Type) -> bool {
    check::is_option(ty) || check::maybe_absent(ty).is_some()
}

fn old_names(names: &[(Version, String)]) -> Vec<OldName> {
    let names = names.iter().map(|(before, name)| OldName {
        before: *before,
        name: name.clone(),
    });
    names.collect()
}
