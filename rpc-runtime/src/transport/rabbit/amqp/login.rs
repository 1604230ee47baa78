//! Puts the password into lapin's login frame when the frame is written.
//!
//! lapin logs each frame that it sends at TRACE, including the login. So lapin must never know the password or its
//! length: its login frame has a placeholder, which is replaced here. All other bytes stay as they are. The write
//! queue owns the response until the login frame is written.

use std::fmt;

use super::frames::FRAME_HEADER;
use crate::transport::Secret;

/// The password that lapin is given.
pub(super) const PLACEHOLDER: &str = "***";

/// The ids of `connection.start-ok`, with which the payload of its frame begins.
const START_OK: [u8; 4] = [0, 10, 0, 11];

/// The field `response` of a login frame.
pub(super) enum SaslResponse {
    Plain { user: String, password: Secret },
    AmqPlain { user: String, password: Secret },
}

impl SaslResponse {
    /// The response, preceded by its length.
    fn bytes(&self) -> Vec<u8> {
        let mut response = vec![0; 4];
        match self {
            Self::Plain { user, password } => {
                for text in [user, password.expose()] {
                    response.push(0);
                    response.extend_from_slice(text.as_bytes());
                }
            }
            // The entries of a field table: a name is a short string, and `S` marks a long string.
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

    /// Replaces the response in lapin's login frame. A frame of another kind stays as it is.
    pub(super) fn complete(&self, frame: Vec<u8>) -> Vec<u8> {
        let Some((start, end)) = response_of(&frame) else {
            return frame;
        };
        let mut login = Vec::with_capacity(frame.len() + 256);
        login.extend_from_slice(&frame[..start]);
        login.extend_from_slice(&self.bytes());
        login.extend_from_slice(&frame[end..]);
        let payload = length(login.len() - FRAME_HEADER - 1);
        login[FRAME_HEADER - 4..FRAME_HEADER].copy_from_slice(&payload);
        login
    }
}

impl fmt::Debug for SaslResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SaslResponse").finish_non_exhaustive()
    }
}

/// The range of the response in a `connection.start-ok`, including its length. It follows the table of the client's
/// properties and the name of the mechanism.
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

/// A length in 32 bits. Users and passwords are shorter.
fn length(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// lapin's first two writes, with `response` in the second.
    pub(crate) fn written(response: &[u8]) -> (Vec<u8>, Vec<u8>) {
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

    pub(crate) fn plain(user: &str, password: &str) -> SaslResponse {
        SaslResponse::Plain {
            user: user.into(),
            password: Secret::new(password),
        }
    }

    #[test]
    fn each_mechanism_has_its_own_format() {
        let response = |response: SaslResponse| response.bytes()[4..].to_vec();
        assert_eq!(response(plain("rpc", "päss")), "\0rpc\0päss".as_bytes());
        assert_eq!(response(plain("", "")), b"\0\0");
        let amqplain = SaslResponse::AmqPlain {
            user: "rpc".into(),
            password: Secret::new(""),
        };
        assert_eq!(
            response(amqplain),
            b"\x05LOGINS\0\0\0\x03rpc\x08PASSWORDS\0\0\0\0"
        );
    }

    #[test]
    fn a_frame_of_another_kind_stays_as_it_is() {
        for other in [
            frame(1, &[0, 10, 0, 50, 0, 0]),
            frame(1, &[0, 10, 0, 11, 0, 0, 0, 99]),
            frame(8, &[]),
        ] {
            assert_eq!(plain("u", "p").complete(other.clone()), other);
        }
    }
}
