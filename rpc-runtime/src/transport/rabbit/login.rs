//! The password's way past lapin: put into the login frame as it is written.
//!
//! lapin logs each frame that it sends at TRACE, the login among them. So it never learns the password:
//! its own login frame has a placeholder, and what the broker gets is made here. Neither the password
//! nor its length is known outside of this file. All other bytes pass untouched.

use std::fmt;
use std::io;
use std::task::Poll;

use crate::transport::Secret;

/// What lapin is told instead of the password.
pub(super) const PLACEHOLDER: &str = "***";

/// The 8 bytes that a client begins with, in front of all frames.
const PROTOCOL_HEADER: usize = 8;
/// Type, channel and length, in front of a frame's payload.
const FRAME_HEADER: usize = 7;
/// connection.start-ok, as the payload of a method frame begins.
const START_OK: [u8; 4] = [0, 10, 0, 11];

/// What a broker wants to see.
pub(super) enum Credentials {
    Plain { user: String, password: Secret },
    AmqPlain { user: String, password: Secret },
}

impl Credentials {
    /// The login frame's `response`, with its length in front.
    fn response(&self) -> Vec<u8> {
        let mut response = vec![0; 4];
        match self {
            Self::Plain { user, password } => {
                for text in [user, password.expose()] {
                    response.push(0);
                    response.extend_from_slice(text.as_bytes());
                }
            }
            // The entries of a field table: names are short strings, `S` is for a long one.
            Self::AmqPlain { user, password } => {
                for (name, value) in [
                    (b"\x05LOGIN".as_slice(), user.as_str()),
                    (b"\x08PASSWORD", password.expose()),
                ] {
                    response.extend_from_slice(name);
                    response.push(b'S');
                    response.extend_from_slice(&length(value.len()));
                    response.extend_from_slice(value.as_bytes());
                }
            }
        }
        let written = length(response.len() - 4);
        response[..4].copy_from_slice(&written);
        response
    }
}

/// Follows what lapin writes until the login has passed.
pub(super) struct LoginWriter(State);

enum State {
    ProtocolHeader {
        left: usize,
        credentials: Credentials,
    },
    /// What is there of lapin's frame, but for its last byte.
    Frame {
        taken: Vec<u8>,
        credentials: Credentials,
    },
    /// The frame as the broker shall get it.
    Login {
        frame: Vec<u8>,
        written: usize,
    },
    Done,
}

impl fmt::Debug for LoginWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginWriter").finish_non_exhaustive()
    }
}

impl LoginWriter {
    /// Without credentials, lapin's login passes as it is.
    pub(super) fn new(credentials: Option<Credentials>) -> Self {
        Self(
            credentials.map_or(State::Done, |credentials| State::ProtocolHeader {
                left: PROTOCOL_HEADER,
                credentials,
            }),
        )
    }

    /// Takes some of lapin's `bytes`, and writes through `write` what the broker shall get for them.
    ///
    /// The last byte of the login frame is taken only when the whole frame is written: lapin comes
    /// again until then, and nothing is ever left to flush.
    pub(super) fn poll_write(
        &mut self,
        bytes: &[u8],
        mut write: impl FnMut(&[u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        loop {
            match std::mem::replace(&mut self.0, State::Done) {
                State::Done => return write(bytes),
                State::ProtocolHeader { left, credentials } => {
                    let wrote = write(&bytes[..bytes.len().min(left)]);
                    let left = match wrote {
                        Poll::Ready(Ok(wrote)) => left.saturating_sub(wrote),
                        _ => left,
                    };
                    self.0 = match left {
                        0 => State::Frame {
                            taken: Vec::new(),
                            credentials,
                        },
                        left => State::ProtocolHeader { left, credentials },
                    };
                    return wrote;
                }
                State::Frame {
                    mut taken,
                    credentials,
                } => {
                    let room = missing(&taken);
                    if room > 0 || bytes.is_empty() {
                        let more = &bytes[..bytes.len().min(room)];
                        taken.extend_from_slice(more);
                        self.0 = State::Frame { taken, credentials };
                        return Poll::Ready(Ok(more.len()));
                    }
                    taken.push(bytes[0]);
                    self.0 = State::Login {
                        frame: with_response(taken, &credentials),
                        written: 0,
                    };
                }
                State::Login { frame, mut written } => {
                    while written < frame.len() {
                        match write(&frame[written..]) {
                            Poll::Ready(Ok(0)) => {
                                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                            }
                            Poll::Ready(Ok(more)) => written += more,
                            other => {
                                self.0 = State::Login { frame, written };
                                return other;
                            }
                        }
                    }
                    return Poll::Ready(Ok(1));
                }
            }
        }
    }
}

/// How many bytes are missing of a frame up to its last one, as far as can be said.
fn missing(taken: &[u8]) -> usize {
    match read_length(taken, FRAME_HEADER - 4) {
        Some(payload) => (FRAME_HEADER + payload).saturating_sub(taken.len()),
        None => FRAME_HEADER - taken.len(),
    }
}

/// The login frame with the right response. A frame of another kind stays as it is.
fn with_response(frame: Vec<u8>, credentials: &Credentials) -> Vec<u8> {
    let Some((start, end)) = response_of(&frame) else {
        return frame;
    };
    let mut login = Vec::with_capacity(frame.len() + 256);
    login.extend_from_slice(&frame[..start]);
    login.extend_from_slice(&credentials.response());
    login.extend_from_slice(&frame[end..]);
    let payload = length(login.len() - FRAME_HEADER - 1);
    login[FRAME_HEADER - 4..FRAME_HEADER].copy_from_slice(&payload);
    login
}

/// Where the response of a connection.start-ok stands, its length included: behind the table of the
/// client's properties and the name of the mechanism.
fn response_of(frame: &[u8]) -> Option<(usize, usize)> {
    let properties = FRAME_HEADER + START_OK.len();
    if !frame.starts_with(&[1, 0, 0]) || frame.get(FRAME_HEADER..properties)? != START_OK {
        return None;
    }
    let mechanism = properties + 4 + read_length(frame, properties)?;
    let start = mechanism + 1 + usize::from(*frame.get(mechanism)?);
    let end = start + 4 + read_length(frame, start)?;
    (end < frame.len()).then_some((start, end))
}

fn read_length(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..)?.first_chunk::<4>()?;
    usize::try_from(u32::from_be_bytes(*four)).ok()
}

/// A length as AMQP writes it. No URL has a part that is too long for it.
fn length(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// lapin's first two writes, with `response` in the second.
    fn written(response: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let properties = b"\x07productS\0\0\0\x03rpc";
        let mut payload = START_OK.to_vec();
        payload.extend(length(properties.len()));
        payload.extend(properties);
        payload.extend(b"\x05PLAIN");
        payload.extend(length(response.len()));
        payload.extend(response);
        payload.extend(b"\x05en_US");
        (b"AMQP\0\0\x09\x01".to_vec(), frame(1, &payload))
    }

    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![kind, 0, 0];
        frame.extend(length(payload.len()));
        frame.extend(payload);
        frame.push(0xCE);
        frame
    }

