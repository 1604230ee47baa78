//! An interface as data: what it looks like, how it may change, and what serde would write and read of it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use rpc_runtime::interface::{Describe, Structure, StructurePart};
use serde_json::{Map, Value, json};

use super::derived;
use crate::expand::{TypeUse, UseKind};
use crate::types::text;

/// `SplitMix64`.
pub(super) struct Numbers(u64);

impl Numbers {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((bits ^ (bits >> 31)) % limit.max(1) as u64).unwrap()
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Ty {
    Number,
    Text,
    Option(Box<Ty>),
    List(Box<Ty>),
    /// One of the world's types: those before the type itself.
    Named(usize),
}

#[derive(Debug, Clone)]
struct Field {
    name: usize,
    ty: Ty,
    default: bool,
}

#[derive(Debug, Clone)]
struct Variant {
    name: usize,
    fields: Vec<Field>,
    other: bool,
}

#[derive(Debug, Clone)]
enum Kind {
    Struct {
        fields: Vec<Field>,
        closed: bool,
    },
    Enum {
        variants: Vec<Variant>,
        tagged: bool,
    },
}

#[derive(Debug, Clone)]
struct Argument {
    name: usize,
    ty: Ty,
    since: Option<usize>,
}

#[derive(Debug, Clone)]
struct Method {
    /// The highest first, of major 2.
    versions: Vec<usize>,
    arguments: Vec<Argument>,
    returns: Ty,
    error: usize,
}

#[derive(Debug, Clone)]
pub(super) struct World {
    types: Vec<Kind>,
    /// Variants that are classes.
    errors: Vec<Vec<Variant>>,
    methods: Vec<Method>,
    /// So that no name comes twice.
    names: usize,
    minor: usize,
    /// The structures that were derived already.
    derived: RefCell<BTreeMap<String, &'static Structure>>,
}

impl World {
    pub(super) fn new(numbers: &mut Numbers) -> Self {
        let mut world = Self {
            types: Vec::new(),
            errors: Vec::new(),
            methods: Vec::new(),
            names: 0,
            minor: 0,
            derived: RefCell::default(),
        };
        for _ in 0..4 {
            let kind = if numbers.one_in(2) {
                Kind::Struct {
                    fields: world.fields(numbers, 3),
                    closed: numbers.one_in(6),
                }
            } else {
                let mut variants = world.variants(numbers, 2);
                if numbers.one_in(2) {
                    variants.push(world.other());
                }
                let tagged = numbers.one_in(2);
                Kind::Enum { variants, tagged }
            };
            world.types.push(kind);
        }
        for _ in 0..2 {
            let classes = world.variants(numbers, 2);
            world.errors.push(classes);
        }
        for _ in 0..3 {
            let method = world.method(numbers);
            world.methods.push(method);
        }
        world
    }

    fn name(&mut self) -> usize {
        self.names += 1;
        self.names
    }

    /// A type that a type before the `limit`th may have.
    fn ty(&self, numbers: &mut Numbers) -> Ty {
        match numbers.below(8) {
            0 => Ty::Number,
            1 => Ty::Text,
            2 => Ty::Option(Box::new(self.ty(numbers))),
            3 => Ty::List(Box::new(self.ty(numbers))),
            _ if self.types.is_empty() => Ty::Number,
            _ => Ty::Named(numbers.below(self.types.len())),
        }
    }

    fn field(&mut self, numbers: &mut Numbers) -> Field {
        Field {
            name: self.name(),
            ty: self.ty(numbers),
            default: numbers.one_in(3),
        }
    }

    fn fields(&mut self, numbers: &mut Numbers, most: usize) -> Vec<Field> {
        let count = numbers.below(most);
        (0..count).map(|_| self.field(numbers)).collect()
    }

    fn variants(&mut self, numbers: &mut Numbers, count: usize) -> Vec<Variant> {
        let new = |world: &mut Self| Variant {
            name: world.name(),
            fields: world.fields(numbers, 3),
            other: false,
        };
        let mut variants = Vec::new();
        let mut new = new;
        for _ in 0..count {
            variants.push(new(self));
        }
        variants
    }

