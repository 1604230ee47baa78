//! The value of one option in a URL: parses it, or says which values are allowed.
//!
//! Plain values. Nothing here knows which options there are.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use super::super::compression::Compression;
use super::super::settings::Login;
use crate::transport::UrlError;

/// One option of a URL, as written.
pub(super) struct UrlOption<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a str,
}

impl UrlOption<'_> {
    fn bad(&self, reason: impl Into<String>) -> UrlError {
        UrlError::BadOption {
            name: self.name.to_owned(),
            value: self.value.to_owned(),
            reason: reason.into(),
        }
    }

    /// A boolean, in one of oslo.config's spellings.
    pub(super) fn boolean(&self) -> Result<bool, UrlError> {
        match self.value.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(self.bad("write true or false")),
        }
    }

    /// A whole number from `min` to `max`.
    pub(super) fn number<T: FromStr + PartialOrd + Display + Copy>(
        &self,
        min: T,
        max: T,
    ) -> Result<T, UrlError> {
        match self.value.parse::<T>() {
            Ok(number) if number >= min && number <= max => Ok(number),
            _ => Err(self.bad(format!("write a whole number from {min} to {max}"))),
        }
    }

    /// A time in seconds, from `min` to `max`.
    pub(super) fn seconds(&self, min: f64, max: f64) -> Result<Duration, UrlError> {
        match self.value.parse::<f64>() {
            // Cannot panic: the range excludes NaN, negative and huge numbers.
            Ok(seconds) if seconds >= min && seconds <= max => Ok(Duration::from_secs_f64(seconds)),
            _ => Err(self.bad(format!("write seconds, from {min} to {max}"))),
        }
    }

    /// Fails unless the value turns the option off: false, or empty.
    pub(super) fn refuse(&self, why: &str) -> Result<(), UrlError> {
        match self.value {
            "" => Ok(()),
            _ if matches!(self.boolean(), Ok(false)) => Ok(()),
            _ => Err(self.bad(why)),
        }
    }

    /// The SASL mechanism, in any case.
    pub(super) fn login(&self) -> Result<Login, UrlError> {
        match self.value.to_ascii_uppercase().as_str() {
            "PLAIN" => Ok(Login::Plain),
            "AMQPLAIN" => Ok(Login::AmqPlain),
            "EXTERNAL" => Ok(Login::External),
            _ => Err(self.bad("write PLAIN, AMQPLAIN or EXTERNAL")),
        }
    }

    /// A compression. An empty value means none, as in kombu.
    pub(super) fn compression(&self) -> Result<Option<Compression>, UrlError> {
        if self.value.is_empty() {
            return Ok(None);
        }
        match Compression::named(self.value) {
            Some(compression) => Ok(Some(compression)),
            None => Err(self.bad("write gzip or bzip2, or leave it out")),
        }
    }

    /// A text that is not empty.
    pub(super) fn text(&self) -> Result<String, UrlError> {
        match self.value {
            "" => Err(self.bad("write a value, or leave it out")),
            text => Ok(text.to_owned()),
        }
    }
}
