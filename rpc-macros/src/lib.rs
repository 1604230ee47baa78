//! The `#[rpc_client]` attribute. Documented on its re-export in `rpc-runtime`.
use proc_macro::TokenStream;
/// placeholder
#[proc_macro_attribute]
pub fn rpc_client(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    item
}