    fn other(&mut self) -> Variant {
        Variant {
            name: self.name(),
            fields: Vec::new(),
            other: true,
        }
    }

    fn method(&mut self, numbers: &mut Numbers) -> Method {
        let count = numbers.below(3);
        let arguments = (0..count).map(|_| Argument {
            name: self.name(),
            ty: self.ty(numbers),
            since: None,
        });
        Method {
            arguments: arguments.collect(),
            versions: vec![self.minor],
            returns: self.ty(numbers),
            error: numbers.below(self.errors.len()),
        }
    }

    /// The interface after some changes, right ones and wrong ones. Often methods get a version for them.
    pub(super) fn changed(&self, numbers: &mut Numbers) -> Self {
        let mut world = self.clone();
        world.derived = RefCell::default();
        if !numbers.one_in(4) {
            world.minor += 1;
            for index in 0..world.methods.len() {
                if !numbers.one_in(4) {
                    let method = &mut world.methods[index];
                    method.versions.insert(0, world.minor);
                }
            }
        }
        for _ in 0..=numbers.below(2) {
            world.change(numbers);
        }
        world
    }

    fn change(&mut self, numbers: &mut Numbers) {
        let place = numbers.below(self.types.len());
        match numbers.below(14) {
            0..=7 => {
                // What is new is of the types before.
                let behind = self.types.split_off(place);
                let mut kind = behind[0].clone();
                self.change_kind(&mut kind, numbers);
                self.types.push(kind);
                self.types.extend(behind.into_iter().skip(1));
            }
            8 | 9 => {
                let place = numbers.below(self.errors.len());
                let mut classes = self.errors[place].clone();
                self.change_variants(&mut classes, numbers);
                self.errors[place] = classes;
            }
            10 => {
                let method = self.method(numbers);
                self.methods.push(method);
            }
            11 => {
                let place = numbers.below(self.methods.len());
                let name = self.name();
                let ty = Ty::Option(Box::new(self.ty(numbers)));
                let method = &mut self.methods[place];
                let since = (method.versions.len() > 1).then(|| method.versions[0]);
                method.arguments.push(Argument { name, ty, since });
            }
            12 => {
                let place = numbers.below(self.methods.len());
                self.methods[place].returns = self.ty(numbers);
            }
            _ => {
                let place = numbers.below(self.methods.len());
                self.methods[place].error = numbers.below(self.errors.len());
            }
        }
    }

    fn change_kind(&mut self, kind: &mut Kind, numbers: &mut Numbers) {
        match kind {
            Kind::Struct { closed, .. } if numbers.one_in(8) => *closed = !*closed,
            Kind::Struct { fields, .. } => self.change_fields(fields, numbers),
            Kind::Enum { tagged, .. } if numbers.one_in(10) => *tagged = !*tagged,
            Kind::Enum { variants, .. } => match numbers.below(6) {
                0 if !variants.iter().any(|variant| variant.other) => {
                    variants.push(self.other());
                }
                1 => {
                    for variant in variants.iter_mut() {
                        variant.other = false;
                    }
                }
                _ => {
                    let other = variants.pop_if(|variant| variant.other);
                    self.change_variants(variants, numbers);
                    variants.extend(other);
                }
            },
        }
    }

    fn change_variants(&mut self, variants: &mut Vec<Variant>, numbers: &mut Numbers) {
        let place = numbers.below(variants.len());
        match numbers.below(6) {
            0 if variants.len() > 1 => _ = variants.remove(place),
            1 => variants[place].name = self.name(),
            2 => {
                let mut fields = std::mem::take(&mut variants[place].fields);
                self.change_fields(&mut fields, numbers);
                variants[place].fields = fields;
            }
            _ => {
                let new = self.variants(numbers, 1);
                variants.splice(place..place, new);
            }
        }
    }

