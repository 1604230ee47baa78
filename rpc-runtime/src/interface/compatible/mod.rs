//! Checks, at compile time, whether an endpoint of one interface serves the clients of another.
//!
//! A client can send each method of its interface in each of its forms. The server's rules are applied to
//! each form: the method is found by name, the version is compared, and arguments are decoded by name. All
//! functions are `const`, so they cannot use iterators, `?` or `format!`.

/// The operator `?` for constants.
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
use names::has_name;
pub use violation::Incompatibility;
use violation::{Checked, Violation};

/// Fails to compile unless an endpoint of `new` serves every client of `old`.
///
/// Use it for a new version of an interface that is kept beside the old one. It checks that an endpoint of
/// `new` accepts every message of a client of `old`, and replies as that client expects.
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
/// The error says what is wrong. For this example: "clients of 2.0 need not send `site` of `rack`: give it a `default`,
/// or make it an `Option`".
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
/// A method of `old` has a form for each version that its messages are stamped with. Only the forms of
/// `new`'s major version are compared, and at least one must exist, because `new` serves only messages whose
/// stamp has its major version.
///
/// | in `old` | in `new` |
/// |---|---|
/// | topic | The same topic, unless one of the two has none and leaves it to the client. |
/// | exchange, namespace | The same. An absent exchange means [`DEFAULT_EXCHANGE`]. An absent namespace differs from every name. |
/// | stamp of a form | Not above [`Interface::version`]. |
/// | method | A method with that current or old name. |
/// | call, or call and cast | A call, or a call and cast, with the same return type. |
/// | cast, fanout | Any mode: the client waits for no reply, and the client chooses where the message goes. |
/// | argument that a form sends | An argument that is sent and has that current or old name, with a compatible type; or an argument that is computed from it ([`Below::With`]). Below its `since`, an argument that is computed from named values has only those names. |
/// | argument that a form lacks, or may lack as a [`MaybeAbsent`] | Has a default, is an `Option` or a `MaybeAbsent`, or is computed from arguments that the form has. |
/// | two arguments of a form | Are not two names of one argument. |
///
/// A type is compatible with the same type, borrowed or owned (`&str` and `String`, `&[T]` and `Vec<T>`, `&T`
/// and `T`); lifetimes are ignored. An `Option` or a `MaybeAbsent` also accepts the type that it contains.
///
/// # What is not checked
///
/// - Types are compared as text. Two types with the same name count as equal, and two paths to one type as
///   different. How serde writes a type is not examined.
/// - For arguments that are computed from others ([`Below::With`]), only names are compared.
/// - Settings of clients and endpoints that are built at run time: topics, legacy namespaces, versions of
///   single calls.
///
/// The compiler rejects a constant that takes very many steps. From a few hundred methods on, write
/// `#[allow(long_running_const_eval)]` above the constant.
///
/// # Panics
///
/// If a rule does not hold. In a constant, that is a compile error. [`compatibility`] returns the error
/// instead.
///
/// [`Below::With`]: crate::interface::Below::With
/// [`MaybeAbsent`]: crate::MaybeAbsent
#[track_caller]
pub const fn assert_compatible(old: &Interface, new: &Interface) {
    if let Err(incompatibility) = compatibility(old, new) {
        panic!("{}", incompatibility.text().as_str())
    }
}

/// Checks whether an endpoint of `new` serves every client of `old`, by the rules of [`assert_compatible`].
///
/// Use it for interfaces that are chosen at run time, and in tests that compare several.
///
/// # Errors
///
/// The first rule that does not hold. The address is checked first, and then each method of `old` in order,
/// highest form first.
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

/// The method that a server finds under a name. The search begins at `place`, where the method usually is,
/// because the compiler limits the steps of a constant.
const fn find(methods: &'static [Method], name: &str, place: usize) -> Option<&'static Method> {
    let mut index = 0;
    while index < methods.len() {
        let method = &methods[(place + index) % methods.len()];
        if has_name(method.name(), method.old_names(), name) {
            return Some(method);
        }
        index += 1;
    }
    None
}

/// Checks mode and return type. A server would reply to a call of a method that is declared as a cast, but
/// the interface promises nothing about that reply.
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
