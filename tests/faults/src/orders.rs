//! Further orders to a node: what users may do, how much a queue holds, and a queue that stands still.

use std::time::Duration;

use crate::Result;
use crate::node::Node;

/// The name under which the node keeps the policy of one queue.
fn policy(queue: &str) -> String {
    binary(&format!("limit of {queue}"))
}

/// What a user may do in a virtual host: regular expressions on the names of exchanges and queues.
#[derive(Debug, Clone, Copy)]
pub struct Permissions<'a> {
    /// What the user may declare and delete.
    pub configure: &'a str,
    /// Where the user may publish, and which queues the user may bind.
    pub write: &'a str,
    /// Which queues the user may consume, and which exchanges the user may bind to.
    pub read: &'a str,
}

impl Permissions<'_> {
    /// Everything.
    pub const ALL: Self = Permissions {
        configure: ".*",
        write: ".*",
        read: ".*",
    };
    /// Nothing that has a name.
    pub const NONE: Self = Permissions {
        configure: "^$",
        write: "^$",
        read: "^$",
    };
}

impl Node {
    /// Adds a user, whose password is the name.
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

    /// Closes each connection of clients for this reason as soon as it stands, for so long.
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

    /// Sets what a user may do in a virtual host. Channels that are open may go on with what they were
    /// allowed before.
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

    /// Deletes a virtual host, with its queues and its permissions. Its connections are closed.
    pub async fn delete_virtual_host(&self, name: &str) -> Result<()> {
        let name = binary(name);
        self.eval(&format!("rabbit_vhost:delete({name}, <<\"faults\">>)"))
            .await?;
        Ok(())
    }

    /// Lets a queue of the virtual host `/` hold so many messages, and refuse those above.
    ///
    /// The queue learns first that it is to refuse, and then how many it may hold. A classic queue that learns both at
    /// once applies the limit first, and drops the oldest messages above it.
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
            // The queue is told of the policy before it is asked: its answer is a sign that it knows.
            with_queue(queue, "rabbit_amqqueue:info(Q, [messages])"),
        ))
        .await?;
        Ok(())
    }

    /// Takes [`Node::limit_queue`] back.
    pub async fn unlimit_queue(&self, queue: &str) -> Result<()> {
        self.eval(&format!(
            "ok = rabbit_policy:delete(<<\"/\">>, {}, <<\"faults\">>), {}",
            policy(queue),
            with_queue(queue, "rabbit_amqqueue:info(Q, [messages])"),
        ))
        .await?;
        Ok(())
    }

    /// Sets how long a consumer may take to acknowledge, and how often the broker looks. Channels that are open keep
    /// what they had.
    pub async fn set_consumer_timeout(&self, timeout: Duration, interval: Duration) -> Result<()> {
        let (timeout, interval) = (timeout.as_millis(), interval.as_millis());
        self.eval(&format!(
            "application:set_env(rabbit, consumer_timeout, {timeout}), \
             application:set_env(rabbit, channel_tick_interval, {interval})"
        ))
        .await?;
        Ok(())
    }

    /// Lets a queue of the virtual host `/` keep what it would drop: it goes to the queue `dropped`.
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

    /// How many consumers all queues have together whose names begin so.
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

    /// How many messages of a queue of the virtual host `/` a consumer has, and has not acknowledged.
    pub async fn unacknowledged(&self, queue: &str) -> Result<usize> {
        let expression =
            "[{_, Messages}] = rabbit_amqqueue:info(Q, [messages_unacknowledged]), Messages";
        Ok(self.eval(&with_queue(queue, expression)).await?.parse()?)
    }

    /// How many messages of a queue of the virtual host `/` wait for a consumer.
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

    /// Stops the process of a classic queue of the virtual host `/`: what is published there is routed,
    /// and never confirmed.
    pub async fn suspend_queue(&self, queue: &str) -> Result<()> {
        self.eval(&with_queue(queue, "ok = sys:suspend(amqqueue:get_pid(Q))"))
            .await?;
        Ok(())
    }

    /// Lets a queue go on after [`Node::suspend_queue`].
    pub async fn resume_queue(&self, queue: &str) -> Result<()> {
        self.eval(&with_queue(queue, "ok = sys:resume(amqqueue:get_pid(Q))"))
            .await?;
        Ok(())
    }

    /// How much waits for the process of a queue that is suspended.
    pub async fn backlog(&self, queue: &str) -> Result<usize> {
        let expression = "element(2, erlang:process_info(amqqueue:get_pid(Q), message_queue_len))";
        Ok(self.eval(&with_queue(queue, expression)).await?.parse()?)
    }

    /// The connections of clients, each by the port at its client: a connection that stands keeps it.
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
