//! The rules for versions, and the versions in which a method's form changed.
//!
//! These versions are a method's *rungs*. They are derived from the versions that its arguments and names
//! mention, or are listed in `versions(…)`. The version that a message carries is called its stamp.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;

use crate::attr::{MethodOptions, Set, TraitOptions, Version};
use crate::errors::Errors;

/// The versions with which the messages of a method are stamped.
pub(super) struct Ladder {
    pub(super) lowest: Version,
    /// The rungs above the lowest: listed, or mentioned so far.
    rungs: BTreeSet<Version>,
    pub(super) stated: Stated,
    /// Whether the lowest version is known. If not, no version is compared with it.
    known: bool,
}

impl Ladder {
    pub(super) fn new(errors: &Errors, options: &MethodOptions, interface: &TraitOptions) -> Self {
        let interface_has_version = interface.version.is_set();
        let interface = interface.version.get().copied().unwrap_or((1, 0, 0));
        let mut rungs = BTreeSet::new();
        let Some(versions) = &options.versions.0 else {
            let fits = options
                .version
                .0
                .as_ref()
                .is_none_or(|set| same_major(errors, set, interface, interface_has_version));
            return Self {
                lowest: options.version.get().copied().unwrap_or(interface),
                rungs,
                stated: if options.version.is_set() {
                    Stated::OnTheMethod
                } else {
                    Stated::OnTheTrait
                },
                known: fits
                    && if options.version.is_meant() || options.versions.is_meant() {
                        options.version.is_set()
                    } else {
                        interface_has_version
                    },
            };
        };
        if options.version.is_set() {
            errors.at(
                &versions.tokens,
                "`versions` must not be combined with `version`: remove one of them",
            );
        }
        let listed = &versions.value;
        for (higher, lower) in listed.iter().zip(listed.iter().skip(1)) {
            if lower.value >= higher.value {
                errors.at(
                    &lower.tokens,
                    "`versions` must list each version once, the highest first: put this one elsewhere",
                );
            }
        }
        if let Some(highest) = listed.iter().max_by_key(|set| set.value) {
            same_major(errors, highest, interface, interface_has_version);
        }
        let lowest = listed.iter().map(|set| set.value).min();
        let lowest = lowest.unwrap_or(interface);
        rungs.extend((listed.iter().map(|set| set.value)).filter(|version| *version != lowest));
        Self {
            lowest,
            rungs,
            stated: Stated::Listed,
            known: true,
        }
    }

    /// Adds a version in which something changes. It must be above the lowest: a change at or below the
    /// lowest would never have an effect.
    pub(super) fn change(
        &mut self,
        errors: &Errors,
        option: &str,
        version: Version,
        tokens: &TokenStream,
    ) {
        let lowest = Shown(self.lowest);
        if !self.known {
            return;
        }
        let is_listed = self.stated == Stated::Listed;
        if version <= self.lowest {
            let message = match self.stated {
                // A newcomer may have raised the trait's `version` for a release.
                Stated::OnTheTrait => format!(
                    "`{option}` must be above {lowest}, the trait's `version`, since no message of its method has an older version: raise it, remove it, or lower the trait's `version`"
                ),
                Stated::OnTheMethod | Stated::Listed => format!(
                    "`{option}` must be above {lowest}, the lowest version of its method, since no message has an older version: raise it, or remove it"
                ),
            };
            errors.at(tokens, message);
        } else if is_listed && !self.rungs.contains(&version) {
            let message =
                format!("`{option}` must be one of the method's `versions`: list it there");
            errors.at(tokens, message);
        } else if !is_listed && version.0 != self.lowest.0 {
            let message = format!(
                "`{option}` must have the method's major version, {}: change it, or list all versions in which the method is sent, as `versions(\"{}\", …, \"{lowest}\")`",
                self.lowest.0,
                Shown(version)
            );
            errors.at(tokens, message);
        } else {
            self.rungs.insert(version);
        }
    }

    /// The rungs above the lowest, highest first.
    pub(super) fn later(&self) -> Vec<Version> {
        self.rungs.iter().rev().copied().collect()
    }
}

/// Reports a version of another major than the interface's, because an endpoint implements one major version.
/// Returns false in that case.
fn same_major(errors: &Errors, set: &Set<Version>, interface: Version, has_version: bool) -> bool {
    let fits = !has_version || set.value.0 == interface.0;
    if !fits {
        let message = format!(
            "the version must have the interface's major version, {}: declare another major version in a trait of its own",
            interface.0
        );
        errors.at(&set.tokens, message);
    }
    fits
}

/// Where the lowest version of a method is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stated {
    /// In the trait's `version`.
    OnTheTrait,
    /// In the method's `version`.
    OnTheMethod,
    /// In the method's `versions(…)`.
    Listed,
}

/// Displays a version.
pub(crate) struct Shown(pub(crate) Version);

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (major, minor, revision) = self.0;
        write!(f, "{major}.{minor}")?;
        if revision > 0 {
            write!(f, ".{revision}")?;
        }
        Ok(())
    }
}
