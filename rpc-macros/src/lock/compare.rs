//! Compares an interface with its last release, and decides whether the changes break peers of that release.
//!
//! A change is additive if it does not affect older peers. Most additions have a version above the release, so that
//! older peers never see them: a new method, an optional argument, a new name. A new default, a `call` that may also
//! be cast, and a longer list of versions need no new version. Every other change breaks a peer. The input is two
//! plain values, and the output is messages.

use super::form::{Address, Argument, Interface, Method, Mode, OldName};
use super::wire_type;
use crate::attr::Version;
use crate::check::{Shown, Stated};

/// The result of a comparison.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// Changes that are not allowed, with messages.
    pub(crate) violations: Vec<(Part, String)>,
    /// Additions, as short texts.
    pub(crate) additions: Vec<String>,
}

/// The part of the current interface that a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Trait,
    /// The trait's option `topic`.
    Topic,
    /// The trait's option `exchange`.
    Exchange,
    /// The trait's option `namespace`.
    Namespace,
    /// The trait's option `version`.
    Version,
    Method(usize),
    Argument(usize, usize),
}

/// Compares the current interface with the last release. Each has its version. `stated` says for each current method
/// where its version is written.
pub(crate) fn compare(
    (last, released): (Version, &Interface),
    (version, now): (Version, &Interface),
    stated: &[Stated],
) -> Comparison {
    let next = if version > last {
        version
    } else {
        (last.0, last.1.saturating_add(1), 0)
    };
    let mut comparing = Comparing {
        last,
        next,
        stated,
        found: Comparison::default(),
    };
    comparing.addresses(&released.address, &now.address);
    comparing.all_methods(released, now);
    if comparing.found.violations.is_empty() && version < last {
        let message = format!(
            "the interface must have at least version {}, which was released: its highest version is now {}, so put the missing version back",
            Shown(last),
            Shown(version)
        );
        comparing.found.violations.push((Part::Trait, message));
    }
    if version <= last {
        // These additions need no new version. They are recorded with the next release.
        comparing.found.additions.clear();
    }
    comparing.found
}

struct Comparing<'a> {
    last: Version,
    /// The lowest version that may have additions.
    next: Version,
    stated: &'a [Stated],
    found: Comparison,
}

/// A released method that now has another first version.
struct Moved<'a> {
    place: usize,
    name: &'a str,
    released: Version,
    now: Version,
}

