//! Casts, fanout, a namespace, an exchange, options of each kind, and their description in `INTERFACE`.

use std::time::Duration;

use rpc_runtime::interface::{Mode, Timing};
use rpc_runtime::{Context, Interface, Result, Version, rpc_client};

#[rpc_client(
    topic = "shapes",
    version = "2.0",
    namespace = "drawing",
    exchange = "studio"
)]
pub trait Shapes {
    async fn count(&self, ctxt: &Context) -> Result<u32>;
    #[rpc(version = "2.3", timeout = 30, monitor = 0.5)]
    async fn draw(&self, ctxt: &Context, #[rpc(name = "type")] kind: &str, size: u32)
    -> Result<()>;
    #[rpc(cast, version = "2.4.1", name = "forget-shape")]
    async fn forget(&self, ctxt: &Context, r#type: Option<&str>) -> Result<()>;
    #[rpc(cast)]
    #[rpc(fanout)]
    async fn refresh(&self, _: &Context, pairs: Vec<(String, [u8; 2])>) -> Result<()>;
}

const INTERFACE: &Interface = &ShapesClient::INTERFACE;

const _: () = {
    assert!(INTERFACE.topic().is_some());
    assert!(INTERFACE.methods().len() == 4);
    assert!(INTERFACE.methods()[1].arguments().len() == 2);
    assert!(matches!(INTERFACE.methods()[2].mode(), Mode::Cast));
};

pub fn main() {
    assert_eq!(INTERFACE.name(), "Shapes");
    assert_eq!(INTERFACE.topic(), Some("shapes"));
    assert_eq!(INTERFACE.namespace(), Some("drawing"));
    assert_eq!(INTERFACE.exchange(), Some("studio"));
    assert_eq!(INTERFACE.declared_version(), Version::new(2, 0));
    // The highest stamp in the trait.
    assert_eq!(INTERFACE.version(), Version::new(2, 4).with_revision(1));
    let methods: Vec<_> = INTERFACE
        .methods()
        .iter()
        .map(|method| {
            let arguments: Vec<_> = method
                .arguments()
                .iter()
                .map(|argument| format!("{}: {}", argument.name(), argument.ty()))
                .collect();
            format!(
                "{} {} {}({}) -> {}",
                method.version(),
                method.mode(),
                method.name(),
                arguments.join(", "),
                method.returns(),
            )
        })
        .collect();
    assert_eq!(
        methods,
        [
            "2.0 call count() -> Result<u32>",
            "2.3 call draw(type: &str, size: u32) -> Result<()>",
            "2.4.1 cast forget-shape(type: Option<&str>) -> Result<()>",
            "2.0 fanout refresh(pairs: Vec<(String, [u8; 2])>) -> Result<()>",
        ],
    );
    let draw = INTERFACE.method("draw").expect("there is `draw`");
    assert_eq!(draw.timeout(), Some(Timing::Fixed(Duration::from_secs(30))));
    assert_eq!(
        draw.monitor(),
        Some(Timing::Fixed(Duration::from_millis(500)))
    );
}
