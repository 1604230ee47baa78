//! The lock, from the trait's tokens to messages.

use std::fs;

use proc_macro2::TokenStream;
use quote::quote;

use super::*;
use crate::model;

/// A package in a temporary directory.
struct Files(PathBuf);

impl Files {
    fn new(name: &str, lock: Option<&str>) -> Self {
        let root = std::env::temp_dir().join(format!("rpc-lock-{}-{name}", std::process::id()));
        fs::create_dir_all(&root).unwrap();
        if let Some(lock) = lock {
            fs::write(root.join("inventory.lock"), lock).unwrap();
        }
        Self(root)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Compares a trait with the lock in `files`. Returns the lock and the compile errors.
fn held(files: &Files, blessing: bool, trait_: &TokenStream) -> (Option<Lock>, String) {
    let original = crate::hostile::trait_of(trait_).unwrap();
    let options = quote!(
        topic = "inventory",
        version = "2.0",
        lock = "inventory.lock"
    );
    let errors = Errors::new();
    let interface = model::Interface::new(&errors, options, &original);
    let checked = crate::check::interface(&errors, &interface);
    let package = Package {
        root: Some(files.0.clone()),
        name: "stock".to_owned(),
        blessing,
    };
    let lock = check(&errors, &checked, &package);
    (lock, errors.into_compile_errors().to_string())
}

/// The header of a new file, and the new section without its types.
fn written(lock: &Lock) -> [String; 2] {
    let [header, address] = lock.release.clone().unwrap();
    let methods = lock.methods.iter().filter(|method| method.is_new);
    let methods: String = methods.map(|method| method.text.as_str()).collect();
    [header, address + &methods]
}

fn inventory() -> TokenStream {
    quote! {
        trait Inventory {
            async fn host(&self, ctxt: &Context, name: &str, #[rpc(server)] rack: &str) -> Result<Host>;
            #[rpc(cast, version = "2.1", name_before("2.2", "poke"))]
            async fn touch(
                &self,
                ctxt: &Context,
                #[rpc(since = "2.3", below = with(spec, "id"))] spec: &Spec,
                #[rpc(default = 3)] depth: u32,
            ) -> Result<()>;
        }
    }
}

const RECORDED: &str = "interface Inventory
  topic inventory
call host since 2.0 -> Host
  name: String
cast touch since 2.1
  was poke before 2.2
  spec: Spec
    since 2.3
    replaces id
  depth: u32
    default 3
";

#[test]
fn a_trait_is_recorded_in_its_form_on_the_wire() {
    let files = Files::new("recorded", None);
    let item = inventory()
        .to_string()
        .replace("spec , \"id\"))]", "spec , \"id\") , from = modern)]");
    let (lock, errors) = held(&files, true, &item.parse().unwrap());
    assert_eq!(errors, "");
    let lock = lock.unwrap();
    let [header, section] = written(&lock);
    assert!(header.contains("`RPC_LOCK=bless cargo test -p stock interface_lock`"));
    assert_eq!(section.replace("    default Spec::none()\n", ""), RECORDED);
    assert_eq!(
        (lock.version, lock.last, lock.exists),
        ((2, 3, 0), None, false)
    );
}

#[test]
fn a_later_release_lists_only_changed_methods() {
    let text = format!(
        "# As released.\n\n[2.1]\n{}",
        RECORDED.replace("touch since 2.1", "touch since 2.0")
    );
    let text = text
        .split("  was poke")
        .next()
        .unwrap()
        .replace("cast touch", "cast poke")
        .replace("since 2.0\n", "since 2.1\n");
    let files = Files::new("later", Some(&text));
    let item = quote! {
        trait Inventory {
            async fn host(&self, ctxt: &Context, name: String) -> Result<Host, Other>;
            #[rpc(cast, version = "2.1", name_before("2.2", "poke"))]
            async fn touch(&self, ctxt: &Context) -> Result<()>;
        }
    };
    let (lock, errors) = held(&files, true, &item);
    assert_eq!(errors, "");
    let lock = lock.unwrap();
    assert_eq!(
        written(&lock)[1],
        "cast touch since 2.1\n  was poke before 2.2\n"
    );
    assert_eq!(lock.additions, ["`touch` was `poke`"]);
    assert_eq!(lock.releases, "[ 2.1\nm host\nr name\nm poke\n");
}

#[test]
fn a_missing_or_malformed_lock_is_an_error_with_advice() {
    let files = Files::new("missing", None);
    let item = quote!(
        trait Inventory {
            async fn host(&self, ctxt: &Context) -> Result<()>;
        }
    );
    let (lock, errors) = held(&files, false, &item);
    assert!(lock.is_none());
    assert!(
        errors.contains("RPC_LOCK=bless cargo test -p stock interface_lock"),
        "{errors}"
    );
    for (damage, says) in [
        (
            "cal host",
            "line 3 of the lock `inventory.lock` is malformed: `cal` is none",
        ),
        ("=======", "line 3 is a conflict marker"),
        ("||||||| base", "line 3 is a conflict marker"),
    ] {
        let text = format!("[2.0]\ninterface Inventory\n{damage}\n");
        let files = Files::new("damaged", Some(&text));
        for blessing in [false, true] {
            let (lock, errors) = held(&files, blessing, &item);
            assert!(lock.is_none());
            assert!(errors.contains(says), "{errors}");
            assert!(!errors.contains("remove"), "{errors}");
        }
    }
    let files = Files::new("another", Some("[2.0]\ninterface Stock\n"));
    let (_, errors) = held(&files, true, &item);
    assert!(errors.contains("is the lock of `Stock`"), "{errors}");
}

#[test]
fn a_trait_with_other_mistakes_is_not_compared() {
    let files = Files::new(
        "mistakes",
        Some("[2.0]\ninterface Inventory\ncall host since 2.0\n"),
    );
    let item = quote!(
        trait Inventory {
            fn host(&self, ctxt: &Context) -> Result<()>;
        }
    );
    let (lock, errors) = held(&files, false, &item);
    assert!(lock.is_none());
    assert_eq!(errors.matches("compile_error").count(), 1, "{errors}");
}
