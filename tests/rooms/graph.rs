//! The module graph of a crate, read from its sources: which module names which.
//!
//! Code under `cfg(test)` is ignored. A re-exported name counts as a name of its origin. Otherwise a room's `mod.rs`
//! would connect all of its files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The path of a module from the crate's root. The root's is empty.
pub(crate) type Module = Vec<String>;

/// The modules of a crate, each with the modules that it names.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) imports: BTreeMap<Module, BTreeSet<Module>>,
}

/// A path as it is written.
type Written = Vec<String>;

/// The beginnings of paths in the crate itself.
const OWN: [&str; 3] = ["crate", "self", "super"];

#[derive(Debug, Default)]
struct Source {
    named: Vec<Written>,
    /// The re-exports, by their names in this module.
    exported: BTreeMap<String, Written>,
}

impl Graph {
    /// Reads the graph of the crate with this root file.
    pub(crate) fn read(root: &Path) -> Self {
        let mut sources = BTreeMap::new();
        let folder = root.parent().expect("a file is in a folder");
        read(root, folder, &[], &mut sources);
        let mut imports: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        for (module, source) in &sources {
            let named = source
                .named
                .iter()
                .map(|path| resolve(&sources, module, path, 0));
            let others = named.filter(|named| named != module).collect();
            imports.insert(module.clone(), others);
        }
        Self { imports }
    }

    /// The shortest cycle, if there is one: each module names the next, and the last names the first.
    pub(crate) fn cycle(&self) -> Option<Vec<Module>> {
        let cycles = self.imports.keys().filter_map(|start| self.back_to(start));
        cycles.min_by_key(Vec::len)
    }

    fn back_to(&self, start: &Module) -> Option<Vec<Module>> {
        let mut ways = vec![vec![start]];
        let mut seen = BTreeSet::new();
        while !ways.is_empty() {
            let mut longer = Vec::new();
            for way in ways {
                for next in self.imports.get(*way.last()?).into_iter().flatten() {
                    if next == start {
                        return Some(way.into_iter().cloned().collect());
                    }
                    if seen.insert(next) {
                        longer.push([way.as_slice(), &[next]].concat());
                    }
                }
            }
            ways = longer;
        }
        None
    }

    /// The top-level modules that each top-level module names.
    pub(crate) fn rooms(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (module, imports) in &self.imports {
            let Some(room) = module.first() else { continue };
            let others = imports.iter().filter_map(|import| import.first());
            let named = rooms.entry(room.clone()).or_default();
            named.extend(others.filter(|other| *other != room).cloned());
        }
        rooms
    }
}

/// Reads a module's file and those of its submodules, which are in `folder`.
fn read(file: &Path, folder: &Path, module: &[String], sources: &mut BTreeMap<Module, Source>) {
    let text =
        fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let tokens: TokenStream = text
        .parse()
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut scan = Scan::default();
    scan.items(tokens);
    sources.insert(module.to_vec(), scan.source);
    for (name, path) in scan.modules {
        let within = [module, std::slice::from_ref(&name)].concat();
        let beside = folder.join(format!("{name}.rs"));
        let (file, folder) = match path {
            Some(path) => {
                let file = folder.join(path);
                let inside = file.parent().expect("a file is in a folder").to_owned();
                (file, inside)
            }
            None if beside.exists() => (beside, folder.join(&name)),
            None => (folder.join(&name).join("mod.rs"), folder.join(&name)),
        };
        read(&file, &folder, &within, sources);
    }
}

/// The module to which a path in `from` leads.
fn resolve(
    sources: &BTreeMap<Module, Source>,
    from: &Module,
    path: &Written,
    depth: usize,
) -> Module {
    assert!(depth < 16, "{path:?} in {from:?} is re-exported in a cycle");
    let mut module = from.clone();
    let mut names = path.iter();
    for name in names.by_ref() {
        match name.as_str() {
            "crate" => module.clear(),
            "self" => {}
            "super" => drop(module.pop()),
            name => {
                let within = [module.as_slice(), &[name.to_owned()]].concat();
                if sources.contains_key(&within) {
                    module = within;
                } else if let Some(origin) = sources
                    .get(&module)
                    .and_then(|source| source.exported.get(name))
                {
                    return resolve(sources, &module, origin, depth + 1);
                } else {
                    return module;
                }
            }
        }
    }
    module
}

/// Collects the paths in tokens.
#[derive(Debug, Default)]
struct Scan {
    source: Source,
    /// The submodules in files of their own, with the path of a `path` attribute.
    modules: Vec<(String, Option<String>)>,
}

