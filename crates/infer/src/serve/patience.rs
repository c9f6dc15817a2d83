//! A connection whose client has to read what it asked for.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// Bytes a second that a client has to read at least, once the system's buffers
/// are full: it may be slow, but not one byte at a time.
const SLOWEST: u32 = 16 << 10;

/// A stream that fails when its other end does not read for some time. Without that,
/// clients that never read would hold their connections for ever.
pub struct Patience<S> {
    stream: S,
    patience: Duration,
    /// When to give up; set while the other end does not take all there is.
    end: Option<Pin<Box<Sleep>>>,
}

impl<S> Patience<S> {
    pub fn new(stream: S, patience: Duration) -> Self {
        Self {
            stream,
            patience,
            end: None,
        }
    }

    /// Judges what came of the attempt to write `length` bytes.
    fn judge(
        &mut self,
        written: Poll<io::Result<usize>>,
        length: usize,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Ready(Ok(bytes)) if *bytes < length => {
                // Each byte that was read earns its time, up to the whole patience.
                if let Some(end) = &mut self.end {
                    let earned = Duration::from_secs(*bytes as u64) / SLOWEST;
                    let latest = Instant::now() + self.patience;
                    let deadline = (end.deadline() + earned).min(latest);
                    end.as_mut().reset(deadline);
                }
                written
            }
            Poll::Ready(_) => {
                self.end = None;
                written
            }
            Poll::Pending => {
                let patience = self.patience;
                let end = self
                    .end
                    .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + patience)));
                ready!(end.as_mut().poll(context));
                Poll::Ready(Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "the client does not read its answers",
                )))
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patience<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patience<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(written, bytes.len(), context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        let length = parts.iter().map(|part| part.len()).sum();
        self.judge(written, length, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
    use tokio::time::sleep;

    use super::*;

    const PATIENCE: Duration = Duration::from_millis(200);

    /// Writes while the other end reads as `read` says.
    fn written<F: Future<Output = ()>>(
        read: impl FnOnce(tokio::io::DuplexStream) -> F,
    ) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (client, server) = duplex(1000);
            let mut server = Patience::new(server, PATIENCE);
            let (written, ()) = tokio::join!(server.write_all(&[0; 100_000]), read(client));
            written
        })
    }

    #[test]
    fn a_client_that_reads_now_and_then_gets_everything() {
        let read = |mut client: tokio::io::DuplexStream| async move {
            let mut buffer = [0; 1000];
            for _ in 0..100 {
                client.read_exact(&mut buffer).await.unwrap();
                // Longer in all than the patience.
                sleep(Duration::from_millis(4)).await;
            }
        };
        written(read).unwrap();
    }

    #[test]
    fn a_client_that_reads_nothing_or_byte_by_byte_is_given_up() {
        let nothing = |client| async move {
            sleep(4 * PATIENCE).await;
            drop(client);
        };
        let error = written(nothing).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let byte_by_byte = |mut client: tokio::io::DuplexStream| async move {
            for _ in 0..8 {
                client.read_u8().await.unwrap();
                sleep(PATIENCE / 2).await;
            }
        };
        let error = written(byte_by_byte).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
