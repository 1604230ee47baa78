//! Selects the form and the version of a typed request. Pure functions.

use crate::interface::Method;
use crate::{Error, Version};

/// The rung (the version that determines the message's form), and the version that the message is stamped
/// with.
///
/// The two differ only if the caller asked for a version in which the method's form did not change: the stamp
/// is then the caller's version. Within one major version, no message is stamped below the version that
/// introduced its method, because no server of a lower version has the method.
pub(super) fn rung(
    method: &Method,
    asked: Option<Version>,
    cap: Option<Version>,
) -> crate::Result<(Version, Version)> {
    let takes = |limit: Option<Version>, version| Version::compatible(limit, Some(version));
    let rung = method
        .versions()
        .find(|version| takes(cap, *version) && takes(asked, *version))
        .unwrap_or_else(|| nearest(method, asked, cap));
    let stamp = match asked {
        Some(asked) if asked.major() == rung.major() => asked.max(rung),
        Some(asked) => asked,
        None => rung,
    };
    match cap {
        Some(cap) if !takes(Some(cap), stamp) => Err(Error::VersionCap {
            method: method.name().to_owned(),
            argument: None,
            requested: Some(stamp),
            cap,
        }),
        _ => Ok((rung, stamp)),
    }
}

/// The rung to use if none is compatible with `asked` and `cap`. Returns the first of these that exists:
///
/// - the newest rung below `asked`;
/// - the lowest rung of the cap's major version, so that the error names the lowest cap that suffices;
/// - the method's first version.
fn nearest(method: &Method, asked: Option<Version>, cap: Option<Version>) -> Version {
    let below = asked.and_then(|asked| method.versions().find(|version| *version < asked));
    let of_the_major = cap.and_then(|cap| {
        let versions = method.versions();
        versions
            .filter(|version| version.major() == cap.major())
            .last()
    });
    below.or(of_the_major).unwrap_or(method.version())
}
