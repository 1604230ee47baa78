//! Two fields at one place in the exception's arguments, and a place that no exception has.

use rpc_runtime::{Error, IntoRemoteError};

#[derive(Debug, IntoRemoteError)]
#[rpc(module = "stock.exceptions")]
enum StockError {
    #[rpc(message = "{0} and {1}")]
    Pair(u32, #[rpc(arg = 0)] u32),
    #[rpc(message = "{far}")]
    Far {
        #[rpc(arg = 1000)]
        far: u32,
    },
    #[rpc(other)]
    Other(Error),
}

fn main() {}
