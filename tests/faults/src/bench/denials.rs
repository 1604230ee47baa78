//! Faults that remove what clients and servers need: queues, exchanges, room in a queue, permissions, their password.

use tokio::time::{Instant, sleep};

use super::Bench;
use crate::Result;
use crate::orders::Permissions;
use crate::proxy::End;
use crate::schedule::Planned;

/// The user of all clients and servers, which is also the password.
const USER: &str = "rpc";
/// The virtual host of all clients and servers.
const VIRTUAL_HOST: &str = "/";

impl Bench<'_> {
    pub(super) async fn delete_reply_queue(&self, fault: &Planned) -> Result<Instant> {
        let began = Instant::now();
        let mut queues = self.node().queues().await?;
        queues.retain(|queue| queue.starts_with("reply_"));
        queues.sort();
        let at = usize::try_from(fault.detail % queues.len().max(1) as u64)?;
        if let Some(queue) = queues.get(at) {
            self.node().delete_queue(queue).await?;
        }
        Ok(began)
    }

    pub(super) async fn delete_topic_queue(&self) -> Result<Instant> {
        let began = Instant::now();
        let held = self.node().delete_queue(&self.recipe.topic).await?;
        // Messages that came meanwhile may not have been counted.
        let coming = self.ledger.under_way_since(began);
        self.lose("in the deleted queue", began, held + coming);
        Ok(began)
    }

    pub(super) async fn delete_exchange(&self) -> Result<Instant> {
        let began = Instant::now();
        self.node().delete_exchange(&self.recipe.exchange).await?;
        Ok(began)
    }

    /// The virtual host exists again before anybody has permissions in it.
    pub(super) async fn recreate_virtual_host(&self, fault: &Planned) -> Result<Instant> {
        let began = Instant::now();
        let node = self.node();
        node.delete_virtual_host(VIRTUAL_HOST).await?;
        self.lose("in the deleted virtual host", began, usize::MAX);
        node.add_virtual_host(VIRTUAL_HOST).await?;
        sleep(fault.lasting).await;
        self.permit(Permissions::ALL).await?;
        Ok(Instant::now())
    }

    /// The queue holds one message and rejects others.
    pub(super) async fn fill_queue(&self, fault: &Planned) -> Result<Instant> {
        self.node().limit_queue(&self.recipe.topic, 1).await?;
        sleep(fault.lasting).await;
        self.node().unlimit_queue(&self.recipe.topic).await?;
        Ok(Instant::now())
    }

    pub(super) async fn withdraw_permissions(&self, fault: &Planned) -> Result<Instant> {
        self.permit(Permissions::NONE).await?;
        // Open channels may keep the permissions that they had.
        self.reset_all();
        sleep(fault.lasting).await;
        self.permit(Permissions::ALL).await?;
        Ok(Instant::now())
    }

    pub(super) async fn change_password(&self, fault: &Planned) -> Result<Instant> {
        self.node().set_password(USER, "another").await?;
        self.reset_all();
        sleep(fault.lasting).await;
        self.node().set_password(USER, USER).await?;
        Ok(Instant::now())
    }

    async fn permit(&self, permissions: Permissions<'_>) -> Result<()> {
        let node = self.node();
        node.set_permissions(USER, VIRTUAL_HOST, permissions).await
    }

    fn reset_all(&self) {
        self.clients.end(End::Reset);
        self.servers.end(End::Reset);
    }
}
