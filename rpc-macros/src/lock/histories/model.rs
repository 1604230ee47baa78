//! An interface as data, and random interfaces.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rpc_runtime::interface::Structure;

use super::numbers::Numbers;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ty {
    Number,
    Text,
    Option(Box<Ty>),
    List(Box<Ty>),
    /// A type of the interface, by index. A type refers only to types before it.
    Named(usize),
}

#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: usize,
    pub(super) ty: Ty,
    pub(super) default: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Variant {
    pub(super) name: usize,
    pub(super) fields: Vec<Field>,
    pub(super) other: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
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
pub(super) struct Argument {
    pub(super) name: usize,
    pub(super) ty: Ty,
    pub(super) since: Option<usize>,
}

#[derive(Debug, Clone)]
pub(super) struct Method {
    /// The minor versions of major version 2, highest first.
    pub(super) versions: Vec<usize>,
    pub(super) arguments: Vec<Argument>,
    pub(super) returns: Ty,
    pub(super) error: usize,
}

#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) types: Vec<Kind>,
    /// Error types, each a list of classes.
    pub(super) errors: Vec<Vec<Variant>>,
    pub(super) methods: Vec<Method>,
    /// The last name that was used. Names are never reused.
    pub(super) names: usize,
    pub(super) minor: usize,
    /// The structures that were computed already, by name.
    pub(super) derived: RefCell<BTreeMap<String, &'static Structure>>,
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

    pub(super) fn name(&mut self) -> usize {
        self.names += 1;
        self.names
    }

    /// A random type.
    pub(super) fn ty(&self, numbers: &mut Numbers) -> Ty {
        match numbers.below(8) {
            0 => Ty::Number,
            1 => Ty::Text,
            2 => Ty::Option(Box::new(self.ty(numbers))),
            3 => Ty::List(Box::new(self.ty(numbers))),
            _ if self.types.is_empty() => Ty::Number,
            _ => Ty::Named(numbers.below(self.types.len())),
        }
    }

    pub(super) fn field(&mut self, numbers: &mut Numbers) -> Field {
        Field {
            name: self.name(),
            ty: self.ty(numbers),
            default: numbers.one_in(3),
        }
    }

    pub(super) fn fields(&mut self, numbers: &mut Numbers, most: usize) -> Vec<Field> {
        let count = numbers.below(most);
        (0..count).map(|_| self.field(numbers)).collect()
    }

    pub(super) fn variants(&mut self, numbers: &mut Numbers, count: usize) -> Vec<Variant> {
        let new = |_| Variant {
            name: self.name(),
            fields: self.fields(numbers, 3),
            other: false,
        };
        (0..count).map(new).collect()
    }

    pub(super) fn other(&mut self) -> Variant {
        Variant {
            name: self.name(),
            fields: Vec::new(),
            other: true,
        }
    }

    pub(super) fn method(&mut self, numbers: &mut Numbers) -> Method {
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
}
