//! A variant that no remote error is read as, since one before it is tried first.

use rpc_runtime::{Error, IntoRemoteError};

#[derive(Debug, IntoRemoteError)]
#[rpc(module = "stock.exceptions")]
enum StockError {
    #[rpc(message = "{host} is missing")]
    Missing { host: String },
    #[rpc(class = "Missing", message = "no {name}")]
    HostNotFound {
        #[rpc(name = "host")]
        name: String,
    },
    #[rpc(class = "Missing", message = "no {host} in {rack}")]
    NotInRack { rack: String, host: String },
    // These are read: the fields or the module differ.
    #[rpc(class = "Missing", message = "no {host}")]
    NumberNotFound { host: u32 },
    #[rpc(module = "hosts", class = "Missing", message = "no {host}")]
    OfHosts { host: String },
    #[rpc(class = "Missing", message = "nothing")]
    Nothing,
    #[rpc(other)]
    Other(Error),
}

fn main() {}
