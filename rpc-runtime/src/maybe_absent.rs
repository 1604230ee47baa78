//! [`MaybeAbsent`]: an argument that may be left out of a message. On the wire, absent and null are
//! different.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Error as _, Serialize, Serializer};

/// The name that `MaybeAbsent` passes to `deserialize_newtype_struct`. The deserializer of an argument that
/// was not sent recognises `MaybeAbsent` by it.
pub(crate) const MAYBE_ABSENT: &str = "$rpc_runtime::MaybeAbsent";

/// An argument that may be left out of the message. `MaybeAbsent<Option<T>>` distinguishes an argument that
/// was left out from one that is null.
///
/// Use it for Python methods with a default that is not `None`, and for those that detect a missing
/// argument by a sentinel. It must be the whole type of an argument, and the trait must spell it
/// `MaybeAbsent<…>`: a part of a value cannot be absent.
///
/// ```
/// use rpc_runtime::{Context, MaybeAbsent, Result, rpc_client};
///
/// #[rpc_client(topic = "inventory", version = "2.0")]
/// trait Inventory {
///     /// Keeps the owner, removes it, or sets it.
///     async fn update(&self, ctxt: &Context, id: u32, owner: MaybeAbsent<Option<String>>) -> Result<()>;
/// }
///
/// # async fn calls(inventory: InventoryClient, ctxt: Context) -> Result<()> {
/// inventory.update(&ctxt, 1, MaybeAbsent::Absent).await?; // {"id":1}
/// inventory.update(&ctxt, 1, MaybeAbsent::Given(None)).await?; // {"id":1,"owner":null}
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MaybeAbsent<T> {
    /// The argument is not in the message.
    #[default]
    Absent,
    /// The argument is in the message, with this value.
    Given(T),
}

impl<T> MaybeAbsent<T> {
    /// Whether the argument is absent.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The value, if there is one.
    pub fn given(self) -> Option<T> {
        match self {
            Self::Absent => None,
            Self::Given(value) => Some(value),
        }
    }

    /// A reference to the value, if there is one.
    pub fn as_ref(&self) -> MaybeAbsent<&T> {
        match self {
            Self::Absent => MaybeAbsent::Absent,
            Self::Given(value) => MaybeAbsent::Given(value),
        }
    }

    /// The target of the value's `Deref`, if there is a value: a `&str` for a `String`.
    pub fn as_deref(&self) -> MaybeAbsent<&T::Target>
    where
        T: Deref,
    {
        self.as_ref().map(Deref::deref)
    }

    /// Applies `f` to the value, if there is one.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> MaybeAbsent<U> {
        match self {
            Self::Absent => MaybeAbsent::Absent,
            Self::Given(value) => MaybeAbsent::Given(f(value)),
        }
    }
}

impl<T> From<T> for MaybeAbsent<T> {
    fn from(value: T) -> Self {
        Self::Given(value)
    }
}

/// `None` becomes `Absent`. To send null, write `MaybeAbsent::Given(None)`.
impl<T> From<Option<T>> for MaybeAbsent<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Self::Given)
    }
}

impl<T: Serialize> Serialize for MaybeAbsent<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Given(value) => value.serialize(serializer),
            Self::Absent => Err(S::Error::custom(
                "only a whole argument can be absent: write its type as `MaybeAbsent<…>` in the trait",
            )),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for MaybeAbsent<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Given<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Given<T> {
            type Value = MaybeAbsent<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_none<E>(self) -> Result<Self::Value, E> {
                Ok(MaybeAbsent::Absent)
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> Result<Self::Value, D::Error> {
                T::deserialize(deserializer).map(MaybeAbsent::Given)
            }
        }

        deserializer.deserialize_newtype_struct(MAYBE_ABSENT, Given(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_converts_to_given_or_absent() {
        let absent = MaybeAbsent::<u8>::from(None);
        assert!(absent.is_absent());
        assert_eq!(MaybeAbsent::from(Some(1_u8)), MaybeAbsent::Given(1));
        let null = MaybeAbsent::<Option<u8>>::from(None::<u8>);
        assert_eq!(null, MaybeAbsent::Given(None));
        assert!(!null.is_absent());
    }
}
