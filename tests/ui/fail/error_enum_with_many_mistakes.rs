use rpc_runtime::{Error, IntoRemoteError};

#[derive(Debug, IntoRemoteError)]
#[rpc(modul = "stock.exceptions")]
pub enum StockError {
    Empty,
    #[rpc(module = "m", class = 7)]
    Broken,
    #[rpc(module = "m", message)]
    Silent,
    #[rpc(module = "m")]
    Twice {
        #[rpc(name = "a", arg = 0)]
        a: u32,
        #[rpc(arg = "first")]
        b: u32,
    },
    #[rpc(other)]
    Bare,
    #[rpc(other)]
    Second(Error),
}

fn main() {
    // What other code uses is there all the same.
    let error = StockError::from(Error::new_closed());
    let _ = error.into_remote_error();
}
