//! The generated documentation: a paragraph about the wire for the client, and a line for each method.
//!
//! ```text
//! > Call `hosts` · since 2.3 · timeout 10 s · `limit` since 2.4, below: omitted
//! ```
//!
//! A method's line is a block quotation. A quotation ends every paragraph and list before it, so the line can
//! be a single attribute after the user's own documentation, without an empty line between them.

use std::time::Duration;

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt;

use crate::attr::{DefaultValue, Version};
use crate::check::{
    Argument, Below, Interface, Method, Mode, Role, Shown, Timing, is_option, maybe_absent,
};
use crate::types::text;

/// The lines of the client's documentation.
pub(super) fn of_client(interface: &Interface<'_>) -> Vec<String> {
    let name = plain(&interface.original.ident);
    let mut lines = vec![
        format!("The client of [`{name}`]: calls and casts its methods. Cheap to clone."),
        String::new(),
        format!("On the wire: {}.", address(interface)),
    ];
    if let Some(returned) = returned(interface) {
        lines.extend([String::new(), returned]);
    }
    lines
}

/// The address of the interface, and its versions.
fn address(interface: &Interface<'_>) -> String {
    let named = |what: &str, name: &Option<syn::LitStr>, none: &str| match name {
        Some(name) => format!("{what} {}", code(&name.value())),
        None => none.to_owned(),
    };
    let versions = interface.methods.iter().flat_map(|method| {
        let later = method.later_versions.iter();
        later.chain([&method.version]).copied()
    });
    let (lowest, highest) = (versions.clone().min(), versions.max());
    let lowest = lowest.unwrap_or(interface.version);
    let highest = highest.unwrap_or(interface.version);
    let versions = if lowest == highest {
        format!("version {}", Shown(lowest))
    } else {
        format!("versions {} to {}", Shown(lowest), Shown(highest))
    };
    let parts = [
        named(
            "topic",
            &interface.topic,
            "the topic that the client is created with",
        ),
        named(
            "exchange",
            &interface.exchange,
            "the transport's default exchange",
        ),
        named("namespace", &interface.namespace, "no namespace"),
        versions,
    ];
    parts.join(" · ")
}

/// The paragraph about calls and casts, if the interface has methods.
fn returned(interface: &Interface<'_>) -> Option<String> {
    // The name stays raw, because it is part of code.
    let example = &interface.methods.first()?.original.sig.ident;
    let has = |wanted: fn(Mode) -> bool| interface.methods.iter().any(|method| wanted(method.mode));
    let kinds = [
        ("Call", has(Mode::is_call)),
        ("Cast", has(|mode| !mode.is_call())),
    ];
    let kinds = kinds.into_iter().filter(|(_, used)| *used);
    let kinds: Vec<_> = kinds
        .map(|(kind, _)| link(&interface.krate, kind))
        .collect();
    Some(format!(
        "A method returns a {}, which does nothing yet: await it, or adjust it first, as in \
         `client.{example}(…).server(\"…\").await`.",
        kinds.join(" or a ")
    ))
}

fn link(krate: &TokenStream, kind: &str) -> String {
    // A path with `$crate` cannot be a link.
    if krate.to_string().contains('$') {
        return format!("`{kind}`");
    }
    format!("[`{kind}`]({}::client::{kind})", text(krate))
}

/// The line about a method. `alone` says that the user wrote no documentation, so that it need not be a
/// quotation.
pub(super) fn of_method(method: &Method<'_>, alone: bool) -> String {
    let kind = match method.mode {
        Mode::Call => "Call",
        Mode::Cast => "Cast",
        Mode::Fanout => "Cast to all servers",
        Mode::CallOrCast => "Call or cast",
    };
    let mut parts = vec![
        format!("{kind} {}", code(&method.wire)),
        format!("since {}", Shown(method.version)),
    ];
    parts.extend(changes(method));
    parts.extend(old_names(&method.old_names));
    parts.extend(method.timeout.iter().map(|time| timing("timeout", time)));
    parts.extend(
        method
            .monitor
            .iter()
            .map(|time| timing("monitor interval", time)),
    );
    if let Some(route) = method.route {
        let arguments: Vec<_> = route.arguments.iter().map(plain).collect();
        let route = format!("{}({})", text(&route.function), arguments.join(", "));
        parts.push(format!("destination from {}", code(&route)));
    }
    parts.extend(method.arguments.iter().filter_map(of_argument));
    let quoted = if alone { "" } else { "> " };
    format!(" {quoted}{}", parts.join(" · "))
}

