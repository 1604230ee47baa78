//! Time and allocations of the codec: `cargo bench -p rpc-bench --bench codec`.

use divan::{AllocProfiler, Bencher};

mod ops;

use ops::{SIZES, Step, Subject};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

fn bench(bencher: Bencher<'_, '_>, size: usize, run: impl Fn(&Subject) + Sync) {
    let subject = Subject::new(size).expect("the rows are JSON");
    bencher.bench(|| run(&subject));
}

macro_rules! steps {
    ($($name:ident: $step:ident),*) => {$(
        mod $name {
            use super::*;

            #[divan::bench(args = SIZES)]
            fn ours(bencher: Bencher<'_, '_>, size: usize) {
                bench(bencher, size, |it| it.ours(Step::$step).expect("it is JSON"));
            }

            #[divan::bench(args = SIZES)]
            fn serde_json_twice(bencher: Bencher<'_, '_>, size: usize) {
                bench(bencher, size, |it| it.plain(Step::$step).expect("it is JSON"));
            }

            #[divan::bench(args = SIZES)]
            fn serde_json_by_value(bencher: Bencher<'_, '_>, size: usize) {
                bench(bencher, size, |it| it.by_value(Step::$step).expect("it is JSON"));
            }
        }
    )*};
}

steps! {
    encode_request: EncodeRequest,
    decode_request: DecodeRequest,
    encode_reply: EncodeReply,
    decode_reply: DecodeReply
}
