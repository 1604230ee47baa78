//! The generated test that a client under the cap of a release sends only what that release accepts.
//!
//! It reads the releases as the macro wrote them into the expansion, not the lock's file.

use super::super::{Argument, Below, Method, Role};
use super::Lock;
use crate::version::{ParseVersionError, Version};

impl Lock {
    /// Fails if a client under the cap of a release sends something that the release does not accept.
    ///
    /// # Panics
    ///
    /// When the test fails.
    pub fn sends_what_each_release_accepts(&self) {
        let mut mistakes = Vec::new();
        let mut known = Vec::new();
        for (version, changed) in releases(self.releases).unwrap_or_default() {
            for form in changed {
                known.retain(|other: &Form| !form.is_called(&other.names[0]));
                known.push(form);
            }
            for method in self.interface.methods() {
                mistakes.extend(not_accepted(method, version, &known));
            }
        }
        assert!(
            mistakes.is_empty(),
            "`{}` does not send what its releases accept: {}",
            self.interface.name(),
            mistakes.join("; ")
        );
    }
}

/// A method in a release. All names are escaped, as the macro writes them.
#[derive(Debug)]
struct Form {
    names: Vec<String>,
    needed: Vec<String>,
    accepted: Vec<String>,
}

impl Form {
    fn is_called(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }
}

/// Parses the releases as the macro wrote them: for each version, the methods that were added or changed.
fn releases(text: &str) -> Result<Vec<(Version, Vec<Form>)>, ParseVersionError> {
    let mut releases = Vec::new();
    for line in text.lines() {
        let (mark, name) = line.split_at(2);
        let name = name.to_owned();
        if mark == "[ " {
            releases.push((name.parse()?, Vec::new()));
            continue;
        }
        let Some((_, methods)) = releases.last_mut() else {
            continue;
        };
        if mark == "m " {
            methods.push(Form {
                names: vec![name],
                needed: Vec::new(),
                accepted: Vec::new(),
            });
            continue;
        }
        if let Some(form) = methods.last_mut() {
            match mark {
                "o " => form.names.push(name),
                "r " => form.needed.push(name),
                _ => form.accepted.push(name),
            }
        }
    }
    Ok(releases)
}

/// The mistakes in a method's message under the cap of a release: parts that the release does not accept.
fn not_accepted(method: &Method, cap: Version, known: &[Form]) -> Vec<String> {
    // The cap does not allow the method, so no message is sent.
    let Some(rung) = method.stamp(Some(cap)) else {
        return Vec::new();
    };
    let name = escaped(method.name_in(rung));
    let Some(form) = known.iter().find(|form| form.is_called(&name)) else {
        return vec![format!("{cap} has no method `{name}`")];
    };
    let mut sent = Sent::default();
    for argument in method.arguments() {
        sent.argument(argument, rung);
    }
    let is_known = |name: &&String| form.needed.contains(name) || form.accepted.contains(name);
    let unknown = (sent.always.iter().chain(&sent.sometimes))
        .filter(|name| !is_known(name))
        .map(|argument| format!("`{name}` of {cap} has no argument `{argument}`"));
    let missing = (form.needed.iter())
        .filter(|name| !sent.always.contains(name))
        .map(|argument| format!("`{name}` of {cap} needs the argument `{argument}`"));
    unknown.chain(missing).collect()
}

/// The names of the arguments in a message.
#[derive(Default)]
struct Sent {
    always: Vec<String>,
    sometimes: Vec<String>,
}

