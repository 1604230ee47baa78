//! Random changes of an interface, both allowed and breaking ones.

use std::cell::RefCell;

use super::model::{Argument, Field, Kind, Ty, Variant, World};
use crate::random::Random;

impl World {
    /// The interface after some random changes. Usually the methods get a new version for them.
    pub(super) fn changed(&self, random: &mut Random) -> Self {
        let mut world = self.clone();
        world.derived = RefCell::default();
        if !random.one_in(4) {
            world.minor += 1;
            for index in 0..world.methods.len() {
                if !random.one_in(4) {
                    let method = &mut world.methods[index];
                    method.versions.insert(0, world.minor);
                }
            }
        }
        for _ in 0..=random.below(2) {
            world.change(random);
        }
        world
    }

    fn change(&mut self, random: &mut Random) {
        let place = random.below(self.types.len());
        match random.below(14) {
            0..=7 => {
                // New fields may use only types before this one.
                let behind = self.types.split_off(place);
                let mut kind = behind[0].clone();
                self.change_kind(&mut kind, random);
                self.types.push(kind);
                self.types.extend(behind.into_iter().skip(1));
            }
            8 | 9 => {
                let place = random.below(self.errors.len());
                let mut classes = self.errors[place].clone();
                self.change_variants(&mut classes, random);
                self.errors[place] = classes;
            }
            10 => {
                let method = self.method(random);
                self.methods.push(method);
            }
            11 => {
                let place = random.below(self.methods.len());
                let name = self.name();
                let ty = Ty::Option(Box::new(self.ty(random)));
                let method = &mut self.methods[place];
                let since = (method.versions.len() > 1).then(|| method.versions[0]);
                method.arguments.push(Argument { name, ty, since });
            }
            12 => {
                let place = random.below(self.methods.len());
                self.methods[place].returns = self.ty(random);
            }
            _ => {
                let place = random.below(self.methods.len());
                self.methods[place].error = random.below(self.errors.len());
            }
        }
    }

    fn change_kind(&mut self, kind: &mut Kind, random: &mut Random) {
        match kind {
            Kind::Struct { closed, .. } if random.one_in(8) => *closed = !*closed,
            Kind::Struct { fields, .. } => self.change_fields(fields, random),
            Kind::Enum { tagged, .. } if random.one_in(10) => *tagged = !*tagged,
            Kind::Enum { variants, .. } => match random.below(6) {
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
                    self.change_variants(variants, random);
                    variants.extend(other);
                }
            },
        }
    }

    fn change_variants(&mut self, variants: &mut Vec<Variant>, random: &mut Random) {
        let place = random.below(variants.len());
        match random.below(6) {
            0 if variants.len() > 1 => _ = variants.remove(place),
            1 => variants[place].name = self.name(),
            2 => {
                let mut fields = std::mem::take(&mut variants[place].fields);
                self.change_fields(&mut fields, random);
                variants[place].fields = fields;
            }
            _ => {
                let new = self.variants(random, 1);
                variants.splice(place..place, new);
            }
        }
    }

    fn change_fields(&mut self, fields: &mut Vec<Field>, random: &mut Random) {
        let place = random.below(fields.len());
        let new = self.field(random);
        match random.below(8) {
            0 if !fields.is_empty() => _ = fields.remove(place),
            1 if !fields.is_empty() => fields[place].ty = new.ty,
            2 if !fields.is_empty() => fields[place].default = !fields[place].default,
            3 if !fields.is_empty() => fields[place].name = new.name,
            _ => fields.insert(place, new),
        }
    }
}
