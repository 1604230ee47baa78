//! The promises to users, case by case. Each case runs unchanged on each transport.
//!
//! Each case gets a [`World`]: an address of its own, and as many transports to it as it needs. Each transport stands
//! for a process. Methods report through a channel, so a test sleeps only where time itself is tested.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;

use std::future::Future;
use std::time::Duration;

use rpc_runtime::Transport;

/// A case that takes longer hangs, and fails.
const LIMIT: Duration = Duration::from_secs(30);

/// The surroundings of one case.
#[derive(Debug)]
struct World {
    url: String,
    /// A topic of the case's own, and the prefix of its other names.
    topic: String,
}

impl World {
    /// A new transport, as another process would have.
    fn transport(&self) -> Transport {
        Transport::new(&self.url).expect("the URL is right")
    }
}

async fn run<F: Future<Output = ()>>(url: String, name: &str, case: impl FnOnce(World) -> F) {
    let topic = rpc_tests::unique_topic(name);
    let world = World { url, topic };
    tokio::time::timeout(LIMIT, case(world))
        .await
        .expect("the case hangs");
}

macro_rules! over_rabbit {
    ($module:ident, $queues:expr, $($case:ident)*) => {
        mod $module {
            use rpc_tests::queues::Queues;

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[ignore = "needs RabbitMQ: tests/run"]
            async fn $case() {
                let process = rpc_tests::unique_topic(stringify!($module));
                let url = $queues.broker_url(&process);
                super::run(url, stringify!($case), super::cases::$case).await;
            })*
        }
    };
}

macro_rules! suite {
    ($($case:ident)*) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let url = format!("memory://{}", rpc_tests::unique_topic("broker"));
                super::run(url, stringify!($case), super::cases::$case).await;
            })*
        }

        over_rabbit!(rabbit, Queues::Transient, $($case)*);
        over_rabbit!(rabbit_durable, Queues::Durable, $($case)*);
        over_rabbit!(rabbit_quorum, Queues::Quorum, $($case)*);
        over_rabbit!(rabbit_streams, Queues::Streams, $($case)*);
    };
}

suite! {
    a_call_returns_what_the_method_returns
    a_cast_runs_once_and_returns_nothing
    casts_of_one_task_run_in_order
    fanout_reaches_every_server
    fanout_without_servers_is_no_error
    prepare_makes_a_fanout_a_cast_and_a_fanout_takes_no_server
    a_prepared_version_never_falls_below_the_methods_own
    servers_of_a_topic_take_turns
    a_directed_call_reaches_the_one_server
    prepare_overrides_the_target
    a_topic_that_nobody_serves_is_an_error
    a_message_without_a_queue_waits_for_a_server
    a_call_refuses_fanout
    the_version_cap_refuses_before_anything_is_sent
    an_older_server_refuses_a_newer_message
    an_unknown_method_is_a_remote_error
    wrong_arguments_are_remote_errors_that_name_them
    a_remote_error_keeps_all_its_parts
    a_typed_error_crosses_the_wire
    a_panic_is_a_remote_error_and_the_server_goes_on
    each_error_names_the_method
    a_call_ends_at_its_timeout_and_the_client_goes_on
    the_timeout_comes_from_call_then_method_then_client
    a_call_that_expired_in_the_queue_is_not_run
    an_expired_call_does_not_delay_later_ones
    casts_wait_for_a_server_to_come_back
    the_concurrency_limit_leaves_the_rest_to_other_servers
    stop_finishes_running_requests_and_requeues_the_rest
    stop_cuts_off_at_its_limit
    a_transport_says_how_it_is
    a_server_that_allows_pings_answers_them
    a_server_runs_until_a_future_ends_or_its_transport_is_closed
    a_monitored_call_outlives_the_silence_it_allows
    a_monitored_call_fails_when_its_server_falls_silent
    a_monitor_of_zero_asks_for_none
    a_dropped_call_leaves_the_client_usable
    a_call_dropped_at_any_poll_leaves_nothing_behind
    a_cast_dropped_at_any_poll_runs_once_at_most
    a_start_dropped_at_any_poll_leaves_no_server
    a_stop_that_is_dropped_continues
    a_close_dropped_at_any_poll_ends_the_calls
    the_serializer_hook_sees_everything_both_ways
    the_context_travels_with_unknown_keys
    namespaces_and_majors_live_side_by_side
    the_untyped_client_and_typed_server_agree
    an_untyped_endpoint_gets_the_request_unchanged
    an_untyped_endpoint_takes_requests_that_earlier_endpoints_leave
    a_request_is_forwarded_unchanged
    a_client_is_served_as_a_proxy
    namespace_and_version_of_an_endpoint_may_come_from_its_configuration
    a_client_of_one_interface_becomes_one_of_another
    closing_the_transport_ends_its_calls
    a_large_argument_crosses
    messages_that_are_too_large_fail_alone
    floats_arrive_to_the_last_bit
    a_provided_method_composes_others
    middleware_sees_each_call_and_each_request
    middleware_may_refuse_and_answer
    middleware_may_run_a_call_again
    middleware_may_change_the_context_and_extend_a_request
    a_panic_beneath_middleware_is_seen_by_it
    a_caller_with_a_monitor_hears_of_a_request_that_middleware_delays
}
