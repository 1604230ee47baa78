//! Each rule, kept and broken, between interfaces of one method; and the text of each message.

use std::panic::catch_unwind;

use super::*;
use crate::interface::{Argument, Below, OldName, Role};

const fn v(major: u32, minor: u32) -> Version {
    Version::new(major, minor)
}

fn interface(methods: &[Method]) -> Interface {
    Interface::new("Inventory", v(2, 0), methods.to_vec().leak())
}

/// An interface with one method, of 2.0 and these later versions.
fn rack(later: &[Version], arguments: &[Argument]) -> Interface {
    let method = Method::new("rack", Mode::Call, v(2, 0))
        .with_arguments(arguments.to_vec().leak())
        .with_later_versions(later.to_vec().leak());
    interface(&[method])
}

fn cast(mode: Mode) -> Interface {
    interface(&[Method::new("rack", mode, v(2, 0))])
}

fn arg(name: &'static str, ty: &'static str) -> Argument {
    Argument::new(name, ty)
}

fn before(version: Version, name: &'static str) -> &'static [OldName] {
    vec![OldName::new(version, name)].leak()
}

#[track_caller]
fn compatible(old: Interface, new: Interface) {
    if let Err(error) = compatibility(&old, &new) {
        panic!("{error}");
    }
}

#[track_caller]
fn incompatible(old: Interface, new: Interface, message: &str) {
    let error = compatibility(&old, &new).unwrap_err();
    assert_eq!(error.to_string(), message);
}

#[test]
fn the_panic_has_the_text_of_the_error() {
    let old = rack(&[], &[arg("host", "&str")]);
    let new = rack(&[], &[arg("host", "u32")]);
    assert_compatible(&old, &old);
    let panic = catch_unwind(|| assert_compatible(&old, &new)).unwrap_err();
    let expected = compatibility(&old, &new).unwrap_err().to_string();
    assert_eq!(panic.downcast_ref(), Some(&expected));
}

#[test]
fn the_namespace_must_be_kept() {
    let (none, one) = (rack(&[], &[]), rack(&[], &[]).with_namespace("one"));
    compatible(none, none);
    compatible(one, one);
    incompatible(
        one,
        none.with_namespace("other"),
        "`Inventory` must keep the namespace `one`, which its clients name: write `namespace = \"one\"`",
    );
    incompatible(
        one,
        none,
        "`Inventory` must keep the namespace `one`, which its clients name: write `namespace = \"one\"`",
    );
    incompatible(
        none,
        one,
        "`Inventory` must have no namespace, as its clients name none: remove `namespace`",
    );
}

#[test]
fn the_exchange_must_be_kept() {
    let none = rack(&[], &[]);
    let one = none.with_exchange("one");
    compatible(one, one);
    compatible(none, none.with_exchange(DEFAULT_EXCHANGE));
    compatible(none.with_exchange(DEFAULT_EXCHANGE), none);
    incompatible(
        one,
        none,
        "`Inventory` must keep the exchange `one`, which its clients publish to: write `exchange = \"one\"`",
    );
    incompatible(
        none,
        one,
        "`Inventory` must keep the exchange `openstack`, which its clients publish to: write `exchange = \"openstack\"`",
    );
}

#[test]
fn the_topic_must_be_kept_if_both_have_one() {
    let none = rack(&[], &[]);
    let one = none.with_topic("one");
    compatible(one, one);
    compatible(one, none);
    compatible(none, one);
    incompatible(
        one,
        none.with_topic("other"),
        "`Inventory` must keep the topic `one`, which its clients send to: write `topic = \"one\"`",
    );
}

#[test]
fn stamps_must_not_be_above_the_served_version() {
    compatible(rack(&[], &[]), rack(&[v(2, 3)], &[]));
    compatible(rack(&[v(2, 3)], &[]), rack(&[v(2, 3)], &[]));
    incompatible(
        rack(&[v(2, 3), v(2, 1)], &[]),
        rack(&[v(2, 2)], &[]),
        "clients stamp `rack` with 2.3, but `Inventory` has version 2.2: raise `Inventory` to 2.3",
    );
    // The interface's version is that of its highest method.
    let other = Method::new("other", Mode::Call, v(2, 3));
    let rack_of_today = rack(&[], &[]).methods()[0];
    compatible(rack(&[v(2, 3)], &[]), interface(&[other, rack_of_today]));
}

#[test]
fn only_forms_of_the_served_major_are_compared() {
    let both = interface(&[Method::new("rack", Mode::Call, v(1, 7))
        .with_later_versions(vec![v(2, 0)].leak())
        .with_old_names(before(v(2, 0), "find"))]);
    compatible(both, rack(&[], &[]));
    compatible(both, both);
    let next = Interface::new("Inventory", v(3, 1), rack(&[], &[]).methods());
    incompatible(
        both,
        next,
        "clients send `rack` in 2.0, but `Inventory` has version 3.1, another major: serve the old interface beside the new one",
    );
    compatible(interface(&[]), next);
}

#[test]
fn methods_are_found_by_every_name_that_is_sent() {
    let rack = |later: &[Version], names| {
        Method::new("rack", Mode::Call, v(2, 0))
            .with_later_versions(later.to_vec().leak())
            .with_old_names(names)
    };
    let find = Method::new("find", Mode::Call, v(2, 0));
    let renamed = interface(&[rack(&[v(2, 1)], before(v(2, 1), "find"))]);
    compatible(interface(&[find]), renamed);
    compatible(renamed, renamed);
    // Servers accept old names in every version.
    compatible(
        interface(&[find.with_later_versions(vec![v(2, 1)].leak())]),
        renamed,
    );
    incompatible(
        interface(&[find]),
        interface(&[rack(&[], &[])]),
        "`find` must stay a method of `Inventory`, as clients of 2.0 send it: keep it, or give its successor `name_before(\"…\", \"find\")`",
    );
    // Under a cap, clients of the old interface still send its old name.
    incompatible(
        renamed,
        interface(&[rack(&[v(2, 1)], &[])]),
        "`find` must stay a method of `Inventory`, as clients of 2.0 send it: keep it, or give its successor `name_before(\"…\", \"find\")`",
    );
    // No stamp is low enough for this name, so it is never sent.
    compatible(
        interface(&[rack(&[], before(v(1, 9), "find"))]),
        interface(&[rack(&[], &[])]),
    );
}

#[test]
fn a_call_must_stay_a_call() {
    let calls = [Mode::Call, Mode::CallOrCast];
    let casts = [Mode::Cast, Mode::Fanout];
    for call in calls {
        for other in calls {
            compatible(cast(call), cast(other));
        }
        for one_way in casts {
            compatible(cast(one_way), cast(call));
            incompatible(
                cast(call),
                cast(one_way),
                "`rack` must stay a call, as its clients wait for the reply: remove `cast`, or write `call, cast`",
            );
        }
    }
    for old in casts {
        for new in casts {
            compatible(cast(old), cast(new));
        }
    }
}

#[test]
fn a_call_must_keep_its_return_type() {
    let returning = |mode, ty| {
        let method = Method::new("rack", mode, v(2, 0));
        interface(&[method.with_returns(ty)])
    };
    let call = |ty| returning(Mode::Call, ty);
    compatible(call("Result<Rack>"), call("Result<Rack>"));
    compatible(
        call("Result<Rack>"),
        returning(Mode::CallOrCast, "Result<Rack>"),
    );
    compatible(returning(Mode::Cast, "Result<()>"), call("Result<Rack>"));
    for (mode, new) in [
        (Mode::Call, "Result<Shelf>"),
        (Mode::Call, "Result<Option<Rack>>"),
        (Mode::CallOrCast, "Result<()>"),
    ] {
        incompatible(
            returning(mode, "Result<Rack>"),
            call(new),
            &format!(
                "`rack` must return `Result<Rack>`, which its clients expect, and returns `{new}`: keep the type, or add a method"
            ),
        );
    }
}

#[test]
fn every_argument_that_is_sent_must_be_accepted() {
    let host = || arg("host", "&str");
    let node = || arg("node", "&str");
    let names = before(v(2, 1), "host");
    compatible(rack(&[], &[host()]), rack(&[], &[host()]));
    compatible(
        rack(&[], &[host()]),
        rack(&[v(2, 1)], &[node().with_old_names(names)]),
    );
    let unknown = "`host` of `rack` must stay an argument, as clients of 2.0 send it: keep it, with `until` if it is to go, or give its successor `name_before(\"…\", \"host\")`";
    incompatible(rack(&[], &[host()]), rack(&[], &[]), unknown);
    // An argument that names the server is not read from the message.
    for role in [Role::Server, Role::Topic, Role::Route] {
        let routing = host().with_role(role);
        incompatible(rack(&[], &[host()]), rack(&[], &[routing]), unknown);
        compatible(rack(&[], &[routing]), rack(&[], &[]));
    }
    incompatible(
        rack(&[], &[arg("within", "u32").with_role(Role::Timeout)]),
        rack(&[], &[]),
        "`within` of `rack` must stay an argument, as clients of 2.0 send it: keep it, with `until` if it is to go, or give its successor `name_before(\"…\", \"within\")`",
    );
    // Under a cap, the old name is sent.
    incompatible(
        rack(&[v(2, 1)], &[node().with_old_names(names)]),
        rack(&[v(2, 1)], &[node()]),
        unknown,
    );
    let gone = arg("host", "Option<&str>").with_until(v(2, 1));
    compatible(rack(&[], &[host()]), rack(&[v(2, 1)], &[gone]));
    compatible(rack(&[], &[gone]), rack(&[], &[gone]));
    // It is sent in 2.0, and not in 2.1.
    incompatible(rack(&[v(2, 1)], &[gone]), rack(&[v(2, 1)], &[]), unknown);
}

#[test]
fn types_of_arguments_must_be_kept() {
    let of = |ty| rack(&[], &[arg("host", ty)]);
    compatible(of("&str"), of("String"));
    compatible(of("Option<&[Host<'_>]>"), of("Option<Vec<Host<'_>>>"));
    compatible(of("u8"), of("Option<u8>"));
    incompatible(
        of("Option<&str>"),
        of("&str"),
        "clients send `Option<&str>` as `host` of `rack`, which takes `&str`: keep the type, or add an argument",
    );
    // The same applies to an old name.
    let names = before(v(2, 1), "host");
    incompatible(
        of("&str"),
        rack(&[v(2, 1)], &[arg("node", "u32").with_old_names(names)]),
        "clients send `&str` as `host` of `rack`, which takes `u32`: keep the type, or add an argument",
    );
}

#[test]
fn an_argument_that_is_not_sent_must_be_optional() {
    let message = "clients of 2.0 need not send `site` of `rack`: give it a `default`, or make it an `Option`";
    let came = |ty| arg("site", ty).with_since(v(2, 1));
    for optional in [
        arg("site", "Option<&str>"),
        came("Option<&str>"),
        came("MaybeAbsent<Option<String>>"),
        came("&str").with_default("\"main\""),
        came("&str")
            .with_default("\"main\"")
            .with_below(Below::Drop),
        arg("site", "&str").with_role(Role::Server),
    ] {
        compatible(rack(&[], &[]), rack(&[v(2, 1)], &[optional]));
    }
    for required in [
        arg("site", "&str"),
        came("&str"),
        came("&str").with_below(Below::Drop),
        came("Vec<Option<u8>>"),
        arg("site", "u32").with_role(Role::Timeout),
    ] {
        incompatible(rack(&[], &[]), rack(&[v(2, 1)], &[required]), message);
    }
    // A client may leave a `MaybeAbsent` out.
    incompatible(
        rack(&[], &[arg("site", "MaybeAbsent<&str>")]),
        rack(&[], &[arg("site", "&str")]),
        message,
    );
    // Before 2.1, a client leaves it out.
    incompatible(
        rack(&[v(2, 1)], &[came("Option<u8>")]),
        rack(&[v(2, 1)], &[arg("site", "u8")]),
        "clients send `Option<u8>` as `site` of `rack`, which takes `u8`: keep the type, or add an argument",
    );
    incompatible(
        rack(&[v(2, 1)], &[came("u8").with_default("0")]),
        rack(&[v(2, 1)], &[arg("site", "u8")]),
        message,
    );
    // From 2.1 on, a client leaves it out.
    incompatible(
        rack(&[v(2, 1)], &[arg("site", "u8").with_until(v(2, 1))]),
        rack(&[v(2, 1)], &[arg("site", "u8")]),
        "clients of 2.1 need not send `site` of `rack`: give it a `default`, or make it an `Option`",
    );
}

#[test]
fn an_argument_can_be_computed_from_others() {
    let (size, kind) = (arg("size", "u32"), arg("kind", "&str"));
    let spec = arg("spec", "&Spec")
        .with_since(v(2, 1))
        .with_below(Below::With(&["size", "kind"]));
    let new = rack(&[v(2, 1)], &[spec]);
    compatible(rack(&[], &[size, kind]), new);
    compatible(new, new);
    compatible(new, rack(&[v(2, 1)], &[spec.with_default("&Spec::new()")]));
    incompatible(
        rack(&[], &[size]),
        new,
        "clients of 2.0 need not send `spec` of `rack`: give it a `default`, or make it an `Option`",
    );
    compatible(
        rack(&[], &[size]),
        rack(&[v(2, 1)], &[spec.with_default("&Spec::new()")]),
    );
    // From 2.1 on, it is not computed from others.
    incompatible(
        rack(&[v(2, 1)], &[size, kind]),
        new,
        "`size` of `rack` must stay an argument, as clients of 2.1 send it: keep it, with `until` if it is to go, or give its successor `name_before(\"…\", \"size\")`",
    );
    // Under a cap, a client still sends the others.
    incompatible(
        new,
        rack(
            &[v(2, 1)],
            &[arg("spec", "Option<&Spec>").with_since(v(2, 1))],
        ),
        "`size` of `rack` must stay an argument, as clients of 2.0 send it: keep it, with `until` if it is to go, or give its successor `name_before(\"…\", \"size\")`",
    );
    // The endpoint would also accept the argument itself below 2.1. The check is stricter.
    incompatible(
        rack(&[], &[arg("spec", "&Spec"), size, kind]),
        new,
        "`spec` of `rack` must stay an argument, as clients of 2.0 send it: keep it, with `until` if it is to go, or give its successor `name_before(\"…\", \"spec\")`",
    );
    // An argument that may be left out cannot be required.
    let left_out = rack(&[v(2, 1)], &[spec.with_default("&Spec::new()")]);
    compatible(left_out, left_out);
    incompatible(
        left_out,
        rack(&[v(2, 1)], &[size, kind, arg("spec", "Option<&Spec>")]),
        "clients of 2.1 need not send `size` of `rack`: give it a `default`, or make it an `Option`",
    );
}

#[test]
fn an_argument_can_be_computed_from_an_older_value_of_its_name() {
    let gigabytes = arg("size", "u32")
        .with_since(v(2, 1))
        .with_below(Below::With(&[]));
    let new = rack(&[v(2, 1)], &[gigabytes]);
    compatible(rack(&[], &[arg("size", "u64")]), new);
    compatible(new, new);
    incompatible(
        rack(&[], &[]),
        new,
        "clients of 2.0 need not send `size` of `rack`: give it a `default`, or make it an `Option`",
    );
    incompatible(
        rack(&[v(2, 1)], &[arg("size", "u64")]),
        new,
        "clients send `u64` as `size` of `rack`, which takes `u32`: keep the type, or add an argument",
    );
}

#[test]
fn an_argument_must_be_sent_once() {
    let names = before(v(2, 1), "host");
    let new = rack(&[v(2, 1)], &[arg("node", "&str").with_old_names(names)]);
    let both = [arg("host", "&str"), arg("node", "&str")];
    incompatible(
        rack(&[], &both),
        new,
        "clients of 2.0 send `node` of `rack` by two of its names: make one of them an argument of its own",
    );
    // The two are never sent in the same message.
    let [host, node] = both;
    let one_by_one = [host.with_until(v(2, 1)), node.with_since(v(2, 1))];
    compatible(rack(&[v(2, 1)], &one_by_one), new);
}

/// More methods than OpenStack's largest interface, and more forms of each, stay within the compiler's limit
/// of steps.
#[test]
fn large_interfaces_can_be_constants() {
    const COUNT: u8 = 120;
    static NAMES: [[u8; 20]; COUNT as usize] = {
        let mut names = [*b"a_method_of_number_0"; COUNT as usize];
        let mut number = 0;
        while number < COUNT {
            names[number as usize][19] = number;
            number += 1;
        }
        names
    };
    const ARGUMENTS: [Argument; 8] = [
        Argument::new("instance", "&Instance"),
        Argument::new("destination", "Option<&str>"),
        Argument::new("block_migration", "bool"),
        Argument::new("disk_over_commit", "MaybeAbsent<bool>"),
        Argument::new("request_spec", "&RequestSpec"),
        Argument::new("requested_networks", "&[HashMap<String, Value>]"),
        Argument::new("migrate_data", "u32")
            .with_since(v(2, 3))
            .with_default("0"),
        Argument::new("limits", "Option<&Limits>").with_since(v(2, 4)),
    ];
    static METHODS: [Method; COUNT as usize] = {
        let mut methods = [Method::new("", Mode::Call, v(2, 0))
            .with_later_versions(&const { [v(2, 4), v(2, 3)] })
            .with_arguments(&ARGUMENTS); COUNT as usize];
        let mut index = 0;
        while index < methods.len() {
            if let Ok(name) = std::str::from_utf8(&NAMES[index]) {
                methods[index] = Method::new(name, Mode::Call, v(2, 0))
                    .with_later_versions(methods[index].later_versions())
                    .with_arguments(&ARGUMENTS);
            }
            index += 1;
        }
        methods
    };
    static LARGE: Interface = Interface::new("Compute", v(2, 0), &METHODS);
    const _: () = assert_compatible(&LARGE, &LARGE);
    assert_eq!(LARGE.methods().len(), usize::from(COUNT));
}
