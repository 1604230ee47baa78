//! An interface as data, and random interfaces.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rpc_runtime::interface::Structure;

use crate::random::Random;

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
    pub(super) fn new(random: &mut Random) -> Self {
        let mut world = Self {
            types: Vec::new(),
            errors: Vec::new(),
            methods: Vec::new(),
            names: 0,
            minor: 0,
            derived: RefCell::default(),
        };
        for _ in 0..4 {
            let kind = if random.one_in(2) {
                Kind::Struct {
                    fields: world.fields(random, 3),
                    closed: random.one_in(6),
                }
            } else {
                let mut variants = world.variants(random, 2);
                if random.one_in(2) {
                    variants.push(world.other());
                }
                let tagged = random.one_in(2);
                Kind::Enum { variants, tagged }
            };
            world.types.push(kind);
        }
        for _ in 0..2 {
            let classes = world.variants(random, 2);
            world.errors.push(classes);
        }
        for _ in 0..3 {
            let method = world.method(random);
            world.methods.push(method);
        }
        world
    }

    pub(super) fn name(&mut self) -> usize {
        self.names += 1;
        self.names
    }

    /// A random type.
    pub(super) fn ty(&self, random: &mut Random) -> Ty {
        match random.below(8) {
            0 => Ty::Number,
            1 => Ty::Text,
            2 => Ty::Option(Box::new(self.ty(random))),
            3 => Ty::List(Box::new(self.ty(random))),
            _ if self.types.is_empty() => Ty::Number,
            _ => Ty::Named(random.below(self.types.len())),
        }
    }

    pub(super) fn field(&mut self, random: &mut Random) -> Field {
        Field {
            name: self.name(),
            ty: self.ty(random),
            default: random.one_in(3),
        }
    }

    pub(super) fn fields(&mut self, random: &mut Random, most: usize) -> Vec<Field> {
        let count = random.below(most);
        (0..count).map(|_| self.field(random)).collect()
    }

    pub(super) fn variants(&mut self, random: &mut Random, count: usize) -> Vec<Variant> {
        let new = |_| Variant {
            name: self.name(),
            fields: self.fields(random, 3),
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

    pub(super) fn method(&mut self, random: &mut Random) -> Method {
        let count = random.below(3);
        let arguments = (0..count).map(|_| Argument {
            name: self.name(),
            ty: self.ty(random),
            since: None,
        });
        Method {
            arguments: arguments.collect(),
            versions: vec![self.minor],
            returns: self.ty(random),
            error: random.below(self.errors.len()),
        }
    }
}
