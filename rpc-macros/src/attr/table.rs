//! The macro `options!`, which declares the options of one place as a table.

/// Declares a struct of options from a table. A row has an option's name, its field, and the function that
/// parses its value.
///
/// Each name is written once. Parsing, suggestions for misspelt names, and lists of valid names all use the
/// table.
macro_rules! options {
    (
        $(#[$about:meta])*
        pub(crate) struct $options:ident {
            $($name:literal => $field:ident: $slot:ty = $read:expr,)*
        }
        $(with $more:ident: $kind:ty)?
    ) => {
        $(#[$about])*
        #[derive(Default)]
        pub(crate) struct $options {
            $(pub(crate) $field: $slot,)*
            $(pub(crate) $more: $kind,)?
        }

        impl $options {
            const NAMES: &[&str] = &[$($name),*];

            fn read<'m>(
                errors: &$crate::errors::Errors,
                metas: impl IntoIterator<Item = &'m syn::Meta>,
                places: $crate::attr::suggest::Places,
            ) -> Self {
                use $crate::attr::Slot as _;

                let mut options = Self::default();
                for meta in metas {
                    let name = $crate::attr::name(meta.path());
                    match name.as_str() {
                        $($name => options.$field.fill(errors, meta, $read(errors, meta)),)*
                        other => {
                            let known = Self::NAMES;
                            match $crate::attr::suggest::unknown(errors, meta, other, known, places) {
                                $(Some($name) => options.$field.mean(),)*
                                _ => {}
                            }
                        }
                    }
                }
                options
            }
        }
    };
}
