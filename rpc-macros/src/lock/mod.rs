//! The interface lock: a file that records each release of an interface, and with which the trait is
//! compared.
//!
//! `form` is the recorded data. `of_trait` computes it from a trait, and `file` from the lock's text.
//! `compare` finds the changes. This module reads the file and reports the messages at the user's tokens. The
//! macro never writes a lock: a test in its expansion does, if `RPC_LOCK=bless` is set.

pub(crate) mod compare;
pub(crate) mod file;
mod form;
mod of_trait;
mod wire_type;

pub(crate) use file::quoted_if_needed;
pub(crate) use form::Structure;
pub(crate) use wire_type::{error_of, of as wire_type, value_of};

use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::LitStr;

use crate::attr::Version;
use crate::check::{self, Shown};
use crate::errors::Errors;
use compare::{Comparison, Part};
use file::{File, Release};
use form::Interface;

/// The package that a trait is compiled in.
pub(crate) struct Package {
    /// The root of the package. `None` without cargo.
    root: Option<PathBuf>,
    name: String,
    /// Whether locks are to be written.
    blessing: bool,
}

impl Package {
    pub(crate) fn of_this_build() -> Self {
        Self {
            root: std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from),
            name: std::env::var("CARGO_PKG_NAME").unwrap_or_default(),
            blessing: std::env::var_os("RPC_LOCK").is_some_and(|value| value == "bless"),
        }
    }

    #[cfg(test)]
    pub(crate) fn of_tests(root: PathBuf) -> Self {
        Self {
            root: Some(root),
            name: "rpc-tests".to_owned(),
            blessing: false,
        }
    }

    /// The command that writes the lock.
    fn command(&self) -> String {
        format!("RPC_LOCK=bless cargo test -p {} interface_lock", self.name)
    }
}

/// A trait's lock, for the expansion.
pub(crate) struct Lock {
    /// The path of the lock in the package.
    pub(crate) path: LitStr,
    /// Whether the file exists. If so, builds depend on it.
    pub(crate) exists: bool,
    pub(crate) command: String,
    /// The additions since the last release.
    pub(crate) additions: Vec<String>,
    /// The releases of the trait's major version, as [`summary`] encodes them.
    pub(crate) releases: String,
    /// The version of the last release of this major version.
    pub(crate) last: Option<Version>,
    /// The current version of the trait.
    pub(crate) version: Version,
    /// The released structures, in the order of their versions.
    pub(crate) types: Vec<(Version, Structure)>,
    /// The methods of the trait, in its order.
    pub(crate) methods: Vec<Recorded>,
    /// Whether the structures of all types must be known.
    pub(crate) strict: bool,
    /// The text of a new file, and the beginning of the section. `None` unless locks are to be written.
    pub(crate) release: Option<[String; 2]>,
}

/// A method in relation to the lock.
pub(crate) struct Recorded {
    /// The first version of this major version that has the method.
    pub(crate) since: Version,
    /// The name of the error in the last release.
    pub(crate) raises: Option<String>,
    /// The text to record. Empty unless locks are to be written.
    pub(crate) text: String,
    /// Whether the method differs from the last release.
    pub(crate) is_new: bool,
}

/// Compares a trait with its lock. If there are other mistakes, nothing is compared.
pub(crate) fn check(
    errors: &Errors,
    interface: &check::Interface<'_>,
    package: &Package,
) -> Option<Lock> {
    let path = interface.lock.as_ref()?;
    errors.turn_to(0);
    let Some(root) = &package.root else {
        errors.at(
            path,
            "`lock` must be within a package: build with cargo, or set CARGO_MANIFEST_DIR to its root",
        );
        return None;
    };
    let text = match read(&path.value(), root, package) {
        Ok(text) => text,
        Err(message) => {
            errors.at(path, message);
            return None;
        }
    };
    let file = match text.as_deref().map(file::parse).transpose() {
        Ok(file) => file.unwrap_or_default(),
        Err(damage) => {
            errors.at(path, damaged(path, &damage, package));
            return None;
        }
    };
    if errors.count() > 0 {
        return None;
    }
    let version = of_trait::version(interface);
    let mut now = of_trait::interface(interface);
    let released = file.interface_at((version.0, u32::MAX, u32::MAX));
    if let Some((_, released)) = &released {
        now.copy_error_names_from(released);
    }
    let compared = match &released {
        Some((last, released)) => {
            if released.address.name != now.address.name {
                errors.at(
                    path,
                    another(path, &released.address.name, &now.address.name),
                );
                return None;
            }
            let stated: Vec<_> = (interface.methods.iter())
                .map(|method| method.stated)
                .collect();
            compare::compare((*last, released), (version, &now), &stated)
        }
        None => Comparison {
            violations: Vec::new(),
            additions: vec![format!(
                "version {} is the first of its major",
                Shown(version)
            )],
        },
    };
    for (part, message) in compared.violations {
        report(errors, interface, part, message);
    }
    let released_form = released.as_ref().map(|(_, released)| released);
    let recorded = now.methods.iter().map(|method| Recorded {
        since: method.since_in(version.0),
        raises: method.raises.clone(),
        text: if package.blessing {
            file::print_method(method)
        } else {
            String::new()
        },
        is_new: released_form.is_none_or(|released| !released.methods.contains(method)),
    });
    let types = file.of_major(version.0).flat_map(|release| {
        let types = release.types.iter().cloned();
        types.map(|structure| (release.version, structure))
    });
    let address = match released_form {
        None => file::print_address(&now.address),
        Some(_) => String::new(),
    };
    Some(Lock {
        path: path.clone(),
        exists: text.is_some(),
        command: package.command(),
        additions: compared.additions,
        releases: summary(&file, version.0),
        last: released.as_ref().map(|(last, _)| *last),
        version,
        types: types.collect(),
        methods: recorded.collect(),
        strict: interface.strict,
        release: (package.blessing).then(|| [header(&now, package), address]),
    })
}

