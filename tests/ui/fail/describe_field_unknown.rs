use rpc_runtime::Describe;

struct Unknown;

#[derive(Describe)]
struct Host {
    name: String,
    unknown: Unknown,
    #[rpc(opaque)]
    known_by_name: Unknown,
}

fn main() {}
