//! The queue of frames to one broker, from lapin and from this library.
//!
//! Frames must never be interleaved. lapin writes in pieces, so the beginning of its next frame waits here until the
//! frame is complete. This library always adds complete frames.
//!
//! If nothing is being written, the caller may write to the socket directly, without waking the
//! [I/O task](super::io_task). Frames that are added while others are being written are written together afterwards.
//! The connection's `Io` owns the queue.

use std::io::IoSlice;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};

use tokio::net::tcp::OwnedWriteHalf;

use super::fault::Fault;
use super::frames::FRAME_HEADER;
use super::login::SaslResponse;
use super::outgoing::{Outgoing, SLICES};
use crate::sync::Mutex;

/// The length of the protocol header, which a client sends before all frames.
const PROTOCOL_HEADER: usize = 8;

/// The queue of frames to the broker, for all writers.
#[derive(Debug)]
pub(super) struct WriteQueue {
    state: Mutex<State>,
    /// Whether the queue takes frames. It can be read without the lock.
    open: AtomicBool,
}

#[derive(Debug)]
struct State {
    /// Complete frames. The first one may be written in part.
    outgoing: Outgoing,
    /// The beginning of lapin's next frame.
    partial: Vec<u8>,
    lapin: Lapin,
    /// The socket, if any task may write to it.
    tcp: Option<Arc<OwnedWriteHalf>>,
    /// Whether the I/O task is writing. New frames must then wait in `outgoing`.
    writing: bool,
    io_task: Option<Waker>,
    closing: Closing,
}

/// What lapin will write next.
#[derive(Debug)]
enum Lapin {
    ProtocolHeader(Option<SaslResponse>),
    Login(SaslResponse),
    Methods,
}

/// What there is to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Frames,
    /// Nothing now; more frames may come.
    NothingNow,
    /// Nothing, and no more frames will come.
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closing {
    Open,
    /// No more frames are taken. The queue ends once all of them are written.
    Draining,
    Closed,
}

impl WriteQueue {
    /// An open queue. If there is a `response`, it goes into lapin's login frame.
    pub(super) fn new(tcp: Option<Arc<OwnedWriteHalf>>, response: Option<SaslResponse>) -> Self {
        let state = Mutex::new(State {
            outgoing: Outgoing::default(),
            partial: Vec::new(),
            lapin: Lapin::ProtocolHeader(response),
            tcp,
            writing: false,
            io_task: None,
            closing: Closing::Open,
        });
        Self {
            state,
            open: AtomicBool::new(true),
        }
    }

    /// Sends complete frames. With `now`, they are written before this returns, unless other frames are being written,
    /// the socket does not take them, or the connection uses TLS. An error means that the connection has ended and
    /// nothing was sent.
    pub(super) fn send(&self, now: bool, write: impl FnOnce(&mut Outgoing)) -> Result<(), Fault> {
        let mut state = self.state.lock();
        if state.closing != Closing::Open {
            return Err(Fault::lost("the connection was cut"));
        }
        write(&mut state.outgoing);
        if now && !state.writing {
            state.write_now();
        }
        let io_task = state.io_task_if_needed();
        drop(state);
        wake(io_task);
        Ok(())
    }

    /// Takes bytes from lapin, which may end within a frame. If the connection has ended, the bytes are dropped;
    /// lapin gets the error from its next read.
    pub(super) fn lapin(&self, bytes: &[u8]) {
        let mut state = self.state.lock();
        if state.closing != Closing::Open {
            return;
        }
        state.partial.extend_from_slice(bytes);
        state.take_whole_frames();
        let io_task = state.io_task_if_needed();
        drop(state);
        wake(io_task);
    }

    /// For the I/O task: registers the task to be woken by an abort and by new frames. True if the connection was
    /// aborted before.
    pub(super) fn register(&self, context: &Context<'_>) -> bool {
        let mut state = self.state.lock();
        match &mut state.io_task {
            Some(known) if known.will_wake(context.waker()) => {}
            other => *other = Some(context.waker().clone()),
        }
        state.closing == Closing::Closed
    }

    /// For the I/O task: replaces `written`, which must be empty, with the next frames to write.
    pub(super) fn take(&self, written: &mut Outgoing) -> Next {
        let mut state = self.state.lock();
        state.writing = !state.outgoing.is_empty();
        if state.writing {
            // Swapped, so that the written buffer's memory is reused for new frames.
            std::mem::swap(&mut state.outgoing, written);
            Next::Frames
        } else if state.closing == Closing::Open {
            Next::NothingNow
        } else {
            Next::Nothing
        }
    }

    /// Whether the queue takes frames.
    pub(super) fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// Refuses further frames. The queue ends once all frames are written.
    pub(super) fn finish(&self) {
        self.close(Closing::Draining);
    }

    /// Refuses further frames, drops those that are not written, and ends at once.
    pub(super) fn abort(&self) {
        self.close(Closing::Closed);
    }

    fn close(&self, closing: Closing) {
        let mut state = self.state.lock();
        self.open.store(false, Ordering::Release);
        if state.closing != Closing::Closed {
            state.closing = closing;
        }
        if closing == Closing::Closed {
            // The socket closes once its last owner has dropped it.
            state.tcp = None;
            state.outgoing.clear();
        }
        let io_task = state.io_task.take();
        drop(state);
        wake(io_task);
    }
}

impl State {
    /// Writes as much as the socket takes. The I/O task writes the rest, and gets the error if there was one.
    fn write_now(&mut self) {
        let Some(tcp) = &self.tcp else {
            return;
        };
        let mut slices = [IoSlice::new(&[]); SLICES];
        let count = self.outgoing.slices(&mut slices);
        if let Ok(written) = tcp.try_write_vectored(&slices[..count]) {
            self.outgoing.advance(written);
        }
    }

