//! Whether an endpoint serves the clients of another interface, found out at compile time.
//!
//! What a client can send is read off its interface: each method in each of its forms. What an endpoint
//! does with it follows the server: the method is found by name, the version compared, the arguments
//! decoded by name. Everything here is `const`, and so without iterators, `?` or `format!`.

/// `?`, usable in constants.
macro_rules! check {
    ($rule:expr) => {
        if let Err(violation) = $rule {
            return Err(violation);
        }
    };
}

mod form;
mod names;
#[cfg(test)]
mod tests;
mod types;
mod violation;

use super::text::same;
use super::{Interface, Method, Mode};
use crate::Version;
use crate::target::DEFAULT_EXCHANGE;
use form::Form;
use names::goes_by;
pub use violation::Incompatibility;
use violation::{Checked, Violation};

/// Does not compile unless an endpoint of `new` serves each client of `old`.
///
/// For a new version of an interface that is kept beside the old one: whatever a client of `old` can send,
/// an endpoint of `new` takes it, and answers as that client expects.
///
/// ```
/// use rpc_runtime::assert_compatible;
///
/// mod v2_0 {
///     use rpc_runtime::{Context, Result, rpc_client};
///
///     #[rpc_client(topic = "inventory", version = "2.0")]
///     pub trait Inventory {
///         async fn rack(&self, ctxt: &Context, host: &str) -> Result<String>;
///     }
/// }
///
/// mod v2_1 {
///     use rpc_runtime::{Context, Result, rpc_client};
///
///     #[rpc_client(topic = "inventory", version = "2.0")]
///     pub trait Inventory {
///         async fn rack(
///             &self,
///             ctxt: &Context,
///             host: &str,
///             #[rpc(since = "2.1", default = "main")] site: &str,
///         ) -> Result<String>;
///     }
/// }
///
/// const _: () = assert_compatible(
///     &v2_0::InventoryClient::INTERFACE,
///     &v2_1::InventoryClient::INTERFACE,
/// );
/// ```
///
/// The error names what is wrong: of this one, "`site` of `rack` must have a value for clients of 2.0,
/// which need not send it: give it a `default`, or make it an `Option`".
///
/// ```compile_fail,E0080
/// # use rpc_runtime::assert_compatible;
/// # mod v2_0 {
/// #     use rpc_runtime::{Context, Result, rpc_client};
/// #     #[rpc_client(topic = "inventory", version = "2.0")]
/// #     pub trait Inventory {
/// #         async fn rack(&self, ctxt: &Context, host: &str) -> Result<String>;
/// #     }
/// # }
/// mod v2_1 {
///     use rpc_runtime::{Context, Result, rpc_client};
///
///     #[rpc_client(topic = "inventory", version = "2.1")]
///     pub trait Inventory {
///         async fn rack(&self, ctxt: &Context, host: &str, site: &str) -> Result<String>;
///     }
/// }
/// # const _: () = assert_compatible(
/// #     &v2_0::InventoryClient::INTERFACE,
/// #     &v2_1::InventoryClient::INTERFACE,
/// # );
/// ```
///
/// # Rules
///
/// A method of `old` has a form for each version that its messages are stamped with. Those of the major
/// of `new` count, and there must be one: a client that is to be served by `new` is capped there.
///
/// | of `old` | in `new` |
/// |---|---|
/// | topic | The same, or one of the two has none and leaves it to the client. |
/// | exchange, namespace | The same. An absent exchange is [`DEFAULT_EXCHANGE`]; an absent namespace is one of its own. |
/// | stamp of a form | Not above [`Interface::version`]. |
/// | method | There is one of that name, today's or an old one. |
/// | call, or call and cast | A call, or a call and cast, with the same return type. |
/// | cast, fanout | Anything: nobody waits for the reply, and where the message goes is the client's to say. |
/// | argument that a form sends | There is one that is sent and goes by that name, today's or an old one, and its type takes the old one; or one is made of it ([`Below::With`]). |
/// | argument that a form lacks, or can lack as a [`MaybeAbsent`] | Has a default, or is an `Option` or a `MaybeAbsent`, or is made of others that the form has. |
/// | two arguments of a form | Are not two names of one. |
///
/// A type takes the same type, borrowed or not (`&str` is `String`, `&[T]` is `Vec<T>`, `&T` is `T`,
/// lifetimes do not count), and an `Option` or a `MaybeAbsent` takes what is in it too.
///
/// # What it does not see
///
/// - Types are compared as they are written: two of one name are taken for the same, two paths to one for
///   different, and what serde makes of them is not looked into.
/// - What is made of arguments ([`Below::With`]), and of which types: only their names are known.
/// - What is chosen when clients and endpoints are built: topics, legacy namespaces, versions of single
///   calls.
///
/// The compiler takes a constant of very many steps for an endless one: from a few hundred methods on, write
/// `#[allow(long_running_const_eval)]` above it.
///
/// # Panics
///
/// When a rule does not hold; outside of constants, when it runs. [`compatibility`] returns the error.
///
/// [`Below::With`]: crate::interface::Below::With
/// [`MaybeAbsent`]: crate::MaybeAbsent
#[track_caller]
pub const fn assert_compatible(old: &Interface, new: &Interface) {
    if let Err(incompatibility) = compatibility(old, new) {
        panic!("{}", incompatibility.text().as_str())
    }
}

