//! The arguments of a typed request: which of them are sent, and under which names.
//!
//! A method has a *rung* for each version in which its form changed. The version cap chooses the rung
//! before anything is written; each argument then follows what its description says of that version. What
//! is described in an [`Interface`](crate::Interface) is what is done here: nothing is said twice.

use std::time::Duration;

use serde::Serialize;

use super::args::Args;
use super::route::Route;
use crate::interface::{Argument, Method};
use crate::wire::RequestBody;
use crate::{Error, Result, Version};

/// The arguments of one request of a typed method, while they are written.
///
/// What fails is kept for the end, after which nothing is written: a statement of the expansion that can fail
/// by itself costs the compiler far more than one that can not. Each statement may be followed by the next at once, so
/// that the context takes no line of its own in an expansion.
#[derive(Debug)]
pub struct TypedArgs<'a> {
    args: Args<'a>,
    method: &'static Method,
    rung: Version,
    cap: Option<Version>,
    /// The newest version that a value needs, and the argument that has it.
    needed: Option<(Version, &'static Argument)>,
    /// What went wrong first.
    written: Result<()>,
    extra: Extra,
}

/// What arguments may ask for beside being sent.
#[derive(Debug, Default)]
pub(crate) struct Extra {
    pub(crate) route: Route,
    pub(crate) timeout: Option<Duration>,
}

/// A typed request, ready to be sent.
#[derive(Debug)]
pub(crate) struct TypedRequest {
    pub(crate) body: RequestBody,
    pub(crate) extra: Extra,
}

impl<'a> TypedArgs<'a> {
    pub(crate) fn new(
        args: Args<'a>,
        method: &'static Method,
        rung: Version,
        cap: Option<Version>,
    ) -> Self {
        Self {
            args,
            method,
            rung,
            cap,
            needed: None,
            written: Ok(()),
            extra: Extra::default(),
        }
    }

    /// Writes an argument that each version has, under one name.
    pub fn arg<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> &mut Self {
        if self.written.is_ok() {
            self.written = self.args.arg(name, value);
        }
        self
    }

    /// Writes the argument at that place in the method's description if the rung has it. Below, a value
    /// that matters is refused.
    pub fn gated<T: Serialize + ?Sized>(
        &mut self,
        place: usize,
        value: &T,
        is_default: impl FnOnce(&T) -> bool,
    ) -> &mut Self {
        match self.known(place) {
            Known::Yes(argument) => self.named(argument, value),
            Known::NotYet(argument, since) if !is_default(value) => {
                // Refused at the end, so that what is named is what needs the newest servers.
                if self.needed.is_none_or(|(needed, _)| needed < since) {
                    self.needed = Some((since, argument));
                }
            }
            Known::NotYet(..) | Known::NoMore => {}
        }
        self
    }

    /// Writes the argument at that place if the rung has it. Otherwise it is left out, whatever it is.
    pub fn dropped<T: Serialize + ?Sized>(&mut self, place: usize, value: &T) -> &mut Self {
        if let Known::Yes(argument) = self.known(place) {
            self.named(argument, value);
        }
        self
    }

    /// Writes the argument at that place if the rung has it. Below, what `older` makes of it is sent in
    /// its place, under these names, or under its own if there are none.
    pub fn replaced<T: Serialize, O: OlderForm<N>, const N: usize>(
        &mut self,
        place: usize,
        names: [&str; N],
        value: T,
        is_default: impl FnOnce(&T) -> bool,
        older: impl FnOnce(T) -> O,
    ) -> &mut Self {
        match self.known(place) {
            Known::Yes(argument) => self.named(argument, &value),
            Known::NotYet(argument, _) if self.written.is_ok() && !is_default(&value) => {
                let own = argument.name_in(self.rung);
                self.written = older(value).write(&mut self.args, own, names);
            }
            Known::NotYet(..) | Known::NoMore => {}
        }
        self
    }

