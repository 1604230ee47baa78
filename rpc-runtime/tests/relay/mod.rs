//! A TCP relay between driver and broker that cuts connections when told to.

use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// Dropping it cuts all.
pub(crate) struct Relay {
    port: u16,
    generation: Arc<watch::Sender<u64>>,
    task: AbortHandle,
}

impl Relay {
    /// Passes everything on to `broker`.
    pub(crate) async fn to(broker: &str) -> Self {
        let broker = broker.to_owned();
        Self::start(move |mut client| {
            let broker = broker.clone();
            async move {
                if let Ok(mut server) = TcpStream::connect(&broker).await {
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                }
            }
        })
        .await
    }

    /// Accepts, and never says a word.
    pub(crate) async fn silent() -> Self {
        Self::start(|client| async move {
            let _client = client;
            std::future::pending::<()>().await;
        })
        .await
    }

    async fn start<F: Future<Output = ()> + Send + 'static>(
        serve: impl Fn(TcpStream) -> F + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let generation = Arc::new(watch::Sender::new(0));
        let cuts = generation.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let mut cut = cuts.subscribe();
                let serving = serve(client);
                tokio::spawn(async move {
                    tokio::select! {
                        () = serving => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Self {
            port,
            generation,
            task: task.abort_handle(),
        }
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Cuts each connection that stands; new ones are taken.
    pub(crate) fn cut(&self) {
        self.generation.send_modify(|generation| *generation += 1);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

/// A port where nobody listens.
pub(crate) async fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}
