//! Which top-level module (a "room") may import which, in both crates. A module imports only modules above it in the
//! list, so there is no cycle.

#[path = "rooms/graph.rs"]
mod graph;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use graph::{Graph, Module};

/// A room (a top-level module), and the rooms that it may import.
type Rooms = &'static [(&'static str, &'static [&'static str])];

/// The rooms of `rpc-runtime`. Each may import only rooms above it.
const RUNTIME: Rooms = &[
    ("future", &[]),
    ("sync", &[]),
    ("excerpt", &[]),
    ("from_text", &[]),
    ("maybe_absent", &[]),
    ("version", &["from_text"]),
    ("random", &[]),
    ("url", &["from_text"]),
    ("guide", &[]),
    ("optional", &["version"]),
    ("target", &["optional", "version"]),
    ("remote", &["excerpt"]),
    ("error", &["excerpt", "remote", "target", "url", "version"]),
    ("context", &["error"]),
    ("runtime", &["error"]),
    ("serializer", &["error"]),
    (
        "interface",
        &[
            "error",
            "maybe_absent",
            "remote",
            "sync",
            "target",
            "version",
        ],
    ),
    (
        "wire",
        &[
            "error",
            "excerpt",
            "from_text",
            "random",
            "remote",
            "sync",
            "version",
        ],
    ),
    ("span", &["error", "remote", "target", "wire"]),
    ("lossy", &["interface", "wire"]),
    (
        "metrics",
        &[
            "error",
            "future",
            "interface",
            "remote",
            "span",
            "sync",
            "target",
            "wire",
        ],
    ),
    (
        "transport",
        &[
            "error", "excerpt", "metrics", "optional", "sync", "random", "remote", "span",
            "target", "url", "wire",
        ],
    ),
    // The client does not import the server, and the server does not import the client.
    (
        "client",
        &[
            "error",
            "future",
            "interface",
            "metrics",
            "optional",
            "runtime",
            "span",
            "serializer",
            "target",
            "transport",
            "version",
            "wire",
        ],
    ),
    (
        "server",
        &[
            "context",
            "error",
            "excerpt",
            "future",
            "interface",
            "metrics",
            "optional",
            "runtime",
            "span",
            "maybe_absent",
            "sync",
            "remote",
            "serializer",
            "target",
            "transport",
            "version",
            "wire",
        ],
    ),
    // Transports and clients from configuration files.
    (
        "oslo_config",
        &["client", "error", "target", "transport", "url", "version"],
    ),
    // The items that expansions use.
    (
        "__private",
        &[
            "client",
            "error",
            "future",
            "interface",
            "maybe_absent",
            "remote",
            "server",
            "target",
            "transport",
            "version",
        ],
    ),
];

/// The rooms of `rpc-macros`: a pipeline.
const MACROS: Rooms = &[
    ("errors", &[]),
    ("lifetimes", &[]),
    ("types", &[]),
    ("attr", &["errors", "types"]),
    ("model", &["attr", "errors"]),
    ("repair", &["attr", "errors"]),
    ("check", &["attr", "errors", "lifetimes", "model", "types"]),
    ("lock", &["attr", "check", "errors", "types"]),
    ("expand", &["attr", "check", "lifetimes", "lock", "types"]),
    ("describe", &["attr", "errors", "lock", "types"]),
    ("remote_error", &["attr", "errors", "lock"]),
    (
        "entry",
        &[
            "check",
            "describe",
            "errors",
            "expand",
            "lock",
            "model",
            "remote_error",
            "repair",
        ],
    ),
];

fn graph_of(name: &str) -> Graph {
    Graph::read(&rpc_tests::root().join(name).join("src/lib.rs"))
}

/// The imports that break the rules, one a line.
fn violations(graph: &Graph, rooms: Rooms) -> Vec<String> {
    let allowed: BTreeMap<_, _> = rooms.iter().copied().collect();
    let mut found = Vec::new();
    for (room, imports) in graph.rooms() {
        match allowed.get(room.as_str()) {
            None => found.push(format!("{room} is a new room: say here what it may import")),
            Some(allowed) => {
                let others = imports
                    .iter()
                    .filter(|import| !allowed.contains(&import.as_str()));
                found.extend(others.map(|other| format!("{room} must not import {other}")));
            }
        }
    }
    if let Some(cycle) = graph.cycle() {
        let shown: Vec<_> = cycle.iter().map(|module| module.join("::")).collect();
        found.push(format!("a cycle: {}, and back", shown.join(" imports ")));
    }
    found
}

/// Fails if a room may import one that stands below it in the list. So the list allows no cycle.
fn assert_upward(rooms: Rooms) {
    let mut above = BTreeSet::new();
    for (room, allowed) in rooms {
        for import in *allowed {
            assert!(
                above.contains(import),
                "{room} may import {import}, which does not stand above it"
            );
        }
        above.insert(*room);
    }
}

#[test]
fn rooms_import_only_rooms_above_them() {
    for (name, rooms) in [("rpc-runtime", RUNTIME), ("rpc-macros", MACROS)] {
        assert_upward(rooms);
        let graph = graph_of(name);
        let read = graph.rooms();
        for (room, _) in rooms {
            assert!(read.contains_key(*room), "{name} has no room {room}");
        }
        let found = violations(&graph, rooms);
        assert!(found.is_empty(), "{name}:\n{}", found.join("\n"));
    }
}

/// A crate of these files, in a folder that is removed when dropped.
struct Sources(PathBuf);

impl Sources {
    fn write(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        for (file, text) in files {
            let file = folder.join(file);
            fs::create_dir_all(file.parent().expect("it is in a folder")).expect("it can be made");
            fs::write(file, text).expect("it can be written");
        }
        Self(folder)
    }

    fn graph(&self) -> Graph {
        Graph::read(&self.0.join("lib.rs"))
    }
}

impl Drop for Sources {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn module(path: &str) -> Module {
    path.split("::").map(str::to_owned).collect()
}

#[test]
fn a_cycle_is_found_through_the_root_a_re_export_and_a_path_in_an_expression() {
    let sources = Sources::write(
        "cycle",
        &[
            ("lib.rs", "mod low; mod high; pub use high::Thing;"),
            ("low.rs", "use crate::Thing;"),
            ("high/mod.rs", "mod thing; pub use self::thing::Thing;"),
            ("high/thing.rs", "fn f() { g(&[crate::low::LOW]); }"),
        ],
    );
    let graph = sources.graph();
    assert_eq!(
        graph.imports[&module("low")],
        [module("high::thing")].into()
    );
    assert_eq!(
        graph.cycle(),
        Some(vec![module("high::thing"), module("low")])
    );
    let found = violations(&graph, &[("low", &[]), ("high", &["low"])]);
    assert_eq!(found[0], "low must not import high");
    assert_eq!(found[1], "a cycle: high::thing imports low, and back");
}

#[test]
fn tests_re_exports_and_other_crates_are_no_imports() {
    let sources = Sources::write(
        "straight",
        &[
            ("lib.rs", "#[path = \"other.rs\"] pub mod named; mod above;"),
            (
                "other.rs",
                "use std::fmt; pub(crate) fn f(&self) { self.g() } #[cfg(test)] mod tests { use crate::above; }",
            ),
            (
                "above.rs",
                "use crate::{named::{self, f as g}, above::*}; macro_rules! m { () => { $crate::above::m!() } }",
            ),
        ],
    );
    let graph = sources.graph();
    assert_eq!(graph.imports[&module("named")], [].into());
    assert_eq!(graph.imports[&module("above")], [module("named")].into());
    assert_eq!(graph.cycle(), None);
}
