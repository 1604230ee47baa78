//! A pipe for the bytes that lapin reads: from the [I/O task](super::io_task) to lapin's thread.
//!
//! The I/O task must not block on it, so it is unbounded; little more than the frames of channel 0 goes through it. The
//! connection's `Io` owns it.

use crate::sync::Mutex;
use std::io;
use std::sync::MutexGuard;
use std::task::{Context, Poll, Waker};

/// A pipe of bytes, with an end.
#[derive(Debug, Default)]
pub(super) struct LapinPipe(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    /// How many of the bytes have been read.
    read: usize,
    end: Option<End>,
    reader: Option<Waker>,
}

/// How a connection's stream of bytes ends.
#[derive(Debug)]
pub(super) enum End {
    /// The stream was closed after its last byte.
    Closed,
    /// The stream failed or was aborted.
    Broken(io::Error),
}

impl LapinPipe {
    /// Adds bytes for the reader.
    pub(super) fn fill(&self, bytes: &[u8]) {
        let mut state = self.0.lock();
        state.bytes.extend_from_slice(bytes);
        Self::wake(state);
    }

    /// Ends the stream after the bytes in the pipe. If it has already ended, its first end stays.
    pub(super) fn end(&self, end: End) {
        let mut state = self.0.lock();
        state.end.get_or_insert(end);
        Self::wake(state);
    }

    /// Ends the stream at once, and drops the bytes in the pipe.
    pub(super) fn abort(&self) {
        let mut state = self.0.lock();
        state.bytes.clear();
        state.read = 0;
        state.end = Some(End::Broken(io::ErrorKind::ConnectionAborted.into()));
        Self::wake(state);
    }

    /// Reads bytes. 0 bytes mean the end.
    pub(super) fn poll_read(
        &self,
        context: &Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.0.lock();
        let rest = &state.bytes[state.read..];
        if rest.is_empty() {
            return match &mut state.end {
                Some(End::Closed) => Poll::Ready(Ok(0)),
                // The error is moved out; later reads get its kind only.
                Some(End::Broken(error)) => {
                    let kind = error.kind();
                    Poll::Ready(Err(std::mem::replace(error, kind.into())))
                }
                None => {
                    match &mut state.reader {
                        Some(known) if known.will_wake(context.waker()) => {}
                        other => *other = Some(context.waker().clone()),
                    }
                    Poll::Pending
                }
            };
        }
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        state.read += length;
        if state.read == state.bytes.len() {
            state.bytes.clear();
            state.read = 0;
        }
        Poll::Ready(Ok(length))
    }

    fn wake(mut state: MutexGuard<'_, State>) {
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pipe: &LapinPipe, room: usize) -> Poll<io::Result<Vec<u8>>> {
        let mut buffer = vec![0; room];
        let read = pipe.poll_read(&Context::from_waker(Waker::noop()), &mut buffer);
        read.map_ok(|length| buffer[..length].to_vec())
    }

    #[test]
    fn all_bytes_are_read_before_the_end() {
        let pipe = LapinPipe::default();
        assert!(read(&pipe, 2).is_pending());
        pipe.fill(b"abc");
        pipe.end(End::Closed);
        pipe.end(End::Broken(io::ErrorKind::TimedOut.into()));
        for want in ["ab", "c", "", ""] {
            assert!(matches!(read(&pipe, 2), Poll::Ready(Ok(got)) if got == want.as_bytes()));
        }
    }

    #[test]
    fn an_abort_leaves_nothing_to_read() {
        let pipe = LapinPipe::default();
        pipe.fill(b"abc");
        pipe.abort();
        for _ in 0..2 {
            let Poll::Ready(Err(error)) = read(&pipe, 2) else {
                panic!("the stream has ended");
            };
            assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
        }
    }

    #[test]
    fn a_broken_stream_reports_its_error_once_and_then_the_kind() {
        let pipe = LapinPipe::default();
        pipe.end(End::Broken(io::Error::new(
            io::ErrorKind::InvalidData,
            "why",
        )));
        for want in ["why", "invalid data"] {
            let Poll::Ready(Err(error)) = read(&pipe, 2) else {
                panic!("the stream has ended");
            };
            assert_eq!(error.to_string(), want);
        }
    }
}
