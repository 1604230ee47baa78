//! What an argument's type must be able to do. Each is a trait so that the compiler can say what lacks it.

/// What a server lends: a value of the type itself, or of the type that owns such values.
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

/// The default of a type.
pub fn default<T: HasDefault>() -> T {
    T::of_type()
}

/// What has a default. It is a trait so that the compiler can say what has none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no default of its own",
    label = "this has a `default`, but not `Default`",
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

/// Whether an argument is what it is when it is not sent.
pub fn equals<T: Comparable>(value: &T, default: &T) -> bool {
    value.equals(default)
}

/// What can be compared with its default. It is a trait so that the compiler can say what can not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be compared with its default",
    label = "the argument is compared with this, and is not `PartialEq`",
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
