//! The way back of one request: the replies to it.
//!
//! Replies belong to no [session](super::session): they go out over whatever connection stands.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::super::shared::Shared;
use super::permits::Permit;
use super::reply_sender;
use crate::Result;
use crate::transport::Responder;
use crate::wire::ReplyTo;

/// The way back of one request. It holds the request's permit for as long as the request runs.
#[derive(Debug)]
pub(super) struct RabbitResponder {
    shared: Arc<Shared>,
    permit: Arc<Permit>,
}

impl RabbitResponder {
    pub(super) fn new(shared: Arc<Shared>, permit: Permit) -> Self {
        let permit = Arc::new(permit);
        Self { shared, permit }
    }
}

#[async_trait]
impl Responder for RabbitResponder {
    async fn reply(self: Arc<Self>, to: &ReplyTo, body: Bytes) -> Result<()> {
        reply_sender::send(&self.shared, &self.permit, to, body).await
    }
}