impl Comparing<'_> {
    /// Where the version of the current method at this index is written.
    fn stated(&self, place: usize) -> Stated {
        let stated = self.stated.get(place).copied();
        stated.unwrap_or(Stated::OnTheMethod)
    }

    /// Reports that something must be as it was released. `must` has the form "`x` must …".
    fn broken(&mut self, place: Part, must: &str) {
        let message = format!(
            "{must}, as when {} was released: put it back, or declare version {}.0 in a trait of its own",
            Shown(self.last),
            self.last.0.saturating_add(1)
        );
        self.wrong(place, message);
    }

    fn wrong(&mut self, place: Part, message: String) {
        self.found.violations.push((place, message));
    }

    fn addition(&mut self, addition: String) {
        self.found.additions.push(addition);
    }

    fn addresses(&mut self, released: &Address, now: &Address) {
        for (part, what, released, now) in [
            (Part::Topic, "topic", &released.topic, &now.topic),
            (
                Part::Exchange,
                "exchange",
                &released.exchange,
                &now.exchange,
            ),
            (
                Part::Namespace,
                "namespace",
                &released.namespace,
                &now.namespace,
            ),
        ] {
            if released != now {
                let must = match released {
                    Some(value) => format!("the {what} must be `{value}`"),
                    None => format!("the interface must have no {what}"),
                };
                self.broken(part, &must);
            }
        }
    }

    fn all_methods(&mut self, released: &Interface, now: &Interface) {
        let name = |method: &Method| method.name.clone();
        let matches = Matches::new(&released.methods, &now.methods, Method::was, name);
        for &(old, place) in &matches.both {
            self.method(&released.methods[old], place, &now.methods[place]);
        }
        self.first_versions(&matches.both, released, now);
        let mut added = matches.added;
        for old in matches.removed.iter().map(|old| &released.methods[*old]) {
            let same = |place: &usize| now.methods[*place].equals_except_name(old);
            match only(&added, same) {
                Some(place) => {
                    added.retain(|other| *other != place);
                    self.renamed(Part::Method(place), &now.methods[place].name, &old.name, "");
                }
                None => {
                    let (trait_name, name) = (&now.address.name, &old.name);
                    self.broken(
                        Part::Trait,
                        &format!("`{trait_name}` must have the method `{name}`"),
                    );
                }
            }
        }
        for place in added {
            let method = &now.methods[place];
            let name = &method.name;
            if method.since_in(self.last.0) <= self.last {
                let (last, next) = (Shown(self.last), Shown(self.next));
                let advice = match self.stated(place) {
                    Stated::Listed if method.since.0 == self.last.0 => {
                        format!("list {next} as the last of its `versions`")
                    }
                    Stated::Listed => format!(
                        "list {next} as the last version of major {} in its `versions`",
                        self.last.0
                    ),
                    Stated::OnTheTrait | Stated::OnTheMethod => {
                        format!("write `#[rpc(version = \"{next}\")]` on it")
                    }
                };
                let message = format!("`{name}` was added after {last} was released: {advice}");
                self.wrong(Part::Method(place), message);
            }
            self.addition(format!("`{name}` is new"));
        }
    }

    /// Each released method must have its first version. If the trait's `version` is the cause, that is one mistake,
    /// not one of each method.
    fn first_versions(&mut self, both: &[(usize, usize)], released: &Interface, now: &Interface) {
        let methods = both.iter().map(|&(old, place)| Moved {
            place,
            name: &now.methods[place].name,
            released: released.methods[old].since,
            now: now.methods[place].since,
        });
        let (of_the_trait, own): (Vec<_>, Vec<_>) =
            methods.partition(|method| self.stated(method.place) == Stated::OnTheTrait);
        let rest = match wrong_version(&of_the_trait) {
            Some(version) => {
                let advice = if of_the_trait[0].now > version {
                    ", and write the new version on what is new"
                } else {
                    ""
                };
                let names: Vec<_> = of_the_trait.iter().map(|method| method.name).collect();
                let message = format!(
                    "the trait's `version` must be {}, as when {} was released, since it is the version of {}: put it back{advice}",
                    Shown(version),
                    Shown(self.last),
                    enumerated(&names)
                );
                self.wrong(Part::Version, message);
                Vec::new()
            }
            None => of_the_trait,
        };
        for method in rest.iter().chain(&own) {
            self.first_version(method);
        }
    }

    fn first_version(&mut self, method: &Moved<'_>) {
        if method.released == method.now {
            return;
        }
        let version = Shown(method.released);
        let advice = match self.stated(method.place) {
            Stated::Listed => format!("list {version} as the last of its `versions`"),
            Stated::OnTheTrait | Stated::OnTheMethod => {
                format!("write `#[rpc(version = \"{version}\")]` on it")
            }
        };
        let message = format!(
            "`{}` must have been added in {version}, as in the release {}, not in {}: {advice}",
            method.name,
            Shown(self.last),
            Shown(method.now)
        );
        self.wrong(Part::Method(method.place), message);
    }

    fn method(&mut self, released: &Method, place: usize, now: &Method) {
        let at = Part::Method(place);
        let name = &now.name;
        if released.mode != now.mode {
            // A server treats both in the same way.
            if (released.mode, now.mode) == (Mode::Call, Mode::CallOrCast) {
                self.addition(format!("`{name}` may be cast"));
            } else {
                let mode = match released.mode {
                    Mode::Call => "a call",
                    Mode::Cast => "a cast",
                    Mode::Fanout => "a fanout",
                    Mode::CallOrCast => "a call that may be cast",
                };
                self.broken(at, &format!("`{name}` must be {mode}"));
            }
        }
        if released.returns != now.returns {
            let [released, now] = [released, now]
                .map(|method| method.returns.clone().unwrap_or_else(|| "()".to_owned()));
            self.broken(
                at,
                &format!("`{name}` must return `{released}`, not `{now}`"),
            );
        }
        if released.changed != now.changed {
            self.addition(format!("the versions of `{name}` changed"));
        }
        let old_names = [&released.old_names[..], &now.old_names];
        self.old_names(at, [&released.name, name], old_names, "");
        self.arguments(released, place, now);
    }

    fn arguments(&mut self, released: &Method, place: usize, now: &Method) {
        let name = |argument: &Argument| argument.name.clone();
        let (old, new) = (&released.arguments, &now.arguments);
        let matches = Matches::new(old, new, Argument::has_old_name, name);
        for &(index, argument) in &matches.both {
            let at = Part::Argument(place, argument);
            self.argument(at, &now.name, &old[index], &new[argument]);
        }
        let mut added = matches.added;
        let of = format!(" of `{}`", now.name);
        for gone in matches.removed.iter().map(|index| &old[*index]) {
            // An argument that was already released is also sent to servers that still expect the removed argument.
            // So only an argument that was added after the release can replace it.
            let takes_its_place = |argument: &Argument| {
                argument.replaces.contains(&gone.name)
                    && argument.since.is_some_and(|since| since > self.last)
            };
            if new.iter().any(takes_its_place) {
                continue;
            }
            let same = |argument: &usize| new[*argument].equals_except_name(gone);
            match only(&added, same) {
                Some(argument) => {
                    added.retain(|other| *other != argument);
                    let at = Part::Argument(place, argument);
                    self.renamed(at, &new[argument].name, &gone.name, &of);
                }
                None => {
                    let message = format!(
                        "`{}` must have the argument `{}`, as when {} was released: put it back, with `#[rpc(until = \"{}\")]` if later servers do without it",
                        now.name,
                        gone.name,
                        Shown(self.last),
                        Shown(self.next)
                    );
                    self.wrong(Part::Method(place), message);
                }
            }
        }
        for argument in added {
            self.new_argument(Part::Argument(place, argument), now, &new[argument]);
        }
    }

    fn new_argument(&mut self, at: Part, method: &Method, argument: &Argument) {
        let (name, method) = (&argument.name, &method.name);
        if argument.since.is_none_or(|since| since <= self.last) {
            let default = if argument.is_optional() {
                ""
            } else {
                ", and give it a `default`, or make it an `Option`"
            };
            let message = format!(
                "`{name}` was added to `{method}` after {} was released: write `#[rpc(since = \"{}\")]` on it{default}",
                Shown(self.last),
                Shown(self.next)
            );
            self.wrong(at, message);
        }
        self.addition(format!("`{name}` of `{method}` is new"));
    }

    fn argument(&mut self, at: Part, method: &str, released: &Argument, now: &Argument) {
        let name = format!("`{}` of `{method}`", now.name);
        let is_new = now.since.is_some_and(|since| since > self.last);
        if is_new && now.replaces.contains(&released.name) {
            return self.addition(format!("{name} replaces the released argument"));
        }
        if !wire_type::are_equal(&released.ty, &now.ty) {
            let must = format!(
                "{name} must be of the type `{}`, not `{}`",
                released.ty, now.ty
            );
            self.broken(at, &must);
        }
        if released.since != now.since {
            let message = match released.since {
                Some(since) => format!(
                    "{name} must have been added in {since}, as in the release {}: write `since = \"{since}\"`",
                    Shown(self.last),
                    since = Shown(since)
                ),
                None => format!(
                    "{name} must be in the first version of the method, as in the release {}: remove its `since`",
                    Shown(self.last)
                ),
            };
            self.wrong(at, message);
        }
        match (released.until, now.until) {
            (released, now) if released == now => {}
            (Some(until), _) => {
                let message = format!(
                    "{name} must exist until {until}, as in the release {}: write `until = \"{until}\"`",
                    Shown(self.last),
                    until = Shown(until)
                );
                self.wrong(at, message);
            }
            (None, now) => {
                if now.is_some_and(|until| until <= self.last) {
                    let message = format!(
                        "{name} was there when {} was released, and can end only in a later version: write `until = \"{}\"`",
                        Shown(self.last),
                        Shown(self.next)
                    );
                    self.wrong(at, message);
                }
                self.addition(format!("{name} has an `until`"));
            }
        }
        match (&released.default, &now.default) {
            (released, now) if released == now => {}
            // A message without such an argument means `None`.
            (None, Some(_)) if wire_type::is_optional(&released.ty) => {
                self.broken(at, &format!("{name} must have no `default`"));
            }
            (None, Some(_)) => self.addition(format!("{name} has a default")),
            (Some(default), _) => {
                self.broken(at, &format!("{name} must have the default `{default}`"));
            }
            (None, None) => {}
        }
        for replaced in &released.replaces {
            if !now.replaces.contains(replaced) {
                let must = format!("{name} must take the place of `{replaced}`");
                self.broken(at, &must);
            }
        }
        let of = format!(" of `{method}`");
        let old_names = [&released.old_names[..], &now.old_names];
        self.old_names(at, [&released.name, &now.name], old_names, &of);
    }

    /// A renamed item must keep its old name for released peers.
    fn old_names(
        &mut self,
        at: Part,
        [was, name]: [&str; 2],
        [released, now]: [&[OldName]; 2],
        of: &str,
    ) {
        for old in released.iter().filter(|old| !now.contains(old)) {
            let message = format!(
                "`{name}`{of} must have its old name, as when {} was released: write `#[rpc(name_before(\"{}\", \"{}\"))]` on it",
                Shown(self.last),
                Shown(old.before),
                old.name
            );
            self.wrong(at, message);
        }
        let mut early = false;
        for new in now.iter().filter(|new| !released.contains(new)) {
            if new.before <= self.last && !early {
                early = true;
                let message = format!(
                    "`{name}`{of} was `{was}` when {} was released, and can have another name only in a later version: write `#[rpc(name_before(\"{}\", \"{was}\"))]` on it",
                    Shown(self.last),
                    Shown(self.next)
                );
                self.wrong(at, message);
            }
            self.addition(format!("`{name}`{of} was `{}`", new.name));
        }
    }

    fn renamed(&mut self, at: Part, name: &str, was: &str, of: &str) {
        let message = format!(
            "`{name}`{of} was `{was}` on the wire when {} was released: write `#[rpc(name_before(\"{}\", \"{was}\"))]` on it, or keep it with `#[rpc(name = \"{was}\")]`",
            Shown(self.last),
            Shown(self.next)
        );
        self.wrong(at, message);
    }
}

