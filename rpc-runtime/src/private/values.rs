//! Requirements on the types of arguments. Each is a trait, so that the compiler's message names the
//! argument's type and what to do.

/// A type that an endpoint can lend to a method: it decodes the `Owned` form and passes a reference to it.
pub trait Lent {
    type Owned;

    fn lend(owned: &Self::Owned) -> &Self;
}

impl<T> Lent for T {
    type Owned = T;

    fn lend(owned: &T) -> &T {
        owned
    }
}

macro_rules! lent {
    ($($borrowed:ty => $owned:ty,)*) => {
        $(
            impl Lent for $borrowed {
                type Owned = $owned;

                fn lend(owned: &$owned) -> &$borrowed {
                    owned
                }
            }
        )*
    };
}

lent! {
    std::path::Path => std::path::PathBuf,
    std::ffi::OsStr => std::ffi::OsString,
    std::ffi::CStr => std::ffi::CString,
    serde_json::value::RawValue => Box<serde_json::value::RawValue>,
}

/// The `Default` of an argument's type.
pub fn default<T: HasDefault>() -> T {
    T::of_type()
}

/// A type with a `Default`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no default of its own",
    label = "the option `default` needs a type that implements `Default`",
    note = "implement `Default`, write `default = …`, or make the argument an `Option`"
)]
pub trait HasDefault {
    fn of_type() -> Self;
}

impl<T: Default> HasDefault for T {
    fn of_type() -> Self {
        T::default()
    }
}

/// Whether an argument equals its default, and so need not be sent.
pub fn equals<T: Comparable>(value: &T, default: &T) -> bool {
    value.equals(default)
}

/// A type whose values can be compared with its default.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be compared with its default",
    label = "the argument is compared with this default, so its type must implement `PartialEq`",
    note = "implement `PartialEq`, or make the argument an `Option`"
)]
pub trait Comparable {
    fn equals(&self, other: &Self) -> bool;
}

impl<T: PartialEq> Comparable for T {
    fn equals(&self, other: &Self) -> bool {
        self == other
    }
}

/// The owned form of an argument that names a topic or a server.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot name a topic or a server",
    label = "not a name",
    note = "use `&str`, `String`, or an `Option` of one"
)]
pub trait FromName {
    fn from_name(name: &str) -> Self;
}

impl FromName for String {
    fn from_name(name: &str) -> Self {
        name.to_owned()
    }
}

impl FromName for Option<String> {
    fn from_name(name: &str) -> Self {
        Some(name.to_owned())
    }
}
