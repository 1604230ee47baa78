use rpc_runtime::IntoRemoteError;

#[derive(Debug, IntoRemoteError)]
#[rpc(module = "stock.exceptions")]
pub enum StockError {
    #[rpc(message = "empty")]
    Empty,
}

fn main() {}
