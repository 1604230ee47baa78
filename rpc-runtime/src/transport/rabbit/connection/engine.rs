//! A driver's own runtime: one thread for its connections.
//!
//! On the user's runtime, a handler that blocks its thread would delay heartbeats until the broker closes the
//! connection. So no handler may run here. These parts of a program do run here, and must not block: the subscriber of
//! `tracing`, the recorder of metrics, wakers, and a provider of credentials without a runtime of its own.
//!
//! The thread starts with the first task. It ends once the engine is closed or dropped and all its tasks have ended.
//! Tasks that lapin still runs are dropped then.

use std::io;
use std::thread;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::super::amqp::own_limit;
use crate::sync::Mutex;
use crate::{Error, Result};

/// The thread's name, as operators see it.
const NAME: &str = "rpc-rabbit";

/// The handle to a driver's thread.
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
    /// The thread runs as long as a clone of this exists.
    hold: watch::Receiver<()>,
}

impl Engine {
    /// Runs a task. The thread runs at least until the task has ended.
    ///
    /// Fails if the engine is closed, or if the thread cannot be started. The task is dropped then.
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

    /// Starts the thread, unless it runs. Fails as [`spawn`](Self::spawn) does.
    pub(crate) fn start(&self) -> Result<()> {
        self.running().map(drop)
    }

    /// Refuses further tasks. Running tasks continue to their end.
    pub(crate) fn close(&self) {
        *self.0.lock() = State::Closed;
    }

    fn running(&self) -> Result<Running> {
        let mut state = self.0.lock();
        match &*state {
            State::Running(running) => Ok(running.clone()),
            State::Closed => Err(Error::new_closed()),
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

/// A runtime that can be dropped without blocking. Dropping a [`Runtime`] waits for its blocking tasks, and panics in
/// an async context.
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
    async fn a_task_runs_to_its_end_after_the_engine_is_dropped() {
        let (go, gone) = oneshot::channel::<()>();
        let (done, seen) = oneshot::channel();
        let engine = Engine::default();
        let task = engine.spawn(async move {
            gone.await.unwrap();
            // The runtime has both drivers: timers and sockets.
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
        // The inner task never ends, and does not keep the thread alive.
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
