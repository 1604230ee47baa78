use rpc_runtime::IntoRemoteError;

#[derive(Debug, IntoRemoteError)]
pub struct StockError {
    pub shelf: String,
}

fn main() {}
