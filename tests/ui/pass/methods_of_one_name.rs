//! Methods of one name, of which each build has one.

use rpc_runtime::{Context, Result, rpc_client};

#[rpc_client(topic = "files", version = "1.0")]
trait Files {
    #[cfg(unix)]
    async fn open(&self, ctxt: &Context, path: &str) -> Result<u32>;
    #[cfg(not(unix))]
    async fn open(&self, ctxt: &Context, path: &[u16]) -> Result<u32>;
}

struct Disk;

#[cfg(unix)]
impl Files for Disk {
    async fn open(&self, _: &Context, path: &str) -> Result<u32> {
        Ok(u32::from(path.is_empty()))
    }
}

#[cfg(unix)]
async fn open(files: &FilesClient) -> Result<u32> {
    files.open(&Context::new(), "/etc/fstab").await
}

pub fn main() {
    #[cfg(unix)]
    let _ = (FilesEndpoint::new(Disk), open);
}
