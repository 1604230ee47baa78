//! The way back of one request: the replies to it.
//!
//! They belong to no [session](super::session): they go out over whatever connection stands.

use std::sync::Arc;

use bytes::Bytes;

use super::answers;
use super::permits::Permit;
use super::shared::Shared;
use crate::Result;
use crate::endpoint::BoxFuture;
use crate::transport::Delivery;
use crate::wire::ReplyTo;

/// The way back of one request, which has its permit for as long as it runs and a reply is under way.
#[derive(Debug)]
pub(super) struct RabbitDelivery {
    pub(super) shared: Arc<Shared>,
    pub(super) permit: Permit,
}

impl RabbitDelivery {
    pub(super) fn new(shared: Arc<Shared>, permit: Permit) -> Self {
        Self { shared, permit }
    }
}

impl Delivery for RabbitDelivery {
    fn reply(self: Arc<Self>, to: &ReplyTo, body: Bytes) -> BoxFuture<'_, Result<()>> {
        Box::pin(answers::send(self, to, body))
    }
}
