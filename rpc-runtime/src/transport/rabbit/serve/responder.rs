//! The responder of one request.
//!
//! A reply does not depend on the request's [session](super::session): it goes out over any connection, also after the
//! session has ended. The responder owns the request's permit.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::super::shared::Shared;
use super::permits::Permit;
use super::reply_sender;
use crate::Result;
use crate::transport::Responder;
use crate::wire::ReplyTo;

/// Sends the replies to one request. It holds the request's permit for as long as the request runs.
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
