//! A driver's own runtime: one thread for its connections, which nobody else can hold up.
//!
//! On the user's runtime, a handler that blocks its thread would hold heartbeats up until the broker cuts
//! the connection. No code of users runs here. The thread starts with the first task. It ends when the
//! engine is closed or dropped and all its tasks have ended; what lapin still has on it is dropped then.

use std::io;
use std::thread;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::super::amqp::own_limit;
use crate::sync::Mutex;
use crate::{Error, Result};

/// As operators see the thread.
const NAME: &str = "rpc-rabbit";

/// The way to a driver's thread.
#[derive(Debug, Default)]
pub(crate) struct Engine(Mutex<State>);

#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    Running(Running),
    Closed,
}

#[derive(Debug, Clone)]
struct Running {
    runtime: Handle,
    /// The thread lives as long as one of these.
    hold: watch::Receiver<()>,
}

impl Engine {
    /// Runs a task, for which the thread stays until it has ended.
    ///
    /// Fails when the engine was closed, or when the machine gives no thread; the task is dropped then.
    pub(crate) fn spawn(
        &self,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> Result<JoinHandle<()>> {
        let Running { runtime, hold } = self.running()?;
        Ok(runtime.spawn(async move {
            task.await;
            drop(hold);
        }))
    }

    /// Starts the thread, if there is none so far. Fails as [`spawn`](Self::spawn).
    pub(crate) fn start(&self) -> Result<()> {
        self.running().map(drop)
    }

    /// Takes no more tasks; those under way run to their end.
    pub(crate) fn close(&self) {
        *self.0.lock() = State::Closed;
    }

    fn running(&self) -> Result<Running> {
        let mut state = self.0.lock();
        match &*state {
            State::Running(running) => Ok(running.clone()),
            State::Closed => Err(Error::closed()),
            State::Idle => {
                let running = start().map_err(|error| {
                    let limit = own_limit(&error).unwrap_or("this process has reached a limit");
                    Error::Config(format!(
                        "cannot start a thread for the connections to the broker: {error}: {limit}"
                    ))
                })?;
                *state = State::Running(running.clone());
                Ok(running)
            }
        }
    }
}

fn start() -> io::Result<Running> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .thread_name(NAME)
        .build()?;
    let handle = runtime.handle().clone();
    let owned = Owned(Some(runtime));
    let (held, hold) = watch::channel(());
    thread::Builder::new().name(NAME.into()).spawn(move || {
        if let Some(runtime) = &owned.0 {
            runtime.block_on(held.closed());
        }
    })?;
    Ok(Running {
        runtime: handle,
        hold,
    })
}

/// A runtime that waits for nothing when it is dropped: it might be in an async context, or a name might
/// take long to resolve.
struct Owned(Option<Runtime>);

impl Drop for Owned {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::oneshot;
    use tokio::time::sleep;

    use super::*;

    #[tokio::test]
    async fn a_task_runs_to_its_end_though_the_engine_is_gone() {
        let (go, gone) = oneshot::channel::<()>();
        let (done, seen) = oneshot::channel();
        let engine = Engine::default();
        let task = engine.spawn(async move {
            gone.await.unwrap();
            // Both drivers are there: that of timers, and that of sockets.
            sleep(Duration::from_millis(1)).await;
            tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            done.send(thread::current().name().map(str::to_owned))
                .unwrap();
        });
        engine.close();
        let refused = engine.spawn(async {});
        assert!(matches!(refused, Err(Error::Closed { .. })));
        drop(engine);
        go.send(()).unwrap();
        assert_eq!(seen.await.unwrap().as_deref(), Some(NAME));
        task.unwrap().await.unwrap();
    }

    #[tokio::test]
    async fn without_tasks_the_thread_ends() {
        let engine = Engine::default();
        // Never ends by itself, and does not hold the thread.
        let (still_there, there) = oneshot::channel::<()>();
        let spawned = engine.spawn(async move {
            tokio::spawn(async move {
                std::future::pending::<()>().await;
                drop(still_there);
            });
        });
        spawned.unwrap().await.unwrap();
        drop(engine);
        there.await.unwrap_err();
    }
}
