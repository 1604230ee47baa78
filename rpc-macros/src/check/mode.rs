//! How a method is used.

use crate::attr::MethodOptions;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Call,
    Cast,
    Fanout,
    CallOrCast,
}

impl Mode {
    /// How a method is used, whether or not it was said rightly.
    pub(super) fn of(options: &MethodOptions) -> Self {
        match (
            options.call.is_meant(),
            options.cast.is_meant(),
            options.fanout.is_meant(),
        ) {
            (false, true, true) => Self::Fanout,
            (false, true, false) => Self::Cast,
            (true, true, _) => Self::CallOrCast,
            (_, false, _) => Self::Call,
        }
    }

    /// Whether a client waits for what it returns.
    pub(crate) fn is_call(self) -> bool {
        matches!(self, Self::Call | Self::CallOrCast)
    }
}