    /// Sends the message to the server that an argument names, if it names one.
    pub fn server<T: AsName + ?Sized>(&mut self, value: &T) -> &mut Self {
        if let Some(server) = value.as_name() {
            self.extra.route.server = Some(server.to_owned());
        }
        self
    }

    /// Sends the message to the topic that an argument names, if it names one.
    pub fn topic<T: AsName + ?Sized>(&mut self, value: &T) -> &mut Self {
        if let Some(topic) = value.as_name() {
            self.extra.route.topic = Some(topic.to_owned());
        }
        self
    }

    /// Sends the message where the interface's own function says. What arguments name goes before it.
    pub fn route(&mut self, computed: Route) -> &mut Self {
        let Route {
            topic,
            server,
            refused,
        } = &mut self.extra.route;
        *refused = computed.refused.filter(|_| server.is_none());
        *topic = topic.take().or(computed.topic);
        *server = server.take().or(computed.server);
        self
    }

    /// Gives the call as many seconds as an argument says, if it says any.
    pub fn timeout<T: AsSeconds + ?Sized>(&mut self, value: &T) -> &mut Self {
        let Some(seconds) = value.as_seconds() else {
            return self;
        };
        match Duration::try_from_secs_f64(seconds) {
            // Zero is sent, and over at once, as in oslo.messaging: peers of OpenStack do that.
            Ok(timeout) => self.extra.timeout = Some(timeout),
            Err(_) => {
                let method = self.method.name();
                let advice = if seconds > 0.0 {
                    "a smaller"
                } else {
                    "a positive"
                };
                self.written = Err(Error::Config(format!(
                    "`{method}` cannot have a timeout of {seconds} seconds: give it {advice} number"
                )));
            }
        }
        self
    }

    /// The version cap that counts for this request.
    #[must_use]
    pub fn cap(&self) -> Option<Version> {
        self.cap
    }

    /// Ends the arguments with the request's context. Nothing is written behind it.
    pub fn context<C: Serialize + ?Sized>(&mut self, ctxt: &C) {
        if self.written.is_ok() {
            self.written = self.all_is_known();
        }
        if self.written.is_ok() {
            let topic = self.extra.route.topic.as_deref();
            self.written = self.args.close(ctxt, topic);
        }
    }

    /// Refuses what the servers do not know and must not miss.
    fn all_is_known(&self) -> Result<()> {
        let Some((since, argument)) = self.needed else {
            return Ok(());
        };
        Err(Error::VersionCap {
            method: self.method.name().to_owned(),
            argument: Some(argument.name().to_owned()),
            requested: Some(since),
            // Where no cap excludes it, it was asked for that the message be as in this version.
            cap: (self.cap.filter(|cap| !cap.is_compatible_with(since))).unwrap_or(self.rung),
        })
    }

    /// The request, once its context is written.
    pub(crate) fn into_request(self) -> Result<TypedRequest> {
        self.written?;
        let (body, extra) = (self.args.into_body(), self.extra);
        Ok(TypedRequest { body, extra })
    }

    fn known(&self, place: usize) -> Known {
        let argument = &self.method.arguments()[place];
        match (argument.since(), argument.until()) {
            (Some(since), _) if self.rung < since => Known::NotYet(argument, since),
            (_, Some(until)) if self.rung >= until => Known::NoMore,
            _ => Known::Yes(argument),
        }
    }

    fn named<T: Serialize + ?Sized>(&mut self, argument: &Argument, value: &T) {
        self.arg(argument.name_in(self.rung), value);
    }
}

/// Whether a rung has an argument.
enum Known {
    Yes(&'static Argument),
    NotYet(&'static Argument, Version),
    NoMore,
}

/// What is sent in place of an argument that older servers do not know: one value, or a tuple of as many as
/// there are names. It is a trait so that the compiler can say what is not.
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

/// An argument that can name a topic or a server. It is a trait so that the compiler can say what can not.
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

/// An argument that can be a timeout. It is a trait so that the compiler can say what can not.
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

/// Whole or not, and written as it is.
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