/// The versions in which a method changed, except those that the line mentions with arguments and names.
fn changes(method: &Method<'_>) -> Option<String> {
    let old_names = |names: &[(Version, String)]| names.iter().map(|(before, _)| *before).collect();
    let mut told: Vec<Version> = old_names(&method.old_names);
    for argument in &method.arguments {
        told.extend(argument.since.into_iter().chain(argument.until));
        told.extend::<Vec<_>>(old_names(&argument.old_names));
    }
    let untold = method.later_versions.iter().rev();
    let untold = untold.filter(|version| !told.contains(version));
    let untold: Vec<_> = untold.map(|version| Shown(*version).to_string()).collect();
    (!untold.is_empty()).then(|| format!("changed in {}", untold.join(", ")))
}

fn old_names(names: &[(Version, String)]) -> Option<String> {
    let names: Vec<_> = names
        .iter()
        .map(|(before, name)| format!("{} before {}", code(name), Shown(*before)))
        .collect();
    (!names.is_empty()).then(|| names.join(", "))
}

fn timing(what: &str, timing: &Timing) -> String {
    let seconds = |time: &Duration| format!("{} s", time.as_secs_f64());
    match timing {
        Timing::Fixed(time) => format!("{what} {}", seconds(time)),
        Timing::Named(name, default) => format!("{what} {} ({})", code(name), seconds(default)),
        Timing::Argument(name) => format!("{what} of {} seconds", code(name)),
    }
}

/// The text about an argument, if it is not simply sent in every message.
fn of_argument(argument: &Argument<'_>) -> Option<String> {
    let own = plain(&argument.parameter.ident);
    match argument.role {
        Role::Sent | Role::Timeout => {}
        Role::Server => return Some(format!("{} names the server", code(&own))),
        Role::Topic => return Some(format!("{} names the topic", code(&own))),
        Role::Route => return Some(format!("{} is not sent", code(&own))),
    }
    let renamed = (argument.wire != own).then(|| format!(" as {}", code(&argument.wire)));
    let old = old_names(&argument.old_names).map(|old| format!(" ({old})"));
    let since = argument
        .since
        .map(|since| format!(" since {}", Shown(since)));
    let until = argument
        .until
        .map(|until| format!(" until {}", Shown(until)));
    let below = argument
        .since
        .map(|_| format!(", below: {}", below(argument)));
    let said: String = [renamed, old, since, until, below]
        .into_iter()
        .flatten()
        .collect();
    (!said.is_empty()).then(|| format!("{}{said}", code(&own)))
}

/// What is sent to servers that do not have the argument yet.
fn below(argument: &Argument<'_>) -> String {
    let ty = argument.parameter.ty;
    match (&argument.below, &argument.default) {
        (Below::Drop, _) => "omitted".to_owned(),
        (
            Below::With {
                function, names, ..
            },
            _,
        ) if names.is_empty() => {
            format!("the result of {}", code(&text(function)))
        }
        (Below::With { names, .. }, _) => {
            let names: Vec<_> = names.iter().map(|name| code(name)).collect();
            format!("as {}", names.join(", "))
        }
        (Below::Refuse, Some(DefaultValue::Is(value))) => {
            format!("refused unless {}", code(&text(value)))
        }
        (Below::Refuse, Some(DefaultValue::OfType)) if maybe_absent(ty).is_some() => {
            "refused unless absent".to_owned()
        }
        (Below::Refuse, Some(DefaultValue::OfType)) if is_option(ty) => {
            "refused unless `None`".to_owned()
        }
        (Below::Refuse, Some(DefaultValue::OfType)) => "refused unless the default".to_owned(),
        (Below::Refuse, None) => "refused".to_owned(),
    }
}

/// A name without `r#`.
pub(super) fn plain(name: &Ident) -> String {
    name.unraw().to_string()
}

/// A text as inline code. Line breaks are replaced, because an empty line would end the paragraph.
fn code(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}
