//! Conversions from text for types that have [`FromStr`](std::str::FromStr).

/// Implements `TryFrom<&str>` and `TryFrom<String>` by `FromStr`: functions that take `impl TryInto<T>` then take text,
/// and serde reads the type from a string by `try_from = "String"`.
macro_rules! try_from_text {
    ($ty:ty) => {
        impl TryFrom<&str> for $ty {
            type Error = <$ty as std::str::FromStr>::Err;

            fn try_from(text: &str) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl TryFrom<String> for $ty {
            type Error = <$ty as std::str::FromStr>::Err;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }
    };
}

pub(crate) use try_from_text;
