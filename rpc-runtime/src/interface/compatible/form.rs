//! One form of a method: the arguments of its messages with a given stamp, and whether a method of another
//! interface accepts them.
//!
//! This mirrors the client's `TypedArgs` and the generated endpoint, and must change with them.

use super::names::has_name;
use super::types;
use super::violation::{Checked, Violation};
use crate::Version;
use crate::interface::text::same;
use crate::interface::{Argument, Below, Method, Role};

/// The messages for one method with one stamp.
pub(super) struct Form {
    method: &'static str,
    stamp: Version,
    arguments: &'static [Argument],
}

/// How a message contains one argument.
struct Sent {
    argument: &'static Argument,
    /// The name that the argument is sent under, if it is sent under one of its own names.
    own_name: Option<&'static str>,
    /// The names of the values that are sent instead.
    replacements: &'static [&'static str],
    /// Whether the argument's own value is sent. The type of a value that replaces it is not known.
    is_own_value: bool,
}

/// Whether the messages of a form contain an argument.
#[derive(Clone, Copy)]
enum Presence {
    Never,
    Sometimes,
    Always,
}

impl Form {
    pub(super) const fn new(method: &Method, stamp: Version) -> Self {
        Self {
            method: method.name_in(stamp),
            stamp,
            arguments: method.arguments(),
        }
    }

    pub(super) const fn is_served_by(&self, new: &Method) -> Checked {
        check!(self.check_sent(new));
        self.check_required(new)
    }

    /// Checks that `new` has each argument that is sent, with a compatible type.
    const fn check_sent(&self, new: &Method) -> Checked {
        let mut place = 0;
        while place < self.arguments.len() {
            let sent = self.sent(&self.arguments[place]);
            let mut index = 0;
            while let Some(name) = sent.name(index) {
                check!(self.check_accepted(new, name, sent.ty()));
                index += 1;
            }
            place += 1;
        }
        Ok(())
    }

    const fn check_accepted(
        &self,
        new: &Method,
        name: &'static str,
        ty: Option<&'static str>,
    ) -> Checked {
        let arguments = new.arguments();
        let mut index = 0;
        while index < arguments.len() {
            let argument = &arguments[index];
            if is_sent(argument) {
                match self.made_of(argument) {
                    // The older value has a type that is not described, so it is not compared.
                    Some([]) if has_name(argument.name(), argument.old_names(), name) => {
                        return Ok(());
                    }
                    Some(values) if lists(values, name) => return Ok(()),
                    None if has_name(argument.name(), argument.old_names(), name) => {
                        return self.check_type(argument, name, ty);
                    }
                    _ => {}
                }
            }
            index += 1;
        }
        Err(Violation::Argument {
            method: self.method,
            argument: name,
            stamp: self.stamp,
        })
    }

    const fn check_type(
        &self,
        new: &Argument,
        name: &'static str,
        ty: Option<&'static str>,
    ) -> Checked {
        match ty {
            Some(old) if !types::takes(new.ty(), old) => Err(Violation::Type {
                method: self.method,
                argument: name,
                old,
                new: new.ty(),
            }),
            _ => Ok(()),
        }
    }

    /// Checks that each argument that `new` requires is sent, and none is sent twice.
    const fn check_required(&self, new: &Method) -> Checked {
        let mut index = 0;
        while index < new.arguments().len() {
            let argument = &new.arguments()[index];
            if is_sent(argument) {
                check!(self.check_required_argument(argument));
            }
            index += 1;
        }
        Ok(())
    }

    const fn check_required_argument(&self, new: &Argument) -> Checked {
        let is_always_sent = match self.made_of(new) {
            Some(values @ [_, ..]) => self.all_are_sent(values),
            _ => match self.is_sent_once(new) {
                Ok(is_always_sent) => is_always_sent,
                Err(violation) => return Err(violation),
            },
        };
        if is_always_sent || can_be_absent(new) {
            return Ok(());
        }
        Err(Violation::Required {
            method: self.method,
            argument: new.name(),
            stamp: self.stamp,
        })
    }

