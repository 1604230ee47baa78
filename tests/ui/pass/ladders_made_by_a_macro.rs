//! `macro_rules!` may generate each part of a ladder.

use rpc_runtime::{Context, Result, Route, Version, rpc_client};

macro_rules! ladders {
    (
        $name:ident, $version:literal, $old:literal, $ty:ty, $default:expr, $with:path, $from:path,
        $time:literal, $route:path, $pool:ident
    ) => {
        #[rpc_client(
                                                                            topic = "made",
                                                                            version = "1.0",
                                                                            aliases(ash = $version),
                                                                            times(long = $time),
                                                                            route = $route($pool)
                                                                        )]
        pub trait $name {
            #[rpc(timeout = long, name_before($version, $old))]
            async fn create(
                &self,
                ctxt: &Context,
                $pool: &str,
                #[rpc(since = $version, default = $default)] size: $ty,
                #[rpc(since = $version, below = with($with, $old), from = $from)] limit: $ty,
                #[rpc(name_before($version, "sort"))] kind: Option<$ty>,
            ) -> Result<()>;
        }
    };
}

mod units {
    pub fn mega(giga: u32) -> u32 {
        giga * 1024
    }

    pub fn giga(mega: u32) -> u32 {
        mega / 1024
    }

    pub fn by_pool(_: Option<super::Version>, pool: &str) -> super::Route {
        super::Route::new().server(pool)
    }
}

macro_rules! methods {
    ($name:ident { $($body:tt)* }) => {
        #[rpc_client(topic = "parts", version = "1.0", times(long = 3))]
        pub trait $name {
            $($body)*
        }
    };
}

methods! {
    Parts {
        #[rpc(monitor = long, versions("1.4", "1.0"))]
        async fn get<'a>(
            &'a self,
            ctxt: &'a Context,
            #[rpc(since = "1.4", default = "x")] key: &'a str,
            #[rpc(until = "1.4")] old: Option<&'a str>,
        ) -> Result<String>;
    }
}

ladders!(
    Made,
    "1.3",
    "before",
    u32,
    2 + 1,
    units::mega,
    units::giga,
    60,
    units::by_pool,
    pool
);

pub fn main() {
    let create = MadeClient::INTERFACE.method("create").unwrap();
    assert_eq!(create.name_in((1, 2).into()), "before");
    assert_eq!(create.arguments()[1].default(), Some("2 + 1"));
    assert_eq!(create.route(), Some("units::by_pool(pool)"));
    assert_eq!(PartsClient::INTERFACE.version(), Version::new(1, 4));
}
