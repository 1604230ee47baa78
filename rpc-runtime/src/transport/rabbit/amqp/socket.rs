//! The socket of one connection, plain or with TLS.
//!
//! The [I/O task](super::io_task) owns it. Other tasks may write to a plain socket only, and only through the write
//! queue.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

#[cfg(feature = "tls")]
use tokio::io::AsyncWrite;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// A connection to a broker's port.
#[derive(Debug)]
pub(super) enum Socket {
    Plain(OwnedReadHalf, Arc<OwnedWriteHalf>),
    #[cfg(feature = "tls")]
    Tls(Box<super::tls::TlsStream>),
}

impl Socket {
    pub(super) fn plain(tcp: TcpStream) -> Self {
        let (read, write) = tcp.into_split();
        Self::Plain(read, Arc::new(write))
    }

    /// The writer for other tasks. `None` with TLS, which must have one writer only.
    #[cfg_attr(
        not(feature = "tls"),
        expect(clippy::unnecessary_wraps, reason = "a TLS socket returns `None`")
    )]
    pub(super) fn writer(&self) -> Option<Arc<OwnedWriteHalf>> {
        match self {
            Self::Plain(_, write) => Some(write.clone()),
            #[cfg(feature = "tls")]
            Self::Tls(_) => None,
        }
    }

    /// Reads bytes. 0 bytes mean the end.
    pub(super) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        ready!(match self {
            Self::Plain(read, _) => Pin::new(read).poll_read(context, &mut buffer),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => Pin::new(tls).poll_read(context, &mut buffer),
        })?;
        Poll::Ready(Ok(buffer.filled().len()))
    }

    pub(super) fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(_, write) => loop {
                ready!(write.as_ref().as_ref().poll_write_ready(context))?;
                match write.try_write_vectored(slices) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    done => return Poll::Ready(done),
                }
            },
            #[cfg(feature = "tls")]
            Self::Tls(tls) => AsyncWrite::poll_write_vectored(Pin::new(tls), context, slices),
        }
    }

    /// Completes once all written bytes are passed to the kernel.
    pub(super) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(..) => {
                let _ = context;
                Poll::Ready(Ok(()))
            }
            #[cfg(feature = "tls")]
            Self::Tls(tls) => AsyncWrite::poll_flush(Pin::new(tls), context),
        }
    }
}
