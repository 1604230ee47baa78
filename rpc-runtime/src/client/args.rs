//! Encodes the arguments of a request, either directly or through the serializer hook.
//!
//! [`Args`] owns the encoder of one request. It does no I/O and knows no versions: `versioned_args` decides
//! which arguments of a typed method are sent.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::serializer::Serializer;
use crate::span::Sending;
use crate::wire::{RequestBody, RequestEncoder};
use crate::{Error, Result, Version};

/// The encoder of one request's arguments.
#[derive(Debug)]
pub struct Args<'a> {
    encoder: RequestEncoder,
    serializer: Option<&'a dyn Serializer>,
    namespace: Option<&'a str>,
    version: Option<Version>,
    sending: Option<Sending<'a>>,
}

impl<'a> Args<'a> {
    /// Begins a request for `method`.
    pub(crate) fn new(
        method: &str,
        serializer: Option<&'a dyn Serializer>,
        namespace: Option<&'a str>,
        version: Option<Version>,
        sending: Option<Sending<'a>>,
    ) -> Self {
        Self {
            encoder: RequestEncoder::new(method),
            serializer,
            namespace,
            version,
            sending,
        }
    }
}

impl Args<'_> {
    /// Writes one argument.
    ///
    /// # Errors
    ///
    /// [`Error::Serialize`], naming the argument, when the value cannot be written as JSON.
    pub fn arg<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<()> {
        let wrong = |error| Error::new_serialize(format!("the argument `{name}`"), error);
        match self.serializer {
            None => self.encoder.argument(name, value).map_err(wrong),
            Some(serializer) => {
                let entity = serde_json::to_value(value).map_err(wrong)?;
                let entity = serializer.serialize_entity(entity)?;
                self.encoder.argument(name, &entity).map_err(wrong)
            }
        }
    }

    /// Encodes the request context, and returns the finished request.
    ///
    /// # Errors
    ///
    /// [`Error::Serialize`] when the context is not a JSON object, or cannot be written as JSON.
    pub fn finish<C: Serialize + ?Sized>(mut self, ctxt: &C) -> Result<RequestBody> {
        self.close(ctxt, None)?;
        Ok(self.into_body())
    }

    /// Writes everything that follows the arguments. `topic` is a topic that an argument names in place of
    /// the client's. After this, only [`into_body`](Self::into_body) may be called.
    pub(crate) fn close<C: Serialize + ?Sized>(
        &mut self,
        ctxt: &C,
        topic: Option<&str>,
    ) -> Result<()> {
        let wrong = |error| Error::new_serialize("the request context", error);
        let Self {
            encoder,
            serializer,
            namespace,
            version,
            sending,
        } = self;
        let (namespace, version) = (*namespace, *version);
        let mut carried = sending.as_ref().map(|sending| sending.carried(topic));
        let with = carried.as_mut();
        let closed = match serializer {
            None => encoder.close(namespace, version, ctxt, with),
            Some(serializer) => {
                let context = match serde_json::to_value(ctxt).map_err(wrong)? {
                    Value::Object(context) => serializer.serialize_context(context)?,
                    Value::Null => serializer.serialize_context(Map::new())?,
                    // Not an object. The encoder reports it, as it does without a hook.
                    other => {
                        let closed = encoder.close(namespace, version, &other, None);
                        return closed.map_err(wrong);
                    }
                };
                encoder.close(namespace, version, &context, with)
            }
        };
        if let (Some(sending), Some(carried)) = (sending, &carried) {
            sending.written(carried);
        }
        closed.map_err(wrong)
    }

    /// The finished request. [`close`](Self::close) must have been called.
    pub(crate) fn into_body(self) -> RequestBody {
        self.encoder.into_body()
    }
}

/// The arguments of an untyped request: the result of [`args!`](crate::args), a map, or a closure that writes
/// them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be used as arguments: pass `args! {{ … }}`, a `&serde_json::Map`, or a closure",
    label = "not arguments of a request"
)]
pub trait EncodeArgs {
    /// Writes all arguments.
    ///
    /// # Errors
    ///
    /// [`Error::Serialize`] when an argument cannot be written as JSON; any error of the client's serializer
    /// hook.
    fn encode(self, args: &mut Args<'_>) -> Result<()>;
}

impl<F: FnOnce(&mut Args<'_>) -> Result<()>> EncodeArgs for F {
    fn encode(self, args: &mut Args<'_>) -> Result<()> {
        self(args)
    }
}

impl EncodeArgs for &Map<String, Value> {
    fn encode(self, args: &mut Args<'_>) -> Result<()> {
        self.iter()
            .try_for_each(|(name, value)| args.arg(name, value))
    }
}

/// The arguments of an untyped request, by name: `args! { host, size: 3 }`.
///
/// A name without a value stands for the variable of that name. Values are borrowed. They can be of any type
/// that implements [`serde::Serialize`].
#[macro_export]
macro_rules! args {
    ($($name:ident $(: $value:expr)?),* $(,)?) => {
        |args: &mut $crate::client::Args<'_>| -> $crate::Result<()> {
            let _ = &args;
            $($crate::args!(@one args $name $($value)?);)*
            $crate::Result::Ok(())
        }
    };
    (@one $args:ident $name:ident) => {
        $args.arg($crate::__private::unraw(::core::stringify!($name)), &$name)?
    };
    (@one $args:ident $name:ident $value:expr) => {
        $args.arg($crate::__private::unraw(::core::stringify!($name)), &$value)?
    };
}
