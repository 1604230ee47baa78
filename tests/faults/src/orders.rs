//! Further commands for a node: permissions of users, limits of queues, and suspended queues.

use std::time::Duration;

use crate::Result;
use crate::node::Node;

/// The name of the policy of one queue.
fn policy(queue: &str) -> String {
    binary(&format!("limit of {queue}"))
}

/// The permissions of a user in a virtual host: regular expressions for the names of exchanges and queues.
#[derive(Debug, Clone, Copy)]
pub struct Permissions<'a> {
    /// What the user may declare and delete.
    pub configure: &'a str,
    /// Exchanges to which the user may publish, and queues that the user may bind.
    pub write: &'a str,
    /// Queues that the user may consume, and exchanges that the user may bind to.
    pub read: &'a str,
}

impl Permissions<'_> {
    /// All permissions.
    pub const ALL: Self = Permissions {
        configure: ".*",
        write: ".*",
        read: ".*",
    };
    /// No permissions on anything with a name.
    pub const NONE: Self = Permissions {
        configure: "^$",
        write: "^$",
        read: "^$",
    };
}

impl Node {
    /// Adds a user. The password is the user's name.
    pub async fn add_user(&self, user: &str) -> Result<()> {
        let user = binary(user);
        self.eval(&format!(
            "ok = rabbit_auth_backend_internal:add_user({user}, {user}, <<\"faults\">>)"
        ))
        .await?;
        Ok(())
    }

    /// Changes a user's password.
    pub async fn set_password(&self, user: &str, password: &str) -> Result<()> {
        let [user, password] = [user, password].map(binary);
        self.eval(&format!(
            "ok = rabbit_auth_backend_internal:change_password({user}, {password}, <<\"faults\">>)"
        ))
        .await?;
        Ok(())
    }

    /// For a time, closes each connection of clients with this reason as soon as it is open.
    pub async fn close_connections_again(&self, reason: &str, lasting: Duration) -> Result<()> {
        let millis = lasting.as_millis();
        self.eval(&format!(
            "Until = erlang:monotonic_time(millisecond) + {millis}, \
             Close = fun(Again) -> \
             [catch rabbit_networking:close_connection(Pid, \"{reason}\") \
             || Pid <- rabbit_networking:connections(), \
             [{{state, running}}] =:= (catch rabbit_networking:connection_info(Pid, [state]))], \
             timer:sleep(20), \
             case erlang:monotonic_time(millisecond) < Until of true -> Again(Again); false -> ok end end, \
             spawn(fun() -> Close(Close) end)"
        ))
        .await?;
        Ok(())
    }

    /// Deletes all users but this one.
    pub(crate) async fn delete_users_except(&self, user: &str) -> Result<()> {
        let kept = binary(user);
        self.eval(&format!(
            "[ok = rabbit_auth_backend_internal:delete_user(User, <<\"faults\">>) \
             || [{{user, User}} | _] <- rabbit_auth_backend_internal:list_users(), User =/= {kept}]"
        ))
        .await?;
        Ok(())
    }

    /// Sets the permissions of a user in a virtual host. Open channels may keep the permissions that they had.
    pub async fn set_permissions(
        &self,
        user: &str,
        virtual_host: &str,
        permissions: Permissions<'_>,
    ) -> Result<()> {
        let Permissions {
            configure,
            write,
            read,
        } = permissions;
        let arguments = [user, virtual_host, configure, write, read].map(binary);
        self.eval(&format!(
            "ok = rabbit_auth_backend_internal:set_permissions({}, <<\"faults\">>)",
            arguments.join(", ")
        ))
        .await?;
        Ok(())
    }

    /// Adds a virtual host.
    pub async fn add_virtual_host(&self, name: &str) -> Result<()> {
        let name = binary(name);
        self.eval(&format!("ok = rabbit_vhost:add({name}, <<\"faults\">>)"))
            .await?;
        Ok(())
    }

    /// Deletes a virtual host, with its queues and its permissions, and closes its connections.
    pub async fn delete_virtual_host(&self, name: &str) -> Result<()> {
        let name = binary(name);
        self.eval(&format!("rabbit_vhost:delete({name}, <<\"faults\">>)"))
            .await?;
        Ok(())
    }

    /// Limits a queue of the virtual host `/` to `messages` messages. It rejects further ones.
    ///
    /// The queue first gets the rule to reject, then the limit. A classic queue that gets both at once applies the
    /// limit first, and drops the oldest messages above it.
    pub async fn limit_queue(&self, queue: &str, messages: usize) -> Result<()> {
        const REFUSE: &str = "{<<\"overflow\">>, <<\"reject-publish\">>}";
        let limit = format!("{{<<\"max-length\">>, {messages}}}");
        self.set_policy(queue, REFUSE).await?;
        self.set_policy(queue, &format!("{REFUSE}, {limit}")).await
    }

    async fn set_policy(&self, queue: &str, definition: &str) -> Result<()> {
        self.eval(&format!(
            "ok = rabbit_policy:set(<<\"/\">>, {}, {}, [{definition}], 0, <<\"queues\">>, <<\"faults\">>), {}",
            policy(queue),
            binary(&format!("^{queue}$")),
            // The queue gets the policy before this query, so its answer shows that the policy is in effect.
            with_queue(queue, "rabbit_amqqueue:info(Q, [messages])"),
        ))
        .await?;
        Ok(())
    }