    const fn is_sent_once(&self, new: &Argument) -> Result<bool, Violation> {
        let mut found = self.presence(new.name());
        let mut index = 0;
        while index < new.old_names().len() {
            found = match (found, self.presence(new.old_names()[index].name())) {
                (found, Presence::Never) | (Presence::Never, found) => found,
                _ => {
                    return Err(Violation::Twice {
                        method: self.method,
                        argument: new.name(),
                        stamp: self.stamp,
                    });
                }
            };
            index += 1;
        }
        Ok(matches!(found, Presence::Always))
    }

    const fn all_are_sent(&self, names: &[&str]) -> bool {
        let mut index = 0;
        while index < names.len() {
            if !matches!(self.presence(names[index]), Presence::Always) {
                return false;
            }
            index += 1;
        }
        true
    }

    const fn presence(&self, wanted: &str) -> Presence {
        let mut place = 0;
        while place < self.arguments.len() {
            let sent = self.sent(&self.arguments[place]);
            let mut index = 0;
            while let Some(name) = sent.name(index) {
                if same(name, wanted) {
                    return sent.presence();
                }
                index += 1;
            }
            place += 1;
        }
        Presence::Never
    }

    /// The names of the values from which the server computes `new`, for a message stamped below
    /// `new.since()`. An empty list means one older value, under a name of `new`. `None` if the server decodes
    /// `new` itself.
    ///
    /// If the list has names, the endpoint also accepts the argument itself. This check does not, so it is stricter
    /// than the endpoint.
    const fn made_of(&self, new: &Argument) -> Option<&'static [&'static str]> {
        match (new.since(), new.below()) {
            (Some(since), Below::With(names)) if self.stamp.is_below(since) => Some(names),
            _ => None,
        }
    }

    /// How the client sends the argument; see `TypedArgs`.
    const fn sent(&self, argument: &'static Argument) -> Sent {
        let nothing = Sent {
            argument,
            own_name: None,
            replacements: &[],
            is_own_value: false,
        };
        if !is_sent(argument) {
            return nothing;
        }
        match (argument.since(), argument.until()) {
            (Some(since), _) if self.stamp.is_below(since) => match argument.below() {
                Below::Refuse | Below::Drop => nothing,
                Below::With([]) => Sent {
                    own_name: Some(argument.name_in(self.stamp)),
                    ..nothing
                },
                Below::With(replacements) => Sent {
                    replacements,
                    ..nothing
                },
            },
            (_, Some(until)) if !self.stamp.is_below(until) => nothing,
            _ => Sent {
                own_name: Some(argument.name_in(self.stamp)),
                is_own_value: true,
                ..nothing
            },
        }
    }
}

impl Sent {
    const fn name(&self, index: usize) -> Option<&'static str> {
        match self.own_name {
            Some(name) if index == 0 => Some(name),
            None if index < self.replacements.len() => Some(self.replacements[index]),
            _ => None,
        }
    }

    const fn ty(&self) -> Option<&'static str> {
        if self.is_own_value {
            Some(self.argument.ty())
        } else {
            None
        }
    }

    const fn presence(&self) -> Presence {
        let can_lack = if self.is_own_value {
            types::is_maybe_absent(self.argument.ty())
        } else {
            // The client does not compute a replacement for a default value.
            can_be_absent(self.argument)
        };
        if can_lack {
            Presence::Sometimes
        } else {
            Presence::Always
        }
    }
}

const fn is_sent(argument: &Argument) -> bool {
    match argument.role() {
        Role::Sent | Role::Timeout => true,
        Role::Server | Role::Topic | Role::Route => false,
    }
}

/// Whether the argument has a value when it is not sent.
const fn can_be_absent(argument: &Argument) -> bool {
    argument.default().is_some() || types::is_optional(argument.ty())
}

const fn lists(names: &[&str], wanted: &str) -> bool {
    let mut index = 0;
    while index < names.len() {
        if same(names[index], wanted) {
            return true;
        }
        index += 1;
    }
    false
}