    fn plain(user: &str, password: &str) -> Credentials {
        Credentials::Plain {
            user: user.into(),
            password: Secret::new(password),
        }
    }

    /// What the broker gets when `bytes` are offered at most `offer` at a time, and the socket takes at
    /// most `room` each second time, and nothing at the others.
    fn sent(credentials: Option<Credentials>, bytes: &[u8], offer: usize, room: usize) -> Vec<u8> {
        let mut writer = LoginWriter::new(credentials);
        let mut out = Vec::new();
        let mut rest = bytes;
        let mut turn = 0;
        while !rest.is_empty() {
            let taken = writer.poll_write(&rest[..rest.len().min(offer)], |bytes| {
                turn += 1;
                if turn % 2 == 0 {
                    return Poll::Pending;
                }
                let length = bytes.len().min(room);
                out.extend(&bytes[..length]);
                Poll::Ready(Ok(length))
            });
            if let Poll::Ready(taken) = taken {
                rest = &rest[taken.unwrap()..];
            }
        }
        out
    }

    #[test]
    fn the_password_is_put_in_however_the_writes_are_cut() {
        let (header, placeholder) = written(b"\0me\0***");
        let (_, login) = written(b"\0me\0open sesame");
        let more = frame(1, &[0, 10, 0, 31, 1, 2, 3]);
        let bytes = [header.clone(), placeholder, more.clone()].concat();
        let want = [header, login, more].concat();
        for offer in 1..=bytes.len() {
            for room in 1..=want.len() {
                let credentials = Some(plain("me", "open sesame"));
                assert_eq!(sent(credentials, &bytes, offer, room), want);
            }
        }
    }

    #[test]
    fn the_protocol_header_does_not_wait_for_the_login() {
        let (header, _) = written(b"");
        assert_eq!(sent(Some(plain("u", "p")), &header, 3, 2), header);
    }

    #[test]
    fn nothing_is_owed_once_the_last_byte_is_taken() {
        let (header, placeholder) = written(b"***");
        let bytes = [header, placeholder].concat();
        let mut writer = LoginWriter::new(Some(plain("u", "p")));
        let mut taken = 0;
        while taken < bytes.len() - 1 {
            let more = writer.poll_write(&bytes[taken..], |bytes| Poll::Ready(Ok(bytes.len())));
            assert!(matches!(more, Poll::Ready(Ok(1..))), "{more:?}");
            let Poll::Ready(Ok(more)) = more else { return };
            taken += more;
        }
        let mut room = 1;
        let blocked = writer.poll_write(&bytes[taken..], |_| match std::mem::take(&mut room) {
            0 => Poll::Pending,
            room => Poll::Ready(Ok(room)),
        });
        assert!(blocked.is_pending());
    }

    #[test]
    fn each_mechanism_has_its_form() {
        let response = |credentials: Credentials| credentials.response()[4..].to_vec();
        assert_eq!(response(plain("rpc", "päss")), "\0rpc\0päss".as_bytes());
        assert_eq!(response(plain("", "")), b"\0\0");
        let amqplain = Credentials::AmqPlain {
            user: "rpc".into(),
            password: Secret::new(""),
        };
        assert_eq!(
            response(amqplain),
            b"\x05LOGINS\0\0\0\x03rpc\x08PASSWORDS\0\0\0\0"
        );
    }

    #[test]
    fn another_first_frame_and_a_login_without_a_password_pass_as_they_are() {
        let (header, login) = written(b"");
        let bytes = [header.clone(), login].concat();
        assert_eq!(sent(None, &bytes, 9, 5), bytes);
        for other in [
            frame(1, &[0, 10, 0, 50, 0, 0]),
            frame(1, &[0, 10, 0, 11, 0, 0, 0, 99]),
            frame(8, &[]),
        ] {
            let bytes = [header.clone(), other].concat();
            assert_eq!(sent(Some(plain("u", "p")), &bytes, 9, 5), bytes);
        }
    }
}
