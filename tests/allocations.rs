//! The number of the codec's allocations. Writing a message takes at most two, whatever its size. Reading many arguments
//! takes no more than reading one.

use std::alloc::System;

use rpc_runtime::wire::{self, MessageId, ReplyTo, RequestEncoder};
use rpc_runtime::{Context, Result, Server, Transport, Version, rpc_client};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[rpc_client(topic = "sums", version = "1.0")]
trait Sums {
    async fn one(&self, ctxt: &Context, n1: u64) -> Result<u64>;
    #[expect(clippy::too_many_arguments, reason = "many are wanted")]
    #[rustfmt::skip]
    async fn many(
        &self, ctxt: &Context, n1: u64, n2: u64, n3: u64, n4: u64, n5: u64, n6: u64, n7: u64, n8: u64,
        n9: u64, n10: u64, n11: u64, n12: u64, n13: u64, n14: u64, n15: u64, n16: u64,
    ) -> Result<u64>;
}

#[derive(Debug)]
struct Sum;

impl Sums for Sum {
    async fn one(&self, _: &Context, n1: u64) -> Result<u64> {
        Ok(n1)
    }
    #[rustfmt::skip]
    async fn many(
        &self, _: &Context, n1: u64, n2: u64, n3: u64, n4: u64, n5: u64, n6: u64, n7: u64, n8: u64,
        n9: u64, n10: u64, n11: u64, n12: u64, n13: u64, n14: u64, n15: u64, n16: u64,
    ) -> Result<u64> {
        Ok(n1 + n2 + n3 + n4 + n5 + n6 + n7 + n8 + n9 + n10 + n11 + n12 + n13 + n14 + n15 + n16)
    }
}

/// The number of allocations of `work` when all caches are warm and no table has to grow.
fn allocations(mut work: impl FnMut()) -> usize {
    let count = |()| {
        let region = Region::new(ALLOCATOR);
        work();
        let change = region.change();
        change.allocations + change.reallocations
    };
    [(); 8].map(count).into_iter().min().unwrap_or_default()
}

// One test, since the allocations of all threads are counted together.
#[test]
fn allocations_do_not_grow_with_the_size_or_the_number_of_arguments() {
    let (id, ctxt) = (MessageId::unique(), Context::new());
    let to = ReplyTo::new("replies", id.to_string());
    for size in [256, 4 << 10, 1 << 20] {
        let value = "a \"word\" ".repeat(size / 9);
        let request = allocations(|| {
            let mut encoder = RequestEncoder::new("note");
            encoder.argument("text", &value).unwrap();
            let version = Some(Version::new(1, 0));
            let body = encoder.finish(None, version, &ctxt).unwrap();
            drop(body.call(id, "replies", None));
        });
        assert!(request <= 2, "a request of {size} bytes: {request}");
        let reply = allocations(|| drop(wire::success(&to, &value).unwrap()));
        assert!(reply <= 2, "a reply of {size} bytes: {reply}");
    }

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let transport = Transport::new("memory://").unwrap();
    let client = SumsClient::new(&transport);
    let server = Server::builder(&transport, "s").endpoint(SumsEndpoint::new(Sum));
    let _server = runtime.block_on(server.start()).unwrap();
    let one = || {
        let sum = client.one(&ctxt, 1).into_future();
        assert_eq!(runtime.block_on(sum).unwrap(), 1);
    };
    let many = || {
        let sum = client.many(&ctxt, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
        assert_eq!(runtime.block_on(sum.into_future()).unwrap(), 136);
    };
    let (one, many) = (allocations(one), allocations(many));
    assert_eq!(many, one, "for sixteen arguments and for one");
}