    fn io_task_if_needed(&mut self) -> Option<Waker> {
        if self.outgoing.is_empty() {
            return None;
        }
        self.io_task.take()
    }

    fn take_whole_frames(&mut self) {
        while let Some(length) = self.first_length()
            && self.partial.len() >= length
        {
            let frame = self.partial.drain(..length);
            match std::mem::replace(&mut self.lapin, Lapin::Methods) {
                Lapin::ProtocolHeader(response) => {
                    self.outgoing.frames().extend(frame);
                    if let Some(response) = response {
                        self.lapin = Lapin::Login(response);
                    }
                }
                Lapin::Login(response) => {
                    let frame: Vec<u8> = frame.collect();
                    self.outgoing.frames().extend(response.complete(frame));
                }
                Lapin::Methods => self.outgoing.frames().extend(frame),
            }
        }
    }

    /// The length of lapin's next frame or protocol header. `None` if it is not known yet.
    fn first_length(&self) -> Option<usize> {
        if matches!(self.lapin, Lapin::ProtocolHeader(_)) {
            return Some(PROTOCOL_HEADER);
        }
        let [_, _, _, size @ ..] = self.partial.first_chunk::<FRAME_HEADER>()?;
        let size = usize::try_from(u32::from_be_bytes(*size)).ok()?;
        Some(size.saturating_add(FRAME_HEADER + 1))
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::super::login::tests::{plain, written};
    use super::super::outgoing::BURST_PIECE;
    use super::*;

    fn taken(write_queue: &WriteQueue) -> Option<Vec<u8>> {
        let mut taken = Outgoing::default();
        let next = write_queue.take(&mut taken);
        (next != Next::Nothing).then(|| taken.to_vec())
    }

    fn frame(payload: &[u8]) -> Vec<u8> {
        let size = u32::try_from(payload.len()).unwrap();
        [&[1, 0, 3], &size.to_be_bytes()[..], payload, &[0xCE]].concat()
    }

    #[test]
    fn frames_never_interrupt_a_frame_of_lapins() {
        let (header, login) = written(b"");
        let frames = [header, login, frame(b"one"), frame(b""), frame(b"another")];
        let all = frames.concat();
        for piece in 1..=all.len() {
            let write_queue = WriteQueue::new(None, None);
            let mut sent = Vec::new();
            for bytes in all.chunks(piece) {
                write_queue.lapin(bytes);
                write_queue
                    .send(true, |out| out.frames().push(b'!'))
                    .unwrap();
                sent.extend(taken(&write_queue).unwrap());
            }
            // Each `!` stands between two frames.
            let mut rest = &sent[..];
            let mut seen = Vec::new();
            while !rest.is_empty() {
                match rest.strip_prefix(b"!") {
                    Some(later) => rest = later,
                    None => {
                        let frame = &frames[seen.len()];
                        rest = rest.strip_prefix(&frame[..]).unwrap();
                        seen.push(frame.clone());
                    }
                }
            }
            assert_eq!(seen, frames, "in pieces of {piece}");
        }
    }

    #[test]
    fn the_password_is_put_in_wherever_writes_are_split() {
        let (header, placeholder) = written(b"\0me\0***");
        let (_, login) = written(b"\0me\0open sesame");
        let more = frame(b"tune-ok");
        let all = [header.clone(), placeholder, more.clone()].concat();
        for piece in 1..=all.len() {
            let write_queue = WriteQueue::new(None, Some(plain("me", "open sesame")));
            for bytes in all.chunks(piece) {
                write_queue.lapin(bytes);
            }
            let want = [header.clone(), login.clone(), more.clone()].concat();
            assert_eq!(taken(&write_queue).unwrap(), want);
        }
    }

    #[test]
    fn a_long_burst_is_written_in_order_and_its_memory_is_freed() {
        let write_queue = WriteQueue::new(None, None);
        let all: Vec<Vec<u8>> = (0..=u8::MAX)
            .map(|byte| vec![byte; BURST_PIECE / 16])
            .collect();
        for bytes in &all {
            write_queue
                .send(false, |out| out.frames().extend_from_slice(bytes))
                .unwrap();
        }
        let (mut sent, mut taken) = (Vec::new(), Outgoing::default());
        while write_queue.take(&mut taken) == Next::Frames {
            while !taken.is_empty() {
                let mut slices = [IoSlice::new(&[])];
                taken.slices(&mut slices);
                assert!(slices[0].len() <= BURST_PIECE, "{} bytes", slices[0].len());
                sent.extend_from_slice(&slices[0]);
                taken.advance(slices[0].len());
            }
        }
        assert_eq!(sent, all.concat());
        let kept = taken.capacity() + write_queue.state.lock().outgoing.capacity();
        assert!(kept <= 4 * BURST_PIECE, "{kept} bytes");
    }

    #[test]
    fn finish_writes_accepted_frames_and_abort_drops_them() {
        let write_queue = WriteQueue::new(None, None);
        write_queue.send(false, |out| out.frames().push(1)).unwrap();
        write_queue.finish();
        assert!(write_queue.send(false, |out| out.frames().push(2)).is_err());
        write_queue.lapin(&[3; 8]);
        assert_eq!(taken(&write_queue), Some(vec![1]));
        assert_eq!(taken(&write_queue), None);
        let write_queue = WriteQueue::new(None, None);
        write_queue.send(false, |out| out.frames().push(1)).unwrap();
        write_queue.abort();
        write_queue.finish();
        assert_eq!(taken(&write_queue), None);
    }
}
