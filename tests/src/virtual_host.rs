//! Virtual hosts of the broker.

use crate::{broker_url, rabbitmqctl, run_rabbitmqctl, unique_topic};

/// A virtual host of one test, removed when dropped.
#[derive(Debug)]
pub struct VirtualHost {
    name: String,
    url: String,
}

impl VirtualHost {
    /// Makes a virtual host with the permissions that the user of the tests needs.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let name = unique_topic(name);
        let url = broker_url();
        let (server, _) = url.rsplit_once('/').expect("a URL has a virtual host");
        let (_, user) = server.split_once("//").expect("a URL has a user");
        let (user, _) = user.split_once(':').expect("a user has a password");
        let url = format!("{server}/{name}");
        let _ = rabbitmqctl(&["add_vhost", &name]);
        let _ = rabbitmqctl(&["set_permissions", "-p", &name, user, ".*", ".*", ".*"]);
        Self { name, url }
    }

    /// Its transport URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for VirtualHost {
    fn drop(&mut self) {
        let _ = run_rabbitmqctl(&["delete_vhost", &self.name]);
    }
}
