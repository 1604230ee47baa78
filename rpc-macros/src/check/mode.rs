//! The mode of a method: call, cast, fanout, or call and cast.

use crate::attr::MethodOptions;

/// The mode of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Call,
    Cast,
    Fanout,
    CallOrCast,
}

impl Mode {
    /// The mode that the options ask for, even if they have mistakes.
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

    /// Whether a client waits for the method's result.
    pub(crate) fn is_call(self) -> bool {
        matches!(self, Self::Call | Self::CallOrCast)
    }
}