    fn change_fields(&mut self, fields: &mut Vec<Field>, numbers: &mut Numbers) {
        let place = numbers.below(fields.len());
        let new = self.field(numbers);
        match numbers.below(8) {
            0 if !fields.is_empty() => _ = fields.remove(place),
            1 if !fields.is_empty() => fields[place].ty = new.ty,
            2 if !fields.is_empty() => fields[place].default = !fields[place].default,
            3 if !fields.is_empty() => fields[place].name = new.name,
            _ => fields.insert(place, new),
        }
    }
}

/// What it looks like.
impl World {
    pub(super) fn tokens(&self) -> TokenStream {
        let methods = self.methods.iter().enumerate().map(|(place, method)| {
            let name = format_ident!("m{place}");
            let versions = method.versions.iter().map(|minor| format!("2.{minor}"));
            let arguments = method.arguments.iter().map(|argument| {
                let (name, ty) = (format_ident!("a{}", argument.name), tokens(&argument.ty));
                let since = argument.since.map(|minor| {
                    let since = format!("2.{minor}");
                    quote!(#[rpc(since = #since)])
                });
                quote!(#since #name: #ty)
            });
            let (returns, error) = (tokens(&method.returns), format_ident!("E{}", method.error));
            quote! {
                #[rpc(versions(#(#versions),*))]
                async fn #name(&self, ctxt: &Context, #(#arguments),*) -> Result<#returns, #error>;
            }
        });
        quote!(trait I { #(#methods)* })
    }

    /// The structure of what is used.
    pub(super) fn structure_of(&self, used: &TypeUse<'_>) -> &'static Structure {
        let name = text(used.ty);
        if used.kind == UseKind::Error {
            let (_, place) = name.trim_end_matches('>').rsplit_once('E').unwrap();
            return self.classes(place.parse().unwrap());
        }
        self.structure(used.ty)
    }

    /// The methods, with the structures of their errors.
    pub(super) fn errors(&self) -> Vec<(&'static str, &'static Structure)> {
        let methods = self.methods.iter().enumerate();
        let errors = methods.map(|(place, method)| {
            let name = &*format!("m{place}").leak();
            (name, self.classes(method.error))
        });
        errors.collect()
    }

    fn classes(&self, place: usize) -> &'static Structure {
        let name = format_ident!("E{place}");
        let classes = self.errors[place].iter().map(|class| {
            let fields = class.fields.iter().map(field_tokens);
            let name = format_ident!("V{}", class.name);
            quote!(#[rpc(message = "")] #name { #(#fields),* })
        });
        let item = quote! {
            #[rpc(module = "m")]
            enum #name { #(#classes,)* #[rpc(other)] Other(Error) }
        };
        self.once(&name.to_string(), || {
            derived(item, crate::remote_error::derive, &|ty| self.structure(ty))
        })
    }

    fn structure(&self, ty: &syn::Type) -> &'static Structure {
        let part = |shape, ty| -> &'static Structure {
            let parts = vec![StructurePart::field("", self.structure(ty))];
            Box::leak(Box::new(Structure::of(shape, parts.leak())))
        };
        let syn::Type::Path(path) = ty else {
            panic!("a path");
        };
        let last = path.path.segments.last().unwrap();
        let inner = match &last.arguments {
            syn::PathArguments::AngleBracketed(of) => match of.args.first() {
                Some(syn::GenericArgument::Type(inner)) => Some(inner),
                _ => None,
            },
            _ => None,
        };
        match (last.ident.to_string().as_str(), inner) {
            ("Option", Some(inner)) => part("option", inner),
            ("Vec", Some(inner)) => part("list", inner),
            ("u8", _) => u8::STRUCTURE,
            ("String", _) => String::STRUCTURE,
            (named, _) => self.described(named[1..].parse().unwrap()),
        }
    }

    fn described(&self, place: usize) -> &'static Structure {
        let name = format_ident!("T{place}");
        let item = match &self.types[place] {
            Kind::Struct { fields, closed } => {
                let closed = closed.then(|| quote!(#[serde(deny_unknown_fields)]));
                let fields = fields.iter().map(field_tokens);
                quote!(#closed struct #name { #(#fields),* })
            }
            Kind::Enum { variants, tagged } => {
                let tagged = tagged.then(|| quote!(#[serde(tag = "k")]));
                let variants = variants.iter().map(|variant| {
                    let name = format_ident!("V{}", variant.name);
                    let other = variant.other.then(|| quote!(#[serde(other)]));
                    let fields = variant.fields.iter().map(field_tokens);
                    let body = (!variant.fields.is_empty()).then(|| quote!({ #(#fields),* }));
                    quote!(#other #name #body)
                });
                quote!(#tagged enum #name { #(#variants),* })
            }
        };
        self.once(&name.to_string(), || {
            derived(item, crate::describe::derive, &|ty| self.structure(ty))
        })
    }

    fn once(&self, name: &str, derive: impl FnOnce() -> &'static Structure) -> &'static Structure {
        let known = self.derived.borrow().get(name).copied();
        known.unwrap_or_else(|| {
            let structure = derive();
            self.derived.borrow_mut().insert(name.to_owned(), structure);
            structure
        })
    }
}

fn tokens(ty: &Ty) -> TokenStream {
    match ty {
        Ty::Number => quote!(u8),
        Ty::Text => quote!(String),
        Ty::Option(inner) => {
            let inner = tokens(inner);
            quote!(Option<#inner>)
        }
        Ty::List(inner) => {
            let inner = tokens(inner);
            quote!(Vec<#inner>)
        }
        Ty::Named(place) => {
            let name = format_ident!("T{place}");
            quote!(#name)
        }
    }
}

fn field_tokens(field: &Field) -> TokenStream {
    let (name, ty) = (format_ident!("f{}", field.name), tokens(&field.ty));
    let default = field.default.then(|| quote!(#[serde(default)]));
    quote!(#default #name: #ty)
}

/// What serde writes and reads.
impl World {
    /// Whether clients and servers of this and of an older release of it understand each other.
    pub(super) fn understands(&self, old: &Self, numbers: &mut Numbers) -> Result<(), String> {
        for (place, (then, now)) in old.methods.iter().zip(&self.methods).enumerate() {
            let told = |what: &str, value: &Value| Err(format!("m{place}, {what}: {value}"));
            for _ in 0..4 {
                for argument in &then.arguments {
                    let same = |other: &&Argument| other.name == argument.name;
                    let Some(new) = now.arguments.iter().find(same) else {
                        return Err(format!("m{place} has no argument {}", argument.name));
                    };
                    let sent = old.write(&argument.ty, None, numbers);
                    if !self.reads(&new.ty, &sent) {
                        return told("an old client's argument", &sent);
                    }
                    // What came with a version is not sent below it.
                    let sent = self.write(&new.ty, Some(old), numbers);
                    if !old.reads(&argument.ty, &sent) {
                        return told("an old server's argument", &sent);
                    }
                }
                let sent = old.write(&then.returns, None, numbers);
                if !self.reads(&now.returns, &sent) {
                    return told("an old server's result", &sent);
                }
                let sent = self.write(&now.returns, None, numbers);
                if !old.reads(&then.returns, &sent) {
                    return told("an old client's result", &sent);
                }
                for class in &old.errors[then.error] {
                    let same = |other: &&Variant| other.name == class.name;
                    let Some(new) = self.errors[now.error].iter().find(same) else {
                        return Err(format!("m{place} does not raise V{}", class.name));
                    };
                    let sent = old.write_fields(&class.fields, None, numbers);
                    if !self.reads_raised(&new.fields, &sent) {
                        return told("an old server's error", &sent.into());
                    }
                    let sent = self.write_fields(&new.fields, None, numbers);
                    if !old.reads_raised(&class.fields, &sent) {
                        return told("an old client's error", &sent.into());
                    }
                }
            }
        }
        Ok(())
    }

    /// Some value, of those that an older interface has, if there is one.
    fn write(&self, ty: &Ty, known: Option<&Self>, numbers: &mut Numbers) -> Value {
        let place = match ty {
            Ty::Number => return json!(7),
            Ty::Text => return json!("x"),
            Ty::Option(_) if numbers.one_in(2) => return Value::Null,
            Ty::Option(inner) => return self.write(inner, known, numbers),
            Ty::List(inner) => {
                let count = numbers.below(3);
                return (0..count)
                    .map(|_| self.write(inner, known, numbers))
                    .collect();
            }
            Ty::Named(place) => *place,
        };
        match &self.types[place] {
            Kind::Struct { fields, .. } => self.write_fields(fields, known, numbers).into(),
            Kind::Enum { variants, tagged } => {
                let is_known = |variant: &&Variant| {
                    !variant.other
                        && match known.map(|known| &known.types[place]) {
                            Some(Kind::Enum { variants, .. }) => {
                                variants.iter().any(|other| other.name == variant.name)
                            }
                            _ => true,
                        }
                };
                let of_old: Vec<_> = variants.iter().filter(is_known).collect();
                // Where none is known, what holds it is not known either.
                let variants = if of_old.is_empty() {
                    variants.iter().filter(|variant| !variant.other).collect()
                } else {
                    of_old
                };
                let variant = variants[numbers.below(variants.len())];
                let name = format!("V{}", variant.name);
                let mut fields = self.write_fields(&variant.fields, known, numbers);
                if *tagged {
                    fields.insert("k".to_owned(), json!(name));
                    fields.into()
                } else if variant.fields.is_empty() {
                    json!(name)
                } else {
                    json!({ name: fields })
                }
            }
        }
    }

    fn write_fields(
        &self,
        fields: &[Field],
        known: Option<&Self>,
        numbers: &mut Numbers,
    ) -> Map<String, Value> {
        let written = fields.iter().map(|field| {
            let value = self.write(&field.ty, known, numbers);
            (format!("f{}", field.name), value)
        });
        written.collect()
    }

    fn reads(&self, ty: &Ty, value: &Value) -> bool {
        let place = match ty {
            Ty::Number => return value.is_number(),
            Ty::Text => return value.is_string(),
            Ty::Option(inner) => return value.is_null() || self.reads(inner, value),
            Ty::List(inner) => {
                let all = |values: &Vec<Value>| values.iter().all(|value| self.reads(inner, value));
                return value.as_array().is_some_and(all);
            }
            Ty::Named(place) => *place,
        };
        match (&self.types[place], value) {
            (Kind::Struct { fields, closed }, Value::Object(object)) => {
                let known = |name: &String| {
                    fields
                        .iter()
                        .any(|field| *name == format!("f{}", field.name))
                };
                self.reads_fields(fields, object) && (!closed || object.keys().all(known))
            }
            (
                Kind::Enum {
                    variants,
                    tagged: true,
                },
                Value::Object(object),
            ) => {
                let named = |variant: &&Variant| object["k"] == format!("V{}", variant.name);
                match variants.iter().find(named) {
                    Some(variant) => self.reads_fields(&variant.fields, object),
                    None => variants.iter().any(|variant| variant.other),
                }
            }
            (
                Kind::Enum {
                    variants,
                    tagged: false,
                },
                Value::String(name),
            ) => {
                let named = |variant: &&Variant| *name == format!("V{}", variant.name);
                match variants.iter().find(named) {
                    Some(variant) => variant.fields.is_empty(),
                    None => variants.iter().any(|variant| variant.other),
                }
            }
            (
                Kind::Enum {
                    variants,
                    tagged: false,
                },
                Value::Object(object),
            ) => {
                let (name, body) = object.iter().next().unwrap();
                let named = |variant: &&Variant| *name == format!("V{}", variant.name);
                let variant = variants.iter().find(named);
                variant.is_some_and(|variant| {
                    let fields = body.as_object().unwrap();
                    !variant.fields.is_empty() && self.reads_fields(&variant.fields, fields)
                })
            }
            _ => false,
        }
    }

    fn reads_fields(&self, fields: &[Field], object: &Map<String, Value>) -> bool {
        fields
            .iter()
            .all(|field| match object.get(&format!("f{}", field.name)) {
                Some(value) => self.reads(&field.ty, value),
                None => field.default || matches!(field.ty, Ty::Option(_)),
            })
    }

    /// A keyword that is absent is read as null, whatever its default is.
    fn reads_raised(&self, fields: &[Field], object: &Map<String, Value>) -> bool {
        let value = |field: &Field| {
            object
                .get(&format!("f{}", field.name))
                .unwrap_or(&Value::Null)
        };
        fields
            .iter()
            .all(|field| self.reads(&field.ty, value(field)))
    }
}
