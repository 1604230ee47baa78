//! The arguments of a request, as they are written: typed, or through the serializer hook.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::serializer::Serializer;
use crate::span::Sending;
use crate::wire::{RequestBody, RequestEncoder};
use crate::{Error, Result, Version};

/// The arguments of one request, while they are written.
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
        let wrong = |error| Error::serialize(format!("the argument `{name}`"), error);
        match self.serializer {
            None => self.encoder.argument(name, value).map_err(wrong),
            Some(serializer) => {
                let entity = serde_json::to_value(value).map_err(wrong)?;
                let entity = serializer.serialize_entity(entity)?;
                self.encoder.argument(name, &entity).map_err(wrong)
            }
        }
    }

    /// Ends the arguments with the request's context.
    ///
    /// # Errors
    ///
    /// [`Error::Serialize`] when the context is no object, or cannot be written as JSON.
    pub fn finish<C: Serialize + ?Sized>(mut self, ctxt: &C) -> Result<RequestBody> {
        self.close(ctxt, None)?;
        Ok(self.into_body())
    }

    /// Writes all that comes behind the arguments, which may name another topic than the client's. Only
    /// [`into_body`](Self::into_body) may follow.
    pub(crate) fn close<C: Serialize + ?Sized>(
        &mut self,
        ctxt: &C,
        topic: Option<&str>,
    ) -> Result<()> {
        let wrong = |error| Error::serialize("the request context", error);
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
                    // No object: the encoder says what is wrong with it.
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

    /// The request, once it is closed.
    pub(crate) fn into_body(self) -> RequestBody {
        self.encoder.into_body()
    }
}

/// The arguments of an untyped request: what [`args!`](crate::args) makes, or a map, or a closure that
/// writes them.
pub trait EncodeArgs {
    /// Writes all arguments.
    ///
    /// # Errors
    ///
    /// When one of them cannot be written.
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
/// A name alone takes the variable of that name. Values are borrowed; any that implements
/// [`serde::Serialize`] will do.
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
