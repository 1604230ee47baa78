//! Random histories of interfaces. They test that an interface which compiles can be released, that a
//! released interface compiles, and that peers of all releases understand each other.
//!
//! An interface is changed at random, compared with its lock as the compiler does, and released if that is
//! allowed. Then its types are compared with those of every release by a model of serde's reading and
//! writing, which does not use locks. `RPC_LOCK_HISTORIES` sets the number of histories.

mod changes;
mod derived;
mod model;
mod on_the_wire;
mod source;

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::path::PathBuf;
use std::{fs, thread};

use rpc_runtime::__private as private;
use rpc_runtime::Version;
use rpc_runtime::interface::Interface;

use self::model::World;
use super::{Lock, Package, check};
use crate::errors::Errors;
use crate::expand::uses_of_types;
use crate::random::Random;

/// A temporary directory with a lock.
struct Folder(PathBuf);

impl Folder {
    fn new(seed: u64) -> Self {
        let name = format!("rpc-lock-history-{}-{seed}", std::process::id());
        let root = std::env::temp_dir().join(name);
        fs::create_dir_all(&root).unwrap();
        Self(root)
    }

    fn text(&self) -> String {
        fs::read_to_string(self.0.join("i.lock")).unwrap_or_default()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn leaked(text: &str) -> &'static str {
    text.to_owned().leak()
}

fn version((major, minor, revision): crate::attr::Version) -> Version {
    Version::new(major, minor).with_revision(revision)
}

/// Compiles an interface with its lock. Returns the lock for the generated tests, or the compile errors.
fn compile(world: &World, folder: &Folder, blessing: bool) -> Result<private::Lock, String> {
    let original = crate::hostile::trait_of(&world.tokens()).unwrap();
    let options = quote::quote!(topic = "i", version = "2.0", lock = "i.lock");
    let errors = Errors::new();
    let interface = crate::model::Interface::new(&errors, options, &original);
    let checked = crate::check::interface(&errors, &interface);
    let package = Package {
        root: Some(folder.0.clone()),
        name: "i".to_owned(),
        blessing,
    };
    let lock = check(&errors, &checked, &package);
    let errors = errors.into_compile_errors().to_string();
    if !errors.is_empty() {
        return Err(errors);
    }
    let lock = lock.unwrap();
    let uses: Vec<_> = (uses_of_types(&checked, &lock).into_iter().enumerate())
        .map(|(place, used)| {
            let written = leaked(&used.written);
            let found = Some(world.structure_of(&used));
            let since = version(used.since.unwrap_or_default());
            let new = match used.kind {
                crate::expand::UseKind::Argument => private::Use::argument,
                crate::expand::UseKind::Result => private::Use::result,
                crate::expand::UseKind::Error => private::Use::error,
            };
            let new = new(place, written, found, since, leaked(&used.advice));
            if used.since.is_some() {
                new
            } else {
                new.unreleased()
            }
        })
        .collect();
    let released: Vec<_> = (lock.types.iter())
        .map(|(since, ty)| {
            let (name, shape) = (leaked(&ty.name), leaked(&ty.shape));
            private::Released::new(version(*since), name, ty.fingerprint, shape)
        })
        .collect();
    for place in 0..uses.len() {
        quietly(|| private::check_released(&uses, place, &released, false))?;
    }
    Ok(tests(world, &lock, folder, uses, released))
}

/// The lock for the tests that the trait expands to.
fn tests(
    world: &World,
    lock: &Lock,
    folder: &Folder,
    uses: Vec<private::Use>,
    released: Vec<private::Released>,
) -> private::Lock {
    const INTERFACE: &Interface = &Interface::new("I", Version::new(2, 0), &[]);
    let additions: Vec<_> = lock.additions.iter().map(|text| leaked(text)).collect();
    let methods = lock.methods.iter().zip(world.errors());
    let methods: Vec<_> = methods
        .map(|(method, (name, classes))| {
            let recorded = private::Recorded::new(name, leaked(&method.text), method.is_new);
            let raises = method.raises.as_deref().unwrap_or_default();
            recorded.raises(leaked(raises), Some(classes))
        })
        .collect();
    let path = [leaked(folder.0.to_str().unwrap()), "i.lock"];
    let made = private::Lock::new(
        INTERFACE,
        path,
        "",
        version(lock.version),
        additions.leak(),
        leaked(&lock.releases),
    );
    let made = made
        .with_types(uses.leak(), released.leak())
        .with_methods(methods.leak());
    let made = match lock.last {
        Some(last) => made.after(version(last)),
        None => made,
    };
    match &lock.release {
        Some([header, address]) => made.to_be_released(leaked(header), leaked(address)),
        None => made,
    }
}

/// Runs a function, and returns the message of its panic as an error.
fn quietly(run: impl FnOnce()) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.unwrap_or_else(|| "a panic without text".to_owned())
    })
}

