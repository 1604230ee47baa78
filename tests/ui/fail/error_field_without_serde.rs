use rpc_runtime::{Error, IntoRemoteError};

#[derive(Debug)]
pub struct Shelf;

#[derive(Debug, IntoRemoteError)]
#[rpc(module = "stock.exceptions")]
pub enum StockError {
    #[rpc(message = "empty")]
    Empty { shelf: Shelf },
    #[rpc(other)]
    Other(Error),
}

fn main() {}
