use rpc_runtime::{Describe, Error, IntoRemoteError};

#[derive(Describe)]
struct Page<T> {
    items: Vec<T>,
}

#[derive(Describe)]
#[rpc(nmae = "Rack")]
struct Rack {
    #[rpc(opaqe)]
    row: u8,
}

#[derive(Describe)]
enum Size {
    Small,
    #[rpc(opaque)]
    Large(u8),
    #[rpc(durable)]
    Other { cores: u32 },
    #[rpc(name = "Any")]
    Any,
}

#[derive(Describe, IntoRemoteError)]
#[rpc(module = "stock")]
enum SizeError {
    #[rpc(class = "Empty", message = "{shelf} is empty")]
    Empty {
        #[rpc(name = "place")]
        shelf: String,
    },
    #[rpc(other)]
    Other(Error),
}

#[derive(Describe)]
union Bits {
    number: u32,
    bytes: [u8; 4],
}

fn main() {}
