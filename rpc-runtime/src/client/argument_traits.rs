//! Traits for the types of arguments with a special role: older forms, names, and timeouts.
//!
//! Each bound is a trait of its own, so that the compiler's message can say what to do.

use serde::Serialize;

use super::args::Args;
use crate::Result;

/// The value that replaces an argument which older servers do not know: one value, or a tuple with one value
/// for each name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` must be a tuple of {N} values, one for each name",
    label = "the older form, which is to be sent under {N} names",
    note = "return a tuple of as many values as `below = with(…)` has names"
)]
pub trait OlderForm<const N: usize> {
    fn write(self, args: &mut Args<'_>, own: &str, names: [&str; N]) -> Result<()>;
}

impl<T: Serialize> OlderForm<0> for T {
    fn write(self, args: &mut Args<'_>, own: &str, []: [&str; 0]) -> Result<()> {
        args.arg(own, &self)
    }
}

impl<T: Serialize> OlderForm<1> for T {
    fn write(self, args: &mut Args<'_>, _: &str, [name]: [&str; 1]) -> Result<()> {
        args.arg(name, &self)
    }
}

macro_rules! older_form {
    ($count:literal: $($name:ident $value:ident)*) => {
        impl<$($value: Serialize),*> OlderForm<$count> for ($($value,)*) {
            #[allow(non_snake_case, reason = "a variable is named like its type")]
            fn write(self, args: &mut Args<'_>, _: &str, names: [&str; $count]) -> Result<()> {
                let [$($name),*] = names;
                let ($($value,)*) = self;
                $(args.arg($name, &$value)?;)*
                Ok(())
            }
        }
    };
}

older_form!(2: a A b B);
older_form!(3: a A b B c C);
older_form!(4: a A b B c C d D);

/// An argument that names a topic or a server.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot name a topic or a server",
    label = "not a name",
    note = "use `&str`, `String`, or an `Option` of one"
)]
pub trait AsName {
    fn as_name(&self) -> Option<&str>;
}

impl AsName for str {
    fn as_name(&self) -> Option<&str> {
        Some(self)
    }
}

impl AsName for String {
    fn as_name(&self) -> Option<&str> {
        Some(self)
    }
}

impl<T: AsName + ?Sized> AsName for &T {
    fn as_name(&self) -> Option<&str> {
        (**self).as_name()
    }
}

impl<T: AsName> AsName for Option<T> {
    fn as_name(&self) -> Option<&str> {
        self.as_ref()?.as_name()
    }
}

/// An argument that gives a timeout in seconds.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a timeout",
    label = "not a number of seconds",
    note = "use an integer or a floating-point number of seconds, or an `Option` of one"
)]
pub trait AsSeconds {
    fn as_seconds(&self) -> Option<f64>;
}

macro_rules! as_seconds {
    ($($number:ty)*) => {
        $(impl AsSeconds for $number {
            fn as_seconds(&self) -> Option<f64> {
                Some((*self).into())
            }
        })*
    };
}

as_seconds!(u8 u16 u32 i8 i16 i32 f32 f64);

macro_rules! as_many_seconds {
    ($($number:ty)*) => {
        $(impl AsSeconds for $number {
            #[expect(clippy::cast_precision_loss, reason = "exact for 285 million years")]
            fn as_seconds(&self) -> Option<f64> {
                Some(*self as f64)
            }
        })*
    };
}

as_many_seconds!(u64 i64 usize isize);

/// Accepts integers and floating-point numbers, for code that keeps a number's exact text on the wire.
impl AsSeconds for serde_json::Number {
    fn as_seconds(&self) -> Option<f64> {
        self.as_f64()
    }
}

impl<T: AsSeconds + ?Sized> AsSeconds for &T {
    fn as_seconds(&self) -> Option<f64> {
        (**self).as_seconds()
    }
}

impl<T: AsSeconds> AsSeconds for Option<T> {
    fn as_seconds(&self) -> Option<f64> {
        self.as_ref()?.as_seconds()
    }
}
