//! An argument that may be left out of a message, which on the wire is something else than null.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Error as _, Serialize, Serializer};

/// Tells the stand-in for an argument that was not sent that it may be absent.
pub(crate) const MAYBE: &str = "$rpc_runtime::Maybe";

/// An argument that is there or not, whatever its value: `Maybe<Option<T>>` tells an argument that was
/// left out from one that is null.
///
/// For Python services whose methods have defaults that are not `None`, or that tell by a sentinel whether
/// an argument was given. It is to be an argument's whole type, written so in the trait: nothing within a
/// value can be absent.
///
/// ```
/// use rpc_runtime::{Context, Maybe, Result, rpc_client};
///
/// #[rpc_client(topic = "inventory", version = "2.0")]
/// trait Inventory {
///     /// Leaves the owner as it is, takes it away, or sets it.
///     async fn update(&self, ctxt: &Context, id: u32, owner: Maybe<Option<String>>) -> Result<()>;
/// }
///
/// # async fn calls(inventory: InventoryClient, ctxt: Context) -> Result<()> {
/// inventory.update(&ctxt, 1, Maybe::Absent).await?; // {"id":1}
/// inventory.update(&ctxt, 1, Maybe::Given(None)).await?; // {"id":1,"owner":null}
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Maybe<T> {
    /// Not in the message.
    #[default]
    Absent,
    /// In the message, with this value.
    Given(T),
}

impl<T> Maybe<T> {
    /// The value, if there is one.
    pub fn given(self) -> Option<T> {
        match self {
            Self::Absent => None,
            Self::Given(value) => Some(value),
        }
    }

    /// A reference to the value, if there is one.
    pub fn as_ref(&self) -> Maybe<&T> {
        match self {
            Self::Absent => Maybe::Absent,
            Self::Given(value) => Maybe::Given(value),
        }
    }

    /// What the value points to, if there is one: a `&str` of a `String`.
    pub fn as_deref(&self) -> Maybe<&T::Target>
    where
        T: Deref,
    {
        self.as_ref().map(Deref::deref)
    }

    /// What `f` makes of the value, if there is one.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Maybe<U> {
        match self {
            Self::Absent => Maybe::Absent,
            Self::Given(value) => Maybe::Given(f(value)),
        }
    }
}

impl<T> From<T> for Maybe<T> {
    fn from(value: T) -> Self {
        Self::Given(value)
    }
}

impl<T: Serialize> Serialize for Maybe<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Given(value) => value.serialize(serializer),
            Self::Absent => Err(S::Error::custom(
                "only a whole argument can be absent: let its type be written `Maybe<…>` in the trait",
            )),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Given<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Given<T> {
            type Value = Maybe<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_none<E>(self) -> Result<Self::Value, E> {
                Ok(Maybe::Absent)
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> Result<Self::Value, D::Error> {
                T::deserialize(deserializer).map(Maybe::Given)
            }
        }

        deserializer.deserialize_newtype_struct(MAYBE, Given(PhantomData))
    }
}
