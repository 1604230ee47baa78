//! Writes the seed corpora, from captured messages and from the sources of the examples and tests.

use std::path::Path;
use std::{fs, io};

use rpc_tests::seeds;

fn main() -> io::Result<()> {
    for (target, seeds) in [
        ("request", seeds::messages()),
        ("reply", seeds::messages()),
        ("context", seeds::messages()),
        ("transport_url", seeds::transport_urls()),
        ("lock", rpc_fuzz::lock_seeds()),
        ("macro", rpc_fuzz::token_seeds()),
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("corpus")
            .join(target);
        fs::create_dir_all(&folder)?;
        for (number, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
        println!("{target}: {} seeds", seeds.len());
    }
    Ok(())
}