    /// Reverts [`Node::limit_queue`].
    pub async fn unlimit_queue(&self, queue: &str) -> Result<()> {
        self.eval(&format!(
            "ok = rabbit_policy:delete(<<\"/\">>, {}, <<\"faults\">>), {}",
            policy(queue),
            with_queue(queue, "rabbit_amqqueue:info(Q, [messages])"),
        ))
        .await?;
        Ok(())
    }

    /// Sets the time in which a consumer must acknowledge, and the interval of the broker's checks. Open channels keep
    /// their values.
    pub async fn set_consumer_timeout(&self, timeout: Duration, interval: Duration) -> Result<()> {
        let (timeout, interval) = (timeout.as_millis(), interval.as_millis());
        self.eval(&format!(
            "application:set_env(rabbit, consumer_timeout, {timeout}), \
             application:set_env(rabbit, channel_tick_interval, {interval})"
        ))
        .await?;
        Ok(())
    }

    /// Sends the messages that a queue of the virtual host `/` drops to the queue `dropped`.
    pub async fn keep_dropped(&self, queue: &str) -> Result<()> {
        self.eval(&format!(
            "rabbit_amqqueue:declare(rabbit_misc:r(<<\"/\">>, queue, <<\"dropped\">>), true, false, [], none, \
             <<\"faults\">>), \
             ok = rabbit_policy:set(<<\"/\">>, {}, {}, [{{<<\"dead-letter-exchange\">>, <<>>}}, \
             {{<<\"dead-letter-routing-key\">>, <<\"dropped\">>}}], 0, <<\"queues\">>, <<\"faults\">>)",
            binary(&format!("dropped of {queue}")),
            binary(&format!("^{queue}$")),
        ))
        .await?;
        Ok(())
    }

    /// The number of consumers of all queues whose names begin with `prefix`.
    pub async fn consumers(&self, prefix: &str) -> Result<usize> {
        let prefix = binary(prefix);
        let consumers = self
            .eval(&format!(
                "lists:sum([begin [{{_, Count}}] = rabbit_amqqueue:info(Q, [consumers]), Count end \
                 || Q <- rabbit_amqqueue:list(), \
                 string:prefix(element(4, amqqueue:get_name(Q)), {prefix}) =/= nomatch])"
            ))
            .await?;
        Ok(consumers.parse()?)
    }

    /// The number of unacknowledged messages of a queue of the virtual host `/`.
    pub async fn unacknowledged(&self, queue: &str) -> Result<usize> {
        let expression =
            "[{_, Messages}] = rabbit_amqqueue:info(Q, [messages_unacknowledged]), Messages";
        Ok(self.eval(&with_queue(queue, expression)).await?.parse()?)
    }

    /// The number of messages of a queue of the virtual host `/` that wait for a consumer.
    pub async fn ready_messages(&self, queue: &str) -> Result<usize> {
        let expression = "[{_, Ready}] = rabbit_amqqueue:info(Q, [messages_ready]), Ready";
        Ok(self.eval(&with_queue(queue, expression)).await?.parse()?)
    }

    /// Drops the messages of a queue of the virtual host `/` that wait for a consumer.
    pub async fn purge_queue(&self, queue: &str) -> Result<()> {
        self.eval(&with_queue(queue, "rabbit_amqqueue:purge(Q)"))
            .await?;
        Ok(())
    }

    /// Suspends the process of a classic queue of the virtual host `/`. Messages to it are routed and never confirmed.
    pub async fn suspend_queue(&self, queue: &str) -> Result<()> {
        self.eval(&with_queue(queue, "ok = sys:suspend(amqqueue:get_pid(Q))"))
            .await?;
        Ok(())
    }

    /// Resumes a queue after [`Node::suspend_queue`].
    pub async fn resume_queue(&self, queue: &str) -> Result<()> {
        self.eval(&with_queue(queue, "ok = sys:resume(amqqueue:get_pid(Q))"))
            .await?;
        Ok(())
    }

    /// The number of messages that wait for the process of a suspended queue.
    pub async fn backlog(&self, queue: &str) -> Result<usize> {
        let expression = "element(2, erlang:process_info(amqqueue:get_pid(Q), message_queue_len))";
        Ok(self.eval(&with_queue(queue, expression)).await?.parse()?)
    }

    /// The connections of clients, each by its client's port, which does not change while the connection is open.
    pub async fn connections(&self) -> Result<Vec<u16>> {
        let printed = self
            .eval("rabbit_networking:connection_info_all([peer_port])")
            .await?;
        let mut ports = printed
            .split(|character: char| !character.is_ascii_digit())
            .filter(|digits| !digits.is_empty())
            .map(str::parse)
            .collect::<Result<Vec<u16>, _>>()?;
        ports.sort_unstable();
        Ok(ports)
    }
}

/// Expressions about `Q`, a queue of the virtual host `/`.
fn with_queue(queue: &str, expressions: &str) -> String {
    format!(
        "{{ok, Q}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<\"/\">>, queue, {})), {expressions}",
        binary(queue)
    )
}

/// A text as Erlang writes a binary.
fn binary(text: &str) -> String {
    format!(
        "<<\"{}\">>",
        text.replace('\\', "\\\\").replace('"', "\\\"")
    )
}