impl Scan {
    fn items(&mut self, tokens: TokenStream) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let mut attributes = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            let rest = &tokens[at..];
            at += match rest {
                [TokenTree::Punct(hash), TokenTree::Group(attribute), ..]
                    if hash.as_char() == '#' && attribute.delimiter() == Delimiter::Bracket =>
                {
                    attributes.push(attribute.stream().to_string());
                    2
                }
                _ if attributes.iter().any(|attribute| attribute == "cfg (test)") => {
                    attributes.clear();
                    item(rest)
                }
                [TokenTree::Ident(word), ..] if word == "use" => {
                    let length = item(rest);
                    let exports = at > 0 && is_public(&tokens[..at]);
                    self.imports(&rest[1..length], &[], exports);
                    attributes.clear();
                    length
                }
                [
                    TokenTree::Ident(word),
                    TokenTree::Ident(name),
                    TokenTree::Punct(end),
                    ..,
                ] if word == "mod" && end.as_char() == ';' => {
                    let path = attributes.iter().find_map(|attribute| {
                        let path = attribute.strip_prefix("path = \"")?;
                        Some(path.strip_suffix('"')?.to_owned())
                    });
                    self.modules.push((name.to_string(), path));
                    attributes.clear();
                    3
                }
                // A path that begins with `$crate` counts where the macro expands.
                [TokenTree::Punct(dollar), TokenTree::Ident(word), ..]
                    if dollar.as_char() == '$' && word == "crate" =>
                {
                    2
                }
                [TokenTree::Ident(first), ..] if self.begins_a_path(&first.to_string()) => {
                    let (path, length) = path(rest);
                    // A single `self` is a value, and a single `crate` a visibility.
                    if path.len() > 1 {
                        self.source.named.push(path);
                    }
                    length
                }
                [TokenTree::Group(group), ..] => {
                    self.items(group.stream());
                    1
                }
                [TokenTree::Punct(end), ..] if end.as_char() == ';' => {
                    attributes.clear();
                    1
                }
                _ => 1,
            };
        }
    }

    /// Whether a path that begins with this name may be a path of this crate.
    fn begins_a_path(&self, name: &str) -> bool {
        OWN.contains(&name) || self.modules.iter().any(|(module, _)| module == name)
    }

    /// Reads what follows `use`, up to the semicolon.
    fn imports(&mut self, tree: &[TokenTree], before: &[String], exports: bool) {
        let (mut written, length) = path(tree);
        written.splice(..0, before.iter().cloned());
        match &tree[length..] {
            [TokenTree::Group(group), ..] => {
                let branches: Vec<_> = group.stream().into_iter().collect();
                for branch in branches.split(
                    |token| matches!(token, TokenTree::Punct(comma) if comma.as_char() == ','),
                ) {
                    if !branch.is_empty() {
                        self.imports(branch, &written, exports);
                    }
                }
            }
            rest => {
                let renamed = match rest {
                    [TokenTree::Ident(word), TokenTree::Ident(name), ..] if word == "as" => {
                        Some(name.to_string())
                    }
                    _ => None,
                };
                // `a::{self}` is `a`.
                if written.len() > 1 && written.last().is_some_and(|last| last == "self") {
                    written.pop();
                }
                // A macro is re-exported by its own name, so that it has a path.
                if exports && renamed.is_none() && written.len() == 1 {
                    return;
                }
                // The path may begin with a submodule. A path that begins with another crate does not resolve here.
                if !written.first().is_some_and(|first| OWN.contains(&&**first)) {
                    written.insert(0, "self".to_owned());
                }
                if exports {
                    let name = renamed.or_else(|| written.last().cloned());
                    self.source
                        .exported
                        .insert(name.unwrap_or_default(), written);
                } else {
                    self.source.named.push(written);
                }
            }
        }
    }
}

/// The names of the path that the tokens begin with, and how many tokens it has.
fn path(tokens: &[TokenTree]) -> (Written, usize) {
    let mut names = Vec::new();
    let mut at = 0;
    loop {
        match &tokens[at..] {
            [
                TokenTree::Ident(name),
                TokenTree::Punct(first),
                TokenTree::Punct(second),
                ..,
            ] if first.as_char() == ':' && second.as_char() == ':' => {
                names.push(name.to_string());
                at += 3;
            }
            [TokenTree::Ident(name), ..] => {
                names.push(name.to_string());
                return (names, at + 1);
            }
            _ => return (names, at),
        }
    }
}

/// The number of tokens of an item, up to its braces or its semicolon.
fn item(tokens: &[TokenTree]) -> usize {
    let is_use = matches!(tokens, [TokenTree::Ident(word), ..] if word == "use");
    let end = tokens.iter().position(|token| match token {
        TokenTree::Punct(end) => end.as_char() == ';',
        TokenTree::Group(group) => !is_use && group.delimiter() == Delimiter::Brace,
        _ => false,
    });
    end.map_or(tokens.len(), |end| end + 1)
}

/// Whether the item after these tokens has any `pub` visibility.
fn is_public(before: &[TokenTree]) -> bool {
    match before {
        [.., TokenTree::Ident(word)] | [.., TokenTree::Ident(word), TokenTree::Group(_)] => {
            word == "pub"
        }
        _ => false,
    }
}
