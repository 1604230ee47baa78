//! Options of a class on variants that have none, and of fields of which one hides another.

use rpc_runtime::{Error, IntoRemoteError};

#[derive(Debug, IntoRemoteError)]
#[rpc(module = "stock.exceptions")]
enum StockError {
    #[rpc(message = "{0}")]
    Missing(String),
    #[rpc(refused = "copies", class = "TooManyCopies", module = "stock")]
    TooManyCopies(Error),
    #[rpc(refused, message = "refused")]
    Refused(#[rpc(arg = 0)] Error),
    #[rpc(other, refused = "size")]
    Other(#[rpc(message)] Error),
}

#[derive(Debug, IntoRemoteError)]
#[rpc(module = "stock.exceptions")]
enum Fields {
    #[rpc(message = "{host}")]
    Renamed {
        host: String,
        #[rpc(name = "host")]
        name: String,
    },
    Twice {
        #[rpc(message)]
        text: String,
        #[rpc(message)]
        message: String,
    },
    #[rpc(other, class = "Other")]
    Other(Error),
}

fn main() {}