impl Sent {
    fn argument(&mut self, argument: &Argument, rung: Version) {
        if !matches!(argument.role(), Role::Sent | Role::Timeout) {
            return;
        }
        let may_be_left_out = argument.default().is_some() || is_a(argument.ty(), "Option");
        if argument.until().is_some_and(|until| rung >= until) {
            return;
        }
        if argument.since().is_none_or(|since| rung >= since) {
            let name = escaped(argument.name_in(rung));
            if is_a(argument.ty(), "MaybeAbsent") {
                self.sometimes.push(name);
            } else {
                self.always.push(name);
            }
            return;
        }
        if let Below::With(names) = argument.below() {
            let own = [argument.name_in(rung)];
            let names = if names.is_empty() { &own } else { names };
            let names = names.iter().map(|name| escaped(name));
            if may_be_left_out {
                self.sometimes.extend(names);
            } else {
                self.always.extend(names);
            }
        }
    }
}

/// Whether the type itself, and not only a part of it, is a `name<…>`.
fn is_a(ty: &str, name: &str) -> bool {
    let (path, _) = ty.split_once('<').unwrap_or_default();
    path.rsplit("::").next() == Some(name)
}

fn escaped(name: &str) -> String {
    name.escape_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interface::{Interface, Mode, OldName};

    const V24: Version = Version::new(2, 4);

    const METHODS: &[Method] = &[
        Method::new("host", Mode::Call, Version::new(2, 0))
            .with_later_versions(&[V24])
            .with_old_names(&[OldName::new(V24, "get_host")])
            .with_arguments(&[
                Argument::new("label", "&str").with_old_names(&[OldName::new(V24, "name")]),
                Argument::new("spec", "&Spec")
                    .with_since(V24)
                    .with_below(Below::With(&["size", "rack"])),
                Argument::new("late", "Option<u8>").with_since(V24),
                Argument::new("gone", "Option<u8>").with_until(V24),
                Argument::new("server", "&str").with_role(Role::Server),
            ]),
        Method::new("find", Mode::Call, V24),
    ];

    fn sent(releases: &'static str) -> Result<(), String> {
        const INTERFACE: &Interface = &Interface::new("Inventory", Version::new(2, 0), METHODS);
        let lock = Lock::new(INTERFACE, ["", ""], "", V24, &[], releases);
        std::panic::catch_unwind(|| lock.sends_what_each_release_accepts())
            .map_err(|panic| panic.downcast_ref::<String>().cloned().unwrap_or_default())
    }

    #[test]
    fn messages_that_each_release_accepts_pass() {
        let old = "[ 2.0\nm get_host\nr name\nr size\na rack\na gone\n";
        assert_eq!(sent(old), Ok(()));
        let both = "[ 2.0\nm get_host\nr name\nr size\na rack\na gone\n[ 2.4\nm host\no get_host\nr label\na name\na spec\na size\na rack\na late\na gone\nm find\n";
        assert_eq!(sent(both), Ok(()));
    }

    #[test]
    fn parts_that_a_release_does_not_accept_are_named() {
        for (releases, mistake) in [
            (
                "[ 2.0\nm host\nr name\nr size\na rack\na gone\n",
                "2.0 has no method `get_host`",
            ),
            (
                "[ 2.0\nm get_host\nr name\nr size\na gone\n",
                "`get_host` of 2.0 has no argument `rack`",
            ),
            (
                "[ 2.0\nm get_host\nr name\nr size\na rack\n",
                "`get_host` of 2.0 has no argument `gone`",
            ),
            (
                "[ 2.0\nm get_host\nr name\nr size\na rack\na gone\nr id\n",
                "`get_host` of 2.0 needs the argument `id`",
            ),
        ] {
            let message = sent(releases).unwrap_err();
            assert!(message.contains(mistake), "{message}");
        }
    }

    #[test]
    fn is_a_looks_at_the_outermost_type() {
        for (ty, name, is) in [
            ("Option<u8>", "Option", true),
            ("std::option::Option<&str>", "Option", true),
            ("Vec<Option<u8>>", "Option", false),
            ("MyOption<u8>", "Option", false),
            ("rpc_runtime::MaybeAbsent<u8>", "MaybeAbsent", true),
            ("u8", "Option", false),
        ] {
            assert_eq!(is_a(ty, name), is, "{ty}");
        }
    }
}
