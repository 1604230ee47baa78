//! The I/O task of one connection: moves bytes from the socket to the frame router, and from the write queue to the
//! socket.
//!
//! The task owns the socket. It runs on the driver's own runtime, so handlers do not delay it, and nothing that it calls
//! may block.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::frame_router::FrameRouter;
use super::io::Io;
use super::lapin_pipe::End;
use super::outgoing::{Outgoing, SLICES};
use super::socket::Socket;
use super::write_queue::Next;

/// The size of the read buffer, in bytes. It grows if a frame is longer.
const READ_BUFFER: usize = 64 * 1024;
/// The most reads before the next write.
const READS: usize = 16;

/// A socket, and the bytes that are being read and written.
#[derive(Debug)]
pub(super) struct IoTask {
    socket: Socket,
    io: Arc<Io>,
    router: FrameRouter,
    arrived: Vec<u8>,
    /// The length of the incomplete frame at the beginning of `arrived`, in bytes.
    held: usize,
    /// The bytes that are being written.
    leaving: Outgoing,
}

impl IoTask {
    pub(super) fn new(socket: Socket, io: Arc<Io>) -> Self {
        Self {
            socket,
            router: FrameRouter::new(io.clone()),
            io,
            arrived: vec![0; READ_BUFFER],
            held: 0,
            leaving: Outgoing::default(),
        }
    }

    /// Runs until either side ends the connection. Dropping the future aborts the connection.
    pub(super) async fn run(mut self) {
        let end = std::future::poll_fn(|context| self.poll(context)).await;
        self.io.end(end);
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<End> {
        if self.io.write_queue.register(context) {
            return Poll::Ready(End::Broken(io::ErrorKind::ConnectionAborted.into()));
        }
        // Reading comes first, since it may cause writes.
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
            self.io.heartbeat.beat();
            let length = self.held + read;
            let routed = self.router.read(&self.arrived[..length])?;
            self.arrived.copy_within(routed..length, 0);
            self.held = length - routed;
            if self.held == self.arrived.len() {
                // Bounded: the router refuses frames above its limit.
                self.arrived.resize(2 * self.held, 0);
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Completes once everything is written and the write queue is closed.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            while !self.leaving.is_empty() {
                let mut slices = [IoSlice::new(&[]); SLICES];
                let count = self.leaving.slices(&mut slices);
                match ready!(self.socket.poll_write(context, &slices[..count]))? {
                    0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    written => self.leaving.advance(written),
                }
            }
            ready!(self.socket.poll_flush(context))?;
            match self.io.write_queue.take(&mut self.leaving) {
                Next::Frames => {}
                Next::NothingNow => return Poll::Pending,
                Next::Nothing => return Poll::Ready(Ok(())),
            }
        }
    }
}

impl Drop for IoTask {
    fn drop(&mut self) {
        // After a regular end, `fail` would drop bytes that lapin can still read.
        if !self.io.has_ended() {
            self.io.fail("the connection was cut");
        }
    }
}
