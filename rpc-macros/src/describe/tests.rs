//! The structure of each kind of type, with serde's attributes.

use quote::quote;

use super::*;

fn shape(item: TokenStream) -> (String, Vec<String>) {
    let input: DeriveInput = syn::parse2(item).unwrap();
    let errors = Errors::new();
    let expansion = derive(&errors, &input).to_string();
    assert_eq!(errors.into_compile_errors().to_string(), "");
    let mut texts = expansion.split('"');
    let shape = texts.nth(3).unwrap().to_owned();
    let parts = expansion.split_once("& [").unwrap().1;
    let parts = parts
        .split("> :: STRUCTURE")
        .filter_map(|part| part.split_once('<'));
    let parts = parts.map(|(_, part)| part.split(" as ").next().unwrap().replace(' ', ""));
    (shape, parts.collect())
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn the_structure_of_a_struct_is_what_serde_writes() {
    for (item, expected, parts) in [
        (
            quote!(
                struct Host<'a> {
                    name: &'a str,
                    r#type: Option<u8>,
                    tree: Vec<Host<'a>>,
                }
            ),
            "{ name: String, type?: Option<u8>, tree: Vec<Host> }",
            vec!["&'astr", "Option<u8>"],
        ),
        (
            quote! {
                #[serde(rename_all = "camelCase", deny_unknown_fields)]
                struct Host {
                    host_name: String,
                    #[serde(rename(serialize = "Size", deserialize = "size"), default)] size: u8,
                    #[serde(default = "now")] since: u8,
                    #[serde(skip)] cache: Cache,
                    #[serde(flatten)] rest: Rest,
                    #[serde(with = "hex")] key: Key,
                    #[rpc(opaque)] other: Other,
                }
            },
            "{ hostName: String, Size?: u8, since?: u8, ..Rest, key: Key through hex, other: opaque Other } and no others",
            vec!["String", "u8", "u8", "Rest"],
        ),
        (
            quote!(
                struct Id(String);
            ),
            "String",
            vec!["String"],
        ),
        (
            quote!(
                struct Pair(u8, Option<u8>);
            ),
            "(u8, Option<u8>)",
            vec!["u8", "Option<u8>"],
        ),
        (
            quote!(
                struct Unit;
            ),
            "()",
            vec![],
        ),
        (
            quote!(
                #[serde(transparent)]
                struct Id {
                    id: u8,
                }
            ),
            "u8",
            vec!["u8"],
        ),
        (
            quote!(
                #[serde(tag = "kind")]
                struct Host {
                    #[serde(deserialize_with = "hex")]
                    a: Option<u8>,
                    #[serde(skip_serializing_if = "Vec::is_empty", default)]
                    b: Vec<u8>,
                }
            ),
            "{ kind = Host, a: Option<u8>, b?: Vec<u8> }",
            vec!["Option<u8>", "Vec<u8>"],
        ),
        (
            quote!(
                #[serde(tag = "kind", rename = "H")]
                struct Host {}
            ),
            "{ kind = H }",
            vec![],
        ),
        (
            quote!(
                #[serde(from = "String", into = "String")]
                struct Host {
                    cache: Cache,
                }
            ),
            "String",
            vec!["String"],
        ),
        (
            quote!(
                #[serde(default)]
                struct Host {
                    a: u8,
                }
            ),
            "{ a?: u8 }",
            vec!["u8"],
        ),
    ] {
        let (text, types) = shape(item);
        assert_eq!(text, expected);
        assert_eq!(types, parts);
    }
}

#[test]
fn the_structure_of_an_enum_is_what_serde_writes() {
    for (item, expected) in [
        (
            quote!(
                enum Size {
                    Small,
                    Large(u8),
                    Of {
                        cores: u8,
                    },
                    #[serde(skip)]
                    None,
                }
            ),
            "one of: Small | Large u8 | Of { cores: u8 }",
        ),
        (
            quote! {
                #[serde(tag = "kind", content = "value", rename_all = "snake_case", rename_all_fields = "UPPERCASE")]
                enum Size { VerySmall, #[serde(rename = "L")] Large { n: u8 }, #[serde(other)] Any }
            },
            "by kind in value: very_small | L { N: u8 } | any (any other)",
        ),
        (
            quote!(
                #[serde(untagged)]
                enum Id {
                    Name(String),
                    Number(u8),
                    No,
                }
            ),
            "any of: String | u8 | null",
        ),
    ] {
        assert_eq!(shape(item).0, expected);
    }
}

#[test]
fn a_field_that_may_be_left_out_must_have_a_default() {
    let input: DeriveInput = syn::parse_quote!(
        struct Host {
            #[serde(skip_serializing_if = "Vec::is_empty")]
            disks: Vec<u8>,
        }
    );
    let errors = Errors::new();
    let _ = derive(&errors, &input);
    let errors = errors.into_compile_errors().to_string();
    assert!(
        errors.contains("write `#[serde(default)]` on it"),
        "{errors}"
    );
}

#[test]
fn a_list_of_bounds_is_put_in_parentheses() {
    let input: DeriveInput = syn::parse_str("struct Host { name: String +, }").unwrap();
    let errors = Errors::new();
    let expansion = derive(&errors, &input);
    assert_eq!(errors.into_compile_errors().to_string(), "");
    let parsed = syn::parse2::<syn::File>(expansion);
    assert!(parsed.is_ok(), "{:?}", parsed.err());
}
