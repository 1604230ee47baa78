//! A provided method behaves like an `async fn` with the same body.

use std::fmt::Display;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context as TaskContext, Poll, Waker};

use rpc_runtime::rpc_client;

type Log = Mutex<Vec<&'static str>>;

/// Logs when it is dropped.
pub struct Told<'l>(&'static str, &'l Log);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        self.1.lock().unwrap().push(self.0);
    }
}

/// Holds something while it lives.
pub struct Guard<'h>(&'h AtomicBool);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.store(false, SeqCst);
    }
}

/// The same methods in a trait with the attribute, and in a plain trait.
macro_rules! twice {
    ($($methods:tt)*) => {
        #[rpc_client(topic = "provided", version = "1.0")]
        pub trait Provided: Sized {
            $($methods)*
        }

        #[allow(async_fn_in_trait, reason = "as a user writes it without the macro")]
        pub trait Plain: Sized {
            $($methods)*
        }
    };
}

twice! {
    async fn guarded(&self, _guard: Guard<'_>, held: &AtomicBool) -> bool {
        held.load(SeqCst)
    }

    async fn discarded(&self, _: Guard<'_>, held: &AtomicBool) -> bool {
        held.load(SeqCst)
    }

    async fn in_part((_, number): (Guard<'_>, u8), held: &AtomicBool) -> (bool, u8) {
        (held.load(SeqCst), number)
    }

    async fn dropped_in_order(
        &self,
        _a: Told<'_>,
        _: Told<'_>,
        (_c, _): (Told<'_>, Told<'_>),
        mut e: Told<'_>,
        log: &Log,
    ) {
        let _local = Told("local", log);
        e.0 = "e, changed";
        log.lock().unwrap().push(e.0);
    }

    async fn moved(&self, r#type: Told<'_>, b: Told<'_>, log: &Log) {
        drop(r#type);
        log.lock().unwrap().push("body");
        drop(b);
    }

    async fn returned_early(&self, _a: Told<'_>, b: Told<'_>, log: &Log) -> u8 {
        if log.lock().unwrap().is_empty() {
            return 1;
        }
        drop(b);
        2
    }

    async fn consumed(self, _a: Told<'_>, log: &Log) {
        log.lock().unwrap().push("body");
    }

    async fn boxed(self: Box<Self>, _a: Told<'_>, log: &Log) {
        log.lock().unwrap().push("body");
    }

    async fn waiting(&self, _a: Told<'_>, _: Told<'_>, log: &Log) {
        log.lock().unwrap().push("body");
        std::future::pending::<()>().await;
    }

    async fn some_builds(
        &self,
        #[cfg(not(any(unix, windows)))] absent: NoSuchType,
        #[cfg(any(unix, windows))] _present: Told<'_>,
        #[expect(unused_variables, reason = "it is not named")] kept: Told<'_>,
        log: &Log,
    ) {
        log.lock().unwrap().push("body");
    }
}

pub struct Real<'l>(Option<Told<'l>>);

impl Provided for Real<'_> {}
impl Plain for Real<'_> {}

/// Compares the logs and the results of a call in both traits.
macro_rules! alike {
    (|$log:ident, $real:ident: $trait:ident| $call:expr) => {{
        macro_rules! logged {
            ($name:ident) => {{
                use $name as $trait;
                let $log = &Log::default();
                let $real = Real(Some(Told("self", $log)));
                let mut future = Box::pin($call);
                let polled = future
                    .as_mut()
                    .poll(&mut TaskContext::from_waker(Waker::noop()));
                $log.lock().unwrap().push("polled");
                drop(future);
                $log.lock().unwrap().push("dropped");
                let log = $log.lock().unwrap().clone();
                let returned = match polled {
                    Poll::Ready(returned) => Some(returned),
                    Poll::Pending => None,
                };
                (returned, log)
            }};
        }
        let ours = logged!(Provided);
        assert_eq!(ours, logged!(Plain), "{}", stringify!($call));
        ours
    }};
}

pub fn main() {
    let flag = AtomicBool::new(false);
    let guard = || {
        flag.store(true, SeqCst);
        Guard(&flag)
    };
    let held = &flag;
    let (guarded, _) = alike!(|_log, real: T| T::guarded(&real, guard(), held));
    assert_eq!(guarded, Some(true));
    let (discarded, _) = alike!(|_log, real: T| T::discarded(&real, guard(), held));
    assert_eq!(discarded, Some(true));
    let (in_part, _) = alike!(|_log, _real: T| <Real<'_> as T>::in_part((guard(), 3), held));
    assert_eq!(in_part, Some((true, 3)));
    alike!(|log, real: T| T::dropped_in_order(
        &real,
        Told("a", log),
        Told("b", log),
        (Told("c", log), Told("d", log)),
        Told("e", log),
        log
    ));
    alike!(|log, real: T| T::moved(&real, Told("a", log), Told("b", log), log));
    alike!(|log, real: T| T::returned_early(&real, Told("a", log), Told("b", log), log));
    let (_, log) = alike!(|log, real: T| T::consumed(real, Told("a", log), log));
    assert_eq!(log, ["body", "a", "self", "polled", "dropped"]);
    alike!(|log, real: T| T::boxed(Box::new(real), Told("a", log), log));
    alike!(|log, real: T| T::waiting(&real, Told("a", log), Told("b", log), log));
    alike!(|log, real: T| T::some_builds(&real, Told("a", log), Told("b", log), log));
    never_polled();
    coerced();
    one_line();
}

/// A future that is never polled drops its values in the same order.
fn never_polled() {
    fn dropped<F: Future>(log: &Log, future: F) -> Vec<&'static str> {
        drop(future);
        log.lock().unwrap().clone()
    }
    let (ours, plain) = (&Log::default(), &Log::default());
    let both = |log| (Real(Some(Told("self", log))), Told("a", log));
    let (real, a) = both(ours);
    let ours = dropped(ours, Provided::consumed(real, a, ours));
    let (real, a) = both(plain);
    assert_eq!(ours, dropped(plain, Plain::consumed(real, a, plain)));
}

/// Bodies whose results are coerced to the return type.
#[rpc_client(topic = "coerced", version = "1.0")]
pub trait Coerced {
    const TEXT: &'static str = "text";

    async fn numbers(
        &self,
        early: bool,
    ) -> Result<Box<dyn Iterator<Item = u8> + Send>, rpc_runtime::Error> {
        if early {
            return Ok(Box::new(std::iter::empty()));
        }
        Ok(Box::new([1, 2].into_iter()))
    }

    async fn shown<'a>(&self, one: &'a u16, other: &'a Name, first: bool) -> &'a dyn Display {
        if first {
            return one;
        }
        other
    }

    async fn slice(&self, array: &'static [u8; 12]) -> &'static [u8] {
        array
    }

    async fn function(&self) -> fn(u8) -> u8 {
        |number| number + 1
    }

    async fn changed(
        &self,
        ref mut number: u8,
        (ref mut text, _): (String, u8),
        mut items: Vec<u8>,
    ) -> (u8, String, Vec<u8>) {
        *number += 1;
        text.push('!');
        items.push(3);
        (*number, text.clone(), items)
    }

    async fn opaque(&self, number: u8) -> impl Display + Send {
        if number == 0 {
            return number.to_string();
        }
        format!("{}{number}", Self::TEXT)
    }

    async fn unfinished(&self) -> Result<u8, rpc_runtime::Error> {
        std::future::pending::<()>().await;
        unimplemented!()
    }

    async fn unit(&self, numbers: &mut Vec<u8>) {
        numbers.push(3);
    }
}

impl Coerced for () {}

pub struct Name(&'static str);

impl Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let waker = &mut TaskContext::from_waker(Waker::noop());
    match future.as_mut().poll(waker) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

fn coerced() {
    let count = |early| ready(().numbers(early)).unwrap().count();
    assert_eq!((count(true), count(false)), (0, 2));
    let text = Name("text");
    let shown = |first| ready(().shown(&3, &text, first)).to_string();
    assert_eq!((shown(true), shown(false)), ("3".into(), "text".into()));
    assert_eq!(ready(().slice(&[7; 12])), [7; 12]);
    assert_eq!(ready(().function())(2), 3);
    let changed = ready(().changed(1, ("a".into(), 0), vec![]));
    assert_eq!(changed, (2, "a!".into(), vec![3]));
    assert_eq!(ready(().opaque(3)).to_string(), "text3");
    drop(().unfinished());
    let mut numbers = Vec::new();
    ready(().unit(&mut numbers));
    assert_eq!(numbers, [3]);
}

/// A body on one line has no lint that a plain `async fn` does not have.
#[forbid(unused)]
mod on_one_line {
    use rpc_runtime::rpc_client;

    #[rustfmt::skip]
    #[rpc_client(topic = "short", version = "1.0")]
    pub trait Short {
        async fn one(&self) -> u32 { 1 }
    }
}

fn one_line() {
    struct Ones;
    impl on_one_line::Short for Ones {}
    assert_eq!(ready(on_one_line::Short::one(&Ones)), 1);
}