/// Released items matched with current items, by index.
struct Matches {
    both: Vec<(usize, usize)>,
    removed: Vec<usize>,
    added: Vec<usize>,
}

impl Matches {
    fn new<T>(
        released: &[T],
        now: &[T],
        has_old_name: impl Fn(&T, &str) -> bool,
        name: impl Fn(&T) -> String,
    ) -> Self {
        let mut added: Vec<usize> = (0..now.len()).collect();
        let (mut both, mut removed) = (Vec::new(), Vec::new());
        for (index, thing) in released.iter().enumerate() {
            let wanted = name(thing);
            let same = added.iter().find(|place| name(&now[**place]) == wanted);
            let known = || {
                added
                    .iter()
                    .find(|place| has_old_name(&now[**place], &wanted))
            };
            match same.or_else(known).copied() {
                Some(place) => {
                    added.retain(|other| *other != place);
                    both.push((index, place));
                }
                None => removed.push(index),
            }
        }
        Self {
            both,
            removed,
            added,
        }
    }
}

/// The released first version of all methods without a version of their own, if the trait's `version` is another. A
/// lower version of a single method is more likely a version that the method has lost.
fn wrong_version(of_the_trait: &[Moved<'_>]) -> Option<Version> {
    let first = of_the_trait.first()?;
    let is_wrong =
        |method: &Moved<'_>| method.released == first.released && method.released != method.now;
    let is_likely = of_the_trait.len() > 1 || first.now > first.released;
    (is_likely && of_the_trait.iter().all(is_wrong)).then_some(first.released)
}

/// The names in a sentence: the first three, and how many others there are.
fn enumerated(names: &[&str]) -> String {
    let shown = if names.len() > 4 { 3 } else { names.len() };
    let mut parts: Vec<_> = (names[..shown].iter())
        .map(|name| format!("`{name}`"))
        .collect();
    if shown < names.len() {
        parts.push(format!("{} other methods", names.len() - shown));
    }
    let last = parts.pop().unwrap_or_default();
    if parts.is_empty() {
        last
    } else {
        format!("{} and {last}", parts.join(", "))
    }
}

/// The only index for which `holds` is true, if there is exactly one.
fn only(places: &[usize], holds: impl Fn(&usize) -> bool) -> Option<usize> {
    let mut those = places.iter().filter(|place| holds(place));
    let first = those.next();
    first.filter(|_| those.next().is_none()).copied()
}

fn knows(old_names: &[OldName], name: &str) -> bool {
    old_names.iter().any(|old| old.name == name)
}

impl Method {
    /// The first version of a major version that has the method. The method may have been added in another
    /// major version.
    pub(super) fn since_in(&self, major: u32) -> Version {
        let mut versions = self.changed.clone();
        versions.extend(self.old_names.iter().map(|old| old.before));
        for argument in &self.arguments {
            versions.extend(argument.since.iter().chain(&argument.until));
            versions.extend(argument.old_names.iter().map(|old| old.before));
        }
        versions.push(self.since);
        let of_the_major = versions.into_iter().filter(|version| version.0 == major);
        of_the_major.min().unwrap_or(self.since)
    }

    /// Whether the two methods are equal except for their names.
    fn equals_except_name(&self, other: &Self) -> bool {
        Self {
            name: other.name.clone(),
            raises: other.raises.clone(),
            ..self.clone()
        } == *other
    }
}

impl Argument {
    fn has_old_name(&self, name: &str) -> bool {
        knows(&self.old_names, name)
    }

    fn equals_except_name(&self, other: &Self) -> bool {
        let name = other.name.clone();
        Self {
            name,
            ..self.clone()
        } == *other
    }
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
