// The input of the macros in `names_in_the_way.rs`. It makes them write as many of their names as possible.
//
// `names.rs` leaves out the words of this file, which keep their usual meaning here. So the file uses few words.

use crate::names_in_the_way::own::{
    self, Derived, Kept, Kind, OwnContext, OwnResult, OwnText, Raised, client_of,
};

#[derive(Derived)]
pub enum Shape {
    Round,
    Long { meters: OwnText },
}

#[derive(Raised)]
#[rpc(module = "own.errors")]
pub enum OwnError {
    #[rpc(message = "{0} of {1:?}")]
    Pair(OwnText, Kind),
    #[rpc(message = "{meters} are too many")]
    Long { meters: OwnText, kilometers: OwnText },
    #[rpc(refused = "wait")]
    Early(own::OwnFailure),
    #[rpc(refused)]
    Never(own::OwnFailure),
    #[rpc(other)]
    Rest(own::OwnFailure),
}

#[client_of(
    topic = "own", exchange = "elsewhere", namespace = "space", version = "2.0",
    aliases(ash = "2.4"), times(long = 1800), lock = "ui/pass/in_the_way/own.lock", dyn
)]
pub trait Own {
    async fn find(&self, caller: &OwnContext, text: &str, kind: Kind) -> OwnResult<Kind>;
    #[rpc(cast, fanout)]
    async fn spread(&self, _: &OwnContext, all: &[Kind]) -> OwnResult<()>;
    #[rpc(call, cast, timeout = long, monitor = 0.5, route = own::by_kind(kind), name_before("2.2", "gauge"))]
    async fn measure(
        &self,
        caller: &OwnContext,
        #[rpc(route)] kind: Option<&Kind>,
        #[rpc(since = "2.1", default = own::THREE)] size: u32,
        #[rpc(since = "2.2", below = drop)] hint: Option<&str>,
        #[rpc(since = "2.3", below = with(own::halves, "left", "right"), from = own::whole)] half: u32,
        #[rpc(until = "2.4")] gone: own::MaybeAbsent<u32>,
        #[rpc(since = "2.4", default = &[])] tags: &[Kind],
        #[rpc(name_before("2.4", "user"))] owner: Option<u32>,
    ) -> Result<Kind, OwnError>;
    #[rpc(version = "2.4")]
    async fn direct(
        &self,
        caller: &OwnContext,
        #[rpc(server)] host: Option<&str>,
        #[rpc(topic)] pool: &str,
        #[rpc(timeout)] within: u32,
    ) -> OwnResult<()>;
    async fn provided(&self, kept: &mut Kept, (left, ref mut right): (u32, u32)) -> u32 {
        kept.0 += left;
        *right += 1;
        *right
    }
}