/// The outcomes of the steps of histories.
#[derive(Debug, Default)]
struct Tally {
    releases: usize,
    refused: usize,
    unchanged: usize,
}

fn history(seed: u64, steps: usize, tally: &mut Tally) {
    let folder = Folder::new(seed);
    let mut random = Random::new(seed);
    let mut world = World::new(&mut random);
    let mut released: Vec<World> = Vec::new();
    for _ in 0..steps {
        let before = folder.text();
        let next = if before.is_empty() {
            world.clone()
        } else {
            world.changed(&mut random)
        };
        let blessing = compile(&next, &folder, true);
        if !before.is_empty() {
            // A build that writes the lock must accept and reject the same changes as any other build.
            let any = compile(&next, &folder, false);
            let wrong = |compiled: &Result<private::Lock, String>| compiled.as_ref().err().cloned();
            assert_eq!(wrong(&any), wrong(&blessing), "seed {seed}");
        }
        let Ok(lock) = blessing else {
            tally.refused += 1;
            continue;
        };
        let told = |why: &str| format!("seed {seed}: {why}\n{before}\n{}", next.tokens());
        if let Err(why) = quietly(|| lock.is_up_to_date()) {
            panic!("{}", told(&why));
        }
        if folder.text() == before {
            tally.unchanged += 1;
        } else {
            tally.releases += 1;
            assert!(
                folder.text().starts_with(before.trim_end()),
                "{}",
                told("rewritten")
            );
        }
        // A released interface compiles, and its lock is up to date.
        let again = compile(&next, &folder, false).unwrap_or_else(|why| panic!("{}", told(&why)));
        if let Err(why) = quietly(|| again.is_up_to_date()) {
            panic!("{}", told(&why));
        }
        for old in released.iter().chain([&next]) {
            if let Err(why) = next.understands(old, &mut random) {
                panic!("{}", told(&why));
            }
        }
        if folder.text() != before {
            released.push(next.clone());
        }
        world = next;
    }
}

#[test]
fn interfaces_that_compile_can_be_released_and_understand_all_releases() {
    // Rejected changes cause hundreds of panics on this thread. Their messages are suppressed; those of other
    // tests are not.
    let (own, shown) = (thread::current().id(), take_hook());
    set_hook(Box::new(move |panic| {
        if thread::current().id() != own {
            shown(panic);
        }
    }));
    let count = std::env::var("RPC_LOCK_HISTORIES").ok();
    let count = count.map_or(25, |count| count.parse().unwrap());
    let mut tally = Tally::default();
    let all = quietly(|| {
        for seed in 0..count {
            history(seed, 20, &mut tally);
        }
    });
    let _ = take_hook();
    if let Err(why) = all {
        panic!("{why}");
    }
    // Too few outcomes would mean that the histories tested nothing.
    println!("{tally:?}");
    assert!(tally.releases > 50 && tally.refused > 100, "{tally:?}");
}