/// Whether an endpoint of `new` serves each client of `old`, by the rules of [`assert_compatible`].
///
/// For interfaces that are chosen when the program runs, and for tests that list several.
///
/// # Errors
///
/// The first rule that does not hold: first of the whole interface, then of each method of `old` in turn,
/// the highest form first.
pub const fn compatibility(old: &Interface, new: &Interface) -> Result<(), Incompatibility> {
    let served = new.version();
    match interface(old, new, served) {
        Ok(()) => Ok(()),
        Err(violation) => Err(Incompatibility {
            interface: new.name(),
            served,
            violation,
        }),
    }
}

const fn interface(old: &Interface, new: &Interface, served: Version) -> Checked {
    check!(address(old, new));
    let mut index = 0;
    while index < old.methods().len() {
        check!(method(old, index, new, served));
        index += 1;
    }
    Ok(())
}

const fn address(old: &Interface, new: &Interface) -> Checked {
    match (old.namespace(), new.namespace()) {
        (None, None) => {}
        (Some(old), Some(new)) if same(old, new) => {}
        (old, _) => return Err(Violation::Namespace(old)),
    }
    let exchange = exchange(old);
    if !same(exchange, self::exchange(new)) {
        return Err(Violation::Exchange(exchange));
    }
    match (old.topic(), new.topic()) {
        (Some(old), Some(new)) if !same(old, new) => Err(Violation::Topic(old)),
        _ => Ok(()),
    }
}

const fn exchange(interface: &Interface) -> &'static str {
    match interface.exchange() {
        Some(exchange) => exchange,
        None => DEFAULT_EXCHANGE,
    }
}

const fn method(old: &Interface, place: usize, new: &Interface, served: Version) -> Checked {
    let old = &old.methods()[place];
    let later = old.later_versions();
    let mut of_the_major = false;
    let mut index = 0;
    while index <= later.len() {
        let stamp = if index < later.len() {
            later[index]
        } else {
            old.version()
        };
        if stamp.major() == served.major() {
            of_the_major = true;
            check!(form(old, place, stamp, new, served));
        }
        index += 1;
    }
    if of_the_major {
        Ok(())
    } else {
        Err(Violation::Major {
            method: old.name(),
            highest: old.highest_version(),
        })
    }
}

const fn form(
    old: &Method,
    place: usize,
    stamp: Version,
    new: &Interface,
    served: Version,
) -> Checked {
    let method = old.name_in(stamp);
    let Some(new) = find(new.methods(), method, place) else {
        return Err(Violation::Method { method, stamp });
    };
    if served.is_below(stamp) {
        return Err(Violation::Stamp { method, stamp });
    }
    check!(reply(old, new, method));
    Form::new(old, stamp).is_served_by(new)
}

/// The method that a server finds under a name. It is first looked for at a place: mostly there, and the
/// compiler counts the steps that a constant takes.
const fn find(methods: &'static [Method], name: &str, place: usize) -> Option<&'static Method> {
    let mut index = 0;
    while index < methods.len() {
        let method = &methods[(place + index) % methods.len()];
        if goes_by(method.name(), method.old_names(), name) {
            return Some(method);
        }
        index += 1;
    }
    None
}

/// A server runs a call of what is to be cast, and replies; but the interface promises nothing of it.
const fn reply(old: &Method, new: &Method, method: &'static str) -> Checked {
    if is_one_way(old.mode()) {
        return Ok(());
    }
    if is_one_way(new.mode()) {
        return Err(Violation::Mode { method });
    }
    let (old, new) = (old.returns(), new.returns());
    if types::is_same(old, new) {
        Ok(())
    } else {
        Err(Violation::Returns { method, old, new })
    }
}

const fn is_one_way(mode: Mode) -> bool {
    match mode {
        Mode::Call | Mode::CallOrCast => false,
        Mode::Cast | Mode::Fanout => true,
    }
}