/// Reads the text of the lock. `None` if the file is missing and is to be written.
fn read(path: &str, root: &Path, package: &Package) -> Result<Option<String>, String> {
    let inside = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if path.is_empty() || !Path::new(path).components().all(inside) {
        return Err("`lock` must be a path within the package, because the lock is published with the package: write `lock = \"rpc/inventory.lock\"`".to_owned());
    }
    match fs::read_to_string(root.join(path)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound && package.blessing => Ok(None),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(format!(
            "the lock `{path}` must exist, because the trait is compared with its releases: write it with `{}`, and commit it",
            package.command()
        )),
        Err(error) => Err(format!(
            "the lock `{path}` must be a file that can be read: {error}"
        )),
    }
}

/// The message for a malformed lock. It must not advise to write the lock again, because that would lose the
/// releases.
fn damaged(path: &LitStr, damage: &file::Damage, package: &Package) -> String {
    let (path, line) = (path.value(), damage.line);
    if damage.in_conflict {
        return format!(
            "the lock `{path}` must be merged, because line {line} is a conflict marker: keep the sections that were released, and then write the others with `{}`",
            package.command()
        );
    }
    format!(
        "line {line} of the lock `{path}` is malformed: {}. Restore the file from version control",
        damage.message
    )
}

fn another(path: &LitStr, locked: &str, name: &str) -> String {
    format!(
        "`{name}` must have a lock of its own: `{}` is the lock of `{locked}`. Name another file; if the trait was renamed, rename it there too",
        path.value()
    )
}

/// Reports a message at the user's tokens.
fn report(errors: &Errors, interface: &check::Interface<'_>, part: Part, message: String) {
    // At the option if the trait has it, or else at the trait's name.
    let at_trait = |option: Option<TokenStream>| {
        let name = || interface.original.ident.to_token_stream();
        errors.at(option.unwrap_or_else(name), &message);
    };
    let value = |text: Option<&LitStr>| text.map(ToTokens::to_token_stream);
    let (method, argument) = match part {
        Part::Trait => return at_trait(None),
        Part::Topic => return at_trait(value(interface.topic.as_ref())),
        Part::Exchange => return at_trait(value(interface.exchange.as_ref())),
        Part::Namespace => return at_trait(value(interface.namespace.as_ref())),
        Part::Version => return at_trait(interface.version_option.cloned()),
        Part::Method(method) => (method, None),
        Part::Argument(method, argument) => (method, Some(argument)),
    };
    let method = &interface.methods[method];
    match argument.and_then(|argument| of_trait::sent(method).nth(argument)) {
        Some(argument) => errors.at(&argument.parameter.ident, message),
        None => errors.at(&method.original.sig.ident, message),
    }
}

/// The header of a new lock.
fn header(now: &Interface, package: &Package) -> String {
    format!(
        "# The interface `{}`, as it was released. The compiler compares the trait with it.\n# Commit this file. Do not edit it: `{}` writes it.\n",
        now.address.name,
        package.command()
    )
}

/// The names in each release, one in each line, for the runtime's `lock`: `[` is a version, `m` a method, `o`
/// another name of the method, `r` a required argument, and `a` an optional argument.
fn summary(file: &File, major: u32) -> String {
    let mut text = String::new();
    let mut line = |mark: char, name: &str| {
        text.extend([mark, ' ']);
        text.extend(name.escape_default());
        text.push('\n');
    };
    for Release {
        version, methods, ..
    } in file.of_major(major)
    {
        line('[', &Shown(*version).to_string());
        for method in methods {
            line('m', &method.name);
            for old in &method.old_names {
                line('o', &old.name);
            }
            for argument in &method.arguments {
                let always = argument.since.is_none() && argument.until.is_none();
                // An argument with old names is sent under one of several names, so none of them alone is
                // required.
                let needed = always && !argument.is_optional() && argument.old_names.is_empty();
                line(if needed { 'r' } else { 'a' }, &argument.name);
                let old_names = argument.old_names.iter().map(|old| &old.name);
                for name in old_names.chain(&argument.replaces) {
                    line('a', name);
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod histories;
#[cfg(test)]
mod tests;
