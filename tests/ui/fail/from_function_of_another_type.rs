use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(version = "2.0")]
pub trait Inventory {
    async fn another(
        &self,
        ctxt: &Context,
        #[rpc(since = "2.1", below = with(megabytes), from = text)] size: u32,
    ) -> Result<()>;
    async fn one_of_two(
        &self,
        ctxt: &Context,
        #[rpc(since = "2.1", below = with(halves, "left", "right"), from = gigabytes)] size: u32,
    ) -> Result<()>;
    async fn borrowing(
        &self,
        ctxt: &Context,
        #[rpc(since = "2.1", below = with(megabytes), from = borrowing)] size: u32,
    ) -> Result<()>;
}

fn megabytes(gigabytes: u32) -> u32 {
    gigabytes * 1024
}

fn halves(gigabytes: u32) -> (u32, u32) {
    (gigabytes / 2, gigabytes / 2)
}

fn gigabytes(megabytes: u32) -> u32 {
    megabytes / 1024
}

fn text(megabytes: u32) -> String {
    megabytes.to_string()
}

fn borrowing(megabytes: &u32) -> u32 {
    megabytes / 1024
}

fn main() {}
