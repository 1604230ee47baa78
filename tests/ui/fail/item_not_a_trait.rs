use rpc_runtime::rpc_client;

#[rpc_client(topic = "inventory", version = "1.0")]
struct Inventory {
    id: u32,
}

#[rpc_client(topic = "inventory", version = "1.0")]
impl Inventory {
    fn id(&self) -> u32 {
        self.id
    }
}

#[rpc_client(topic = "inventory", version = "1.0")]
async fn touch(inventory: &Inventory) -> u32 {
    inventory.id()
}

// Written by the attribute above.
#[rpc_client(topic = "inventory", version = "1.0")]
impl Clone for Inventory {
    fn clone(&self) -> Self {
        Self { id: self.id }
    }
}

fn main() {}
