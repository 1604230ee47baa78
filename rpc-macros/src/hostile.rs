//! Properties that hold for any tokens and any lock. Each function checks one input, and panics if a property
//! is violated.
//!
//! The fuzz targets and the tests in `mutations` run the same checks, from the same seeds.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, DeriveInput, File, Item, ItemTrait, Meta};

use crate::errors::Errors;
use crate::lock::{compare, file};
use crate::{entry, repair};

/// The expansion of a trait must be valid Rust code, even if it contains errors. Returns whether the trait
/// has no mistakes.
pub(crate) fn client(options: TokenStream, item: &TokenStream) -> bool {
    let expansion = entry::rpc_client(options, item);
    assert!(!expansion.is_empty(), "nothing is left");
    let text = expansion.to_string();
    let right = !text.contains("compile_error") && !text.contains("__unread");
    // An item that is not a trait is returned unchanged.
    if trait_of(item).is_ok() {
        is_code(&expansion);
    }
    right
}

/// Parses a trait, ignoring its mistakes.
pub(crate) fn trait_of(item: &TokenStream) -> syn::Result<ItemTrait> {
    let errors = Errors::new();
    let read = repair::read(&errors, item);
    let _ = errors.into_compile_errors();
    read.map(|read| read.item)
}

/// The expansion of a derive macro must be valid Rust code, even if it contains errors.
pub(crate) fn derives(item: &TokenStream) {
    is_code(&entry::describe(item.clone()));
    is_code(&entry::into_remote_error(item.clone()));
}

fn is_code(expansion: &TokenStream) {
    if let Err(error) = syn::parse2::<File>(expansion.clone()) {
        panic!("{error} in {expansion}");
    }
}

/// A text is either a lock, or malformed at one of its lines. Any two releases of a lock can be compared.
pub(crate) fn lock(text: &str) {
    let file = match file::parse(text) {
        Ok(file) => file,
        Err(damage) => {
            assert!((1..=text.lines().count().max(1)).contains(&damage.line));
            assert!(!damage.message.is_empty());
            return;
        }
    };
    let releases = file.releases.iter();
    let interfaces: Vec<_> = releases
        .filter_map(|release| file.interface_at(release.version))
        .collect();
    assert_eq!(interfaces.len(), file.releases.len(), "a release is lost");
    for (last, released) in &interfaces {
        for (version, now) in &interfaces {
            let found = compare::compare((*last, released), (*version, now), &[]);
            assert!(last != version || found.additions.is_empty());
        }
        let mut section = file::print_address(&released.address);
        section.extend(released.methods.iter().map(file::print_method));
        assert!(section.ends_with('\n'));
    }
}

/// The traits with `#[rpc_client]`, and their options, in the examples and the compile tests.
pub(crate) fn items() -> Vec<(TokenStream, TokenStream)> {
    let items = source_items().into_iter().filter_map(|item| match item {
        Item::Trait(mut item) => {
            let ours = |attribute: &Attribute| is_named(attribute, "rpc_client");
            let place = item.attrs.iter().position(ours)?;
            let options = match item.attrs.remove(place).meta {
                Meta::List(list) => list.tokens,
                _ => TokenStream::new(),
            };
            // Large traits are slow and test nothing more.
            (item.items.len() < 12).then(|| (options, item.into_token_stream()))
        }
        _ => None,
    });
    items.collect()
}

/// The types in the same sources that derive one of this crate's macros.
pub(crate) fn types() -> Vec<TokenStream> {
    let items = source_items().into_iter().filter_map(|item| {
        let tokens = item.into_token_stream();
        let input: DeriveInput = syn::parse2(tokens.clone()).ok()?;
        let text = tokens.to_string();
        let ours = text.contains("Describe") || text.contains("IntoRemoteError");
        (ours && !input.attrs.is_empty()).then_some(tokens)
    });
    items.collect()
}

/// The locks in the same directories.
pub(crate) fn locks() -> Vec<String> {
    files("lock")
}

fn is_named(attribute: &Attribute, name: &str) -> bool {
    let last = attribute.path().segments.last();
    last.is_some_and(|last| last.ident == name)
}

fn source_items() -> Vec<Item> {
    let parsed = files("rs").into_iter();
    let parsed = parsed.filter_map(|source| syn::parse_file(&source).ok());
    parsed.flat_map(|file| file.items).collect()
}

fn files(extension: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    for folder in ["examples", "tests/ui", "rpc-macros/snapshots"] {
        gather(root.join(folder), extension, &mut found);
    }
    found
}

fn gather(folder: PathBuf, extension: &str, found: &mut Vec<String>) {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    // Sorted, because the order of a directory depends on the file system.
    paths.sort();
    for path in paths {
        if path.is_dir() {
            gather(path, extension, found);
        } else if path.extension().is_some_and(|own| own == extension) {
            found.extend(fs::read_to_string(path));
        }
    }
}
