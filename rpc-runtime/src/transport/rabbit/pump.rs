//! Moves one connection's bytes: from the socket to whom they are for, and from all who write to the socket.
//!
//! It is a task on the [engine](super::engine), so no user's code holds it up. What is read goes from here
//! straight to who waits for it, or to lapin ([`inbound`](super::inbound)); lapin's own thread has no part in
//! messages, confirms and acknowledgements.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::inbound::InboundFilter;
use super::outbound::Next;
use super::pipe::End;
use super::port::Port;
use super::pulse::Pulse;
use super::socket::Socket;

/// How much is read at a time, in bytes, unless a frame is longer.
const ROOM: usize = 64 * 1024;
/// How often before it is the turn of what is to be written: what arrives may have no end for long.
const READS: usize = 16;

/// A socket and what goes through it, until either ends.
#[derive(Debug)]
pub(super) struct Pump {
    socket: Socket,
    port: Arc<Port>,
    pulse: Pulse,
    inbound: InboundFilter,
    /// The beginning of it has been read, and not yet passed on.
    arrived: Vec<u8>,
    held: usize,
    /// What is being written, and how much of it has been.
    leaving: Vec<u8>,
    written: usize,
}

impl Pump {
    pub(super) fn new(
        socket: Socket,
        port: Arc<Port>,
        pulse: Pulse,
        inbound: InboundFilter,
    ) -> Self {
        Self {
            socket,
            port,
            pulse,
            inbound,
            arrived: vec![0; ROOM],
            held: 0,
            leaving: Vec::new(),
            written: 0,
        }
    }

    /// Runs until the connection ends, from either side. Dropping it breaks the connection off.
    pub(super) async fn run(mut self) {
        let end = std::future::poll_fn(|context| self.poll(context)).await;
        self.port.end(end);
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<End> {
        if self.port.outbound.is_aborted(context) {
            return Poll::Ready(End::Broken(io::ErrorKind::ConnectionAborted.into()));
        }
        // What is read first may have to be answered.
        if let Poll::Ready(end) = self.poll_read(context) {
            return Poll::Ready(end.unwrap_or_else(End::Broken));
        }
        match self.poll_write(context) {
            Poll::Ready(Ok(())) => Poll::Ready(End::Closed),
            Poll::Ready(Err(error)) => Poll::Ready(End::Broken(error)),
            Poll::Pending => Poll::Pending,
        }
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<End>> {
        for _ in 0..READS {
            let read = self
                .socket
                .poll_read(context, &mut self.arrived[self.held..]);
            let read = ready!(read)?;
            if read == 0 {
                return Poll::Ready(Ok(End::Closed));
            }
            self.pulse.beat();
            let length = self.held + read;
            let passed_on = self
                .inbound
                .read(&self.arrived[..length], &self.port.pipe)?;
            self.arrived.copy_within(passed_on..length, 0);
            self.held = length - passed_on;
            if self.held == self.arrived.len() {
                // A frame longer than that has been refused.
                self.arrived.resize(2 * self.held, 0);
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Done when nothing is to be written any more.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            while self.written < self.leaving.len() {
                let rest = &self.leaving[self.written..];
                match ready!(self.socket.poll_write(context, rest))? {
                    0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    written => self.written += written,
                }
            }
            ready!(self.socket.poll_flush(context))?;
            self.written = 0;
            match self.port.outbound.take(&mut self.leaving) {
                Next::Frames => {}
                Next::NothingNow => return Poll::Pending,
                Next::Nothing => return Poll::Ready(Ok(())),
            }
        }
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        // What came before an end in good order is still to be read.
        if !self.port.has_ended() {
            self.port.abort();
        }
    }
}
