//! Replays `examples/lock/README.md`: its files, its commands, and the output that it shows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rpc_tests::root;

const MANIFEST: &str = r#"
[package]
name = "stock"
version = "0.1.0"
edition = "2024"

[lib]
doctest = false

[dependencies]
rpc-runtime = { path = "RUNTIME", default-features = false }
serde = { version = "1", features = ["derive"] }

[workspace]
"#;

/// The package of the page.
struct Package {
    root: PathBuf,
    target: PathBuf,
}

impl Package {
    fn new() -> Self {
        // target/debug/deps/lock-… → target
        let program = std::env::current_exe().expect("a test has a path");
        let target = program
            .ancestors()
            .nth(3)
            .expect("it is in a target folder");
        let package = Self {
            root: target.join("tests/lock/stock"),
            // Of its own: a build holds the lock of its directory.
            target: target.join("tests/lock/target"),
        };
        let _ = fs::remove_dir_all(&package.root);
        let runtime = root().join("rpc-runtime");
        let runtime = runtime.to_str().expect("the path is UTF-8");
        package.write("Cargo.toml", &MANIFEST.replace("RUNTIME", runtime));
        // Uses the locked versions, since there may be no network.
        let versions = fs::read_to_string(root().join("Cargo.lock")).expect("it can be read");
        package.write("Cargo.lock", &versions);
        package
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("it can be made");
        fs::write(path, text).expect("it can be written");
    }

    fn lock(&self) -> String {
        fs::read_to_string(self.root.join("rpc/inventory.lock")).expect("there is a lock")
    }

    /// Runs a command as a shell would. Returns its output.
    fn run(&self, line: &str) -> String {
        let mut words = line.split_whitespace().peekable();
        let variable = words.next_if(|word| word.contains('='));
        assert_eq!(words.next(), Some("cargo"), "{line}");
        let mut command = Command::new(env!("CARGO"));
        command
            .args(words)
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_NET_OFFLINE", "true")
            .env("CARGO_TERM_COLOR", "never")
            .env_remove("RPC_LOCK");
        if let Some((name, value)) = variable.and_then(|variable| variable.split_once('=')) {
            command.env(name, value);
        }
        let output = command.output().expect("cargo runs");
        let [errors, printed] = [output.stderr, output.stdout].map(String::from_utf8);
        format!("{}{}", errors.expect("UTF-8"), printed.expect("UTF-8"))
    }

    /// Runs the commands, each followed by lines of its output.
    fn replay(&self, console: &str) {
        let mut output = String::new();
        for line in console.lines() {
            if let Some(command) = line.strip_prefix("$ ") {
                output = self.run(command);
                continue;
            }
            // The tests end in any order.
            assert!(
                output.contains(line.trim()),
                "`{line}` must be in the output:\n{output}"
            );
        }
    }
}

/// The fenced blocks of a page: the word behind the fence, and the text.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let mut parts = page.split("```");
    let mut blocks = Vec::new();
    while let (Some(_), Some(block)) = (parts.next(), parts.next()) {
        blocks.push(block.split_once('\n').expect("a fence ends its line"));
    }
    blocks
}

#[test]
fn the_page_on_locks_is_true() {
    let page = root().join("examples/lock/README.md");
    let page = fs::read_to_string(Path::new(&page)).expect("it can be read");
    let package = Package::new();
    let mut kinds = Vec::new();
    for (kind, text) in blocks(&page) {
        match kind {
            "rust" => package.write("src/lib.rs", text),
            "console" => package.replay(text),
            "lock" => assert_eq!(package.lock(), text),
            other => panic!("`{other}` is no kind of block"),
        }
        kinds.push(kind);
    }
    assert_eq!(kinds.iter().filter(|kind| **kind == "lock").count(), 5);
}
