use rpc_runtime::Describe;

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
union Bits {
    number: u32,
    bytes: [u8; 4],
}

fn main() {}
