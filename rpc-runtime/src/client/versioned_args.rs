//! The arguments of a typed request: which of them are sent, under which names, for a given version.
//!
//! A method has a *rung* for each version in which its form changed. The version cap selects the rung before
//! anything is encoded. The method's description in the [`Interface`](crate::Interface) then says, for each
//! argument, whether the rung has it. An expansion names only the argument's index; versions and names come
//! from the description alone.

use std::time::Duration;

use serde::Serialize;

use super::args::Args;
use super::argument_traits::{AsName, AsSeconds, OlderForm};
use super::route::Route;
use crate::interface::{Argument, Method};
use crate::wire::RequestBody;
use crate::{Error, Result, Version};

/// Encodes the arguments of one request of a typed method.
///
/// The setters do not return a `Result`: `into_request` reports the first error. After an error, nothing further is
/// written. A fallible statement for each argument would make the expansion far slower to
/// compile. The setters return `&mut Self`, so that an expansion can chain them.
#[derive(Debug)]
pub struct TypedArgs<'a> {
    args: Args<'a>,
    method: &'static Method,
    rung: Version,
    cap: Option<Version>,
    /// The highest version that a given argument needs, and that argument.
    needed: Option<(Version, &'static Argument)>,
    /// The first error.
    written: Result<()>,
    extra: Extra,
}

/// Settings of the call that arguments determine.
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

    /// Writes an argument that every version has, under one name.
    pub fn arg<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> &mut Self {
        if self.written.is_ok() {
            self.written = self.args.arg(name, value);
        }
        self
    }

    /// Writes the argument at index `place` of the method's description if the rung has it. If the rung is
    /// too old, a value that is not the default is an error.
    pub fn gated<T: Serialize + ?Sized>(
        &mut self,
        place: usize,
        value: &T,
        is_default: impl FnOnce(&T) -> bool,
    ) -> &mut Self {
        match self.known(place) {
            Known::Yes(argument) => self.named(argument, value),
            Known::NotYet(argument, since) if !is_default(value) => {
                // Reported at the end, so that the error names the argument that needs the highest version.
                if self.needed.is_none_or(|(needed, _)| needed < since) {
                    self.needed = Some((since, argument));
                }
            }
            Known::NotYet(..) | Known::NoMore => {}
        }
        self
    }

    /// Writes the argument at index `place` if the rung has it. Otherwise it is left out, whatever its value.
    pub fn dropped<T: Serialize + ?Sized>(&mut self, place: usize, value: &T) -> &mut Self {
        if let Known::Yes(argument) = self.known(place) {
            self.named(argument, value);
        }
        self
    }

    /// Writes the argument at index `place` if the rung has it. If the rung is too old, the result of `older` is sent
    /// instead, unless the value is the default: under `names`, or under the argument's own name if `names` is empty.
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

    /// Sets the server to the name in an argument, unless the argument is `None`.
    pub fn server<T: AsName + ?Sized>(&mut self, value: &T) -> &mut Self {
        if let Some(server) = value.as_name() {
            self.extra.route.server = Some(server.to_owned());
        }
        self
    }

    /// Sets the topic to the name in an argument, unless the argument is `None`.
    pub fn topic<T: AsName + ?Sized>(&mut self, value: &T) -> &mut Self {
        if let Some(topic) = value.as_name() {
            self.extra.route.topic = Some(topic.to_owned());
        }
        self
    }

    /// Applies the result of the interface's `route` function. A topic or server that an argument names takes
    /// precedence.
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

    /// Sets the call's timeout to the seconds in an argument, unless the argument is `None`.
    pub fn timeout<T: AsSeconds + ?Sized>(&mut self, value: &T) -> &mut Self {
        let Some(seconds) = value.as_seconds() else {
            return self;
        };
        match Duration::try_from_secs_f64(seconds) {
            // A call with a timeout of zero is sent and then times out immediately, as in oslo.messaging.
            // OpenStack services do this.
            Ok(timeout) => self.extra.timeout = Some(timeout),
            // Only the first error is reported.
            Err(_) if self.written.is_err() => {}
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

    /// The version cap of this request.
    #[must_use]
    pub fn cap(&self) -> Option<Version> {
        self.cap
    }

    /// Writes the request context after the arguments. It must be the last call.
    pub fn context<C: Serialize + ?Sized>(&mut self, ctxt: &C) {
        if self.written.is_ok() {
            self.written = self.check_needed();
        }
        if self.written.is_ok() {
            let topic = self.extra.route.topic.as_deref();
            self.written = self.args.close(ctxt, topic);
        }
    }

    /// An error if an argument was given that the rung does not have and that must not be left out.
    fn check_needed(&self) -> Result<()> {
        let Some((since, argument)) = self.needed else {
            return Ok(());
        };
        Err(Error::VersionCap {
            method: self.method.name().to_owned(),
            argument: Some(argument.name().to_owned()),
            requested: Some(since),
            // If the cap allows `since`, then the caller's own `version` is too low, and the rung takes the place
            // of the cap in the error.
            cap: (self.cap.filter(|cap| !cap.is_compatible_with(since))).unwrap_or(self.rung),
        })
    }

    /// The finished request, or the first error. `context` must have been called.
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

/// Whether the rung has an argument.
enum Known {
    Yes(&'static Argument),
    NotYet(&'static Argument, Version),
    NoMore,
}
