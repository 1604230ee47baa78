use rpc_runtime::{Error, IntoRemoteError};

#[derive(Debug, IntoRemoteError)]
#[rpc(module = "stock.exceptions")]
pub enum StockError {
    #[rpc(message = "empty")]
    Empty,
    Full,
    #[rpc(other)]
    Other(Error),
}

#[derive(Debug, IntoRemoteError)]
pub enum NoModule {
    #[rpc(message = "a")]
    A,
    #[rpc(message = "b")]
    B,
    #[rpc(other)]
    Other(Error),
}

fn main() {}
