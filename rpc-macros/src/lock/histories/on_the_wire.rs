//! A model of serde, which checks whether the releases of an interface can read each other's values.

use serde_json::{Map, Value, json};

use super::model::{Argument, Field, Kind, Ty, Variant, World};
use crate::random::Random;

impl World {
    /// Checks that clients and servers of this release and of an older one can read each other's values.
    pub(super) fn understands(&self, old: &Self, random: &mut Random) -> Result<(), String> {
        for (place, (then, now)) in old.methods.iter().zip(&self.methods).enumerate() {
            let told = |what: &str, value: &Value| Err(format!("m{place}, {what}: {value}"));
            for _ in 0..4 {
                for argument in &then.arguments {
                    let same = |other: &&Argument| other.name == argument.name;
                    let Some(new) = now.arguments.iter().find(same) else {
                        return Err(format!("m{place} has no argument {}", argument.name));
                    };
                    let sent = old.write(&argument.ty, None, random);
                    if !self.reads(&new.ty, &sent) {
                        return told("an old client's argument", &sent);
                    }
                    // The version cap keeps additions from an old server.
                    let sent = self.write(&new.ty, Some(old), random);
                    if !old.reads(&argument.ty, &sent) {
                        return told("an old server's argument", &sent);
                    }
                }
                let sent = old.write(&then.returns, None, random);
                if !self.reads(&now.returns, &sent) {
                    return told("an old server's result", &sent);
                }
                let sent = self.write(&now.returns, None, random);
                if !old.reads(&then.returns, &sent) {
                    return told("an old client's result", &sent);
                }
                for class in &old.errors[then.error] {
                    let same = |other: &&Variant| other.name == class.name;
                    let Some(new) = self.errors[now.error].iter().find(same) else {
                        return Err(format!("m{place} does not raise V{}", class.name));
                    };
                    let sent = old.write_fields(&class.fields, None, random);
                    if !self.reads_raised(&new.fields, &sent) {
                        return told("an old server's error", &sent.into());
                    }
                    let sent = self.write_fields(&new.fields, None, random);
                    if !old.reads_raised(&class.fields, &sent) {
                        return told("an old client's error", &sent.into());
                    }
                }
            }
        }
        Ok(())
    }

    /// A random value. With `known`, it uses only variants that the older interface has, if possible.
    fn write(&self, ty: &Ty, known: Option<&Self>, random: &mut Random) -> Value {
        let place = match ty {
            Ty::Number => return json!(7),
            Ty::Text => return json!("x"),
            Ty::Option(_) if random.one_in(2) => return Value::Null,
            Ty::Option(inner) => return self.write(inner, known, random),
            Ty::List(inner) => {
                let count = random.below(3);
                return (0..count)
                    .map(|_| self.write(inner, known, random))
                    .collect();
            }
            Ty::Named(place) => *place,
        };
        match &self.types[place] {
            Kind::Struct { fields, .. } => self.write_fields(fields, known, random).into(),
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
                // If the older interface has none of the variants, it does not use this type.
                let variants = if of_old.is_empty() {
                    variants.iter().filter(|variant| !variant.other).collect()
                } else {
                    of_old
                };
                let variant = variants[random.below(variants.len())];
                let name = format!("V{}", variant.name);
                let mut fields = self.write_fields(&variant.fields, known, random);
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
        random: &mut Random,
    ) -> Map<String, Value> {
        let written = fields.iter().map(|field| {
            let value = self.write(&field.ty, known, random);
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

    /// An absent keyword argument of an exception is read as null, regardless of its default.
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
