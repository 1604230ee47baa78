//! Encodes and decodes the rare methods with amq-protocol.
//!
//! Only expected replies may be decoded, none of which has a field table: amq-protocol's parser of tables recurses as
//! deeply as a peer has nested them. Pure functions.

use lapin::protocol::basic::AMQPMethod as Basic;
use lapin::protocol::channel::AMQPMethod as OnChannel;
use lapin::protocol::exchange::AMQPMethod as OnExchange;
use lapin::protocol::queue::AMQPMethod as OnQueue;
use lapin::protocol::{AMQPClass, gen_class, parse_class};

use super::frames::{METHOD, frame};

/// The ids of class and method of each expected reply, with which the payload of its frame begins.
const REPLIES: [[u8; 4]; 8] = [
    [0, 20, 0, 11], // channel.open-ok
    [0, 40, 0, 11], // exchange.declare-ok
    [0, 50, 0, 11], // queue.declare-ok
    [0, 50, 0, 21], // queue.bind-ok
    [0, 50, 0, 41], // queue.delete-ok
    [0, 60, 0, 11], // basic.qos-ok
    [0, 60, 0, 21], // basic.consume-ok
    [0, 60, 0, 31], // basic.cancel-ok
];

/// Writes a method as a frame.
pub(super) fn write(out: &mut Vec<u8>, channel: u16, method: &AMQPClass) {
    frame(out, METHOD, channel, |out| {
        // Cannot fail: it writes into memory.
        if let Ok(written) = gen_class(method)(Vec::new().into()) {
            out.extend(written.write);
        }
    });
}

/// Decodes the reply to a request. `None` for any other method, and for a malformed one.
pub(super) fn read_reply(payload: &[u8]) -> Option<AMQPClass> {
    if !REPLIES.iter().any(|reply| payload.starts_with(reply)) {
        return None;
    }
    parse_class(payload).ok().map(|(_, method)| method)
}

/// The name of a request, for the texts of errors.
pub(super) fn name(request: &AMQPClass) -> &'static str {
    match request {
        AMQPClass::Channel(OnChannel::Open(_)) => "channel.open",
        AMQPClass::Basic(Basic::Qos(_)) => "basic.qos",
        AMQPClass::Basic(Basic::Consume(_)) => "basic.consume",
        AMQPClass::Basic(Basic::Cancel(_)) => "basic.cancel",
        AMQPClass::Exchange(OnExchange::Declare(_)) => "exchange.declare",
        AMQPClass::Queue(OnQueue::Declare(_)) => "queue.declare",
        AMQPClass::Queue(OnQueue::Bind(_)) => "queue.bind",
        AMQPClass::Queue(OnQueue::Delete(_)) => "queue.delete",
        _ => "a request",
    }
}

#[cfg(test)]
mod tests {
    use lapin::protocol::{basic, channel, exchange, queue};
    use lapin::types::FieldTable;

    use super::*;

    fn payload(method: &AMQPClass) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out, 7, method);
        out[7..out.len() - 1].to_vec()
    }

    #[test]
    fn each_expected_reply_is_read() {
        let replies = [
            AMQPClass::Channel(OnChannel::OpenOk(channel::OpenOk {})),
            AMQPClass::Exchange(OnExchange::DeclareOk(exchange::DeclareOk {})),
            AMQPClass::Queue(OnQueue::DeclareOk(queue::DeclareOk {
                queue: "q".into(),
                message_count: 1,
                consumer_count: 2,
            })),
            AMQPClass::Queue(OnQueue::BindOk(queue::BindOk {})),
            AMQPClass::Queue(OnQueue::DeleteOk(queue::DeleteOk { message_count: 3 })),
            AMQPClass::Basic(Basic::QosOk(basic::QosOk {})),
            AMQPClass::Basic(Basic::ConsumeOk(basic::ConsumeOk {
                consumer_tag: "1".into(),
            })),
            AMQPClass::Basic(Basic::CancelOk(basic::CancelOk {
                consumer_tag: "1".into(),
            })),
        ];
        assert_eq!(replies.len(), REPLIES.len());
        for reply in replies {
            assert_eq!(read_reply(&payload(&reply)), Some(reply));
        }
    }

    #[test]
    fn methods_with_tables_and_malformed_replies_are_not_read() {
        let declare = AMQPClass::Queue(OnQueue::Declare(queue::Declare {
            queue: "q".into(),
            passive: false,
            durable: false,
            exclusive: false,
            auto_delete: false,
            nowait: false,
            arguments: FieldTable::default(),
        }));
        assert_eq!(read_reply(&payload(&declare)), None);
        assert_eq!(read_reply(&[0, 20, 0]), None);
        assert_eq!(read_reply(&[0, 50, 0, 11, 9]), None, "truncated");
    }
}
