//! Compressed message bodies in kombu's formats. The header `compression` names the format.
//!
//! Peers choose what they send, so inflating is bounded: the inflated bytes of a body that exceeds its reader's limit
//! must not take more memory than the limit and 64 KiB, or than 192 KiB if that is more. A body that goes far beyond
//! the limit is given up. The functions here are pure; a [`CompressionThread`] runs them away from the thread that
//! reads the socket.

mod output;
mod thread;

use bytes::Bytes;
use flate2::{Decompress, FlushDecompress, Status};
use std::io::{self, Read};

use output::Output;
pub(crate) use output::{Inflated, KEPT_END};
pub(crate) use thread::CompressionThread;

use crate::wire::Named;

/// The smallest body that is compressed, in bytes. Compressing a smaller one saves little.
const WORTH_IT: usize = 1024;
const TRUNCATED: &str = "it is truncated";
/// How many bytes are inflated at a time.
const PIECE: usize = 16 * 1024;

/// A format that can be written and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    /// The zlib format, which kombu calls gzip.
    Zlib,
    Bzip2,
}

/// The format of a body, as the message's header names it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyFormat {
    #[default]
    Plain,
    Compressed(Compression),
    /// A format that this library cannot read, with its name.
    Unsupported(&'static str),
}

/// The error of a body that cannot be inflated.
#[derive(Debug, thiserror::Error)]
#[error("its compressed body cannot be read: {why}")]
pub(crate) struct Damaged {
    pub(crate) why: String,
    /// The bytes that were inflated before the error. If they exceed the limit, only the last of them.
    pub(crate) read: Bytes,
}

/// A body as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Packed {
    pub(crate) body: Bytes,
    /// The format of `body`. `None` if it is not compressed.
    pub(crate) compression: Option<Compression>,
}

impl From<Bytes> for Packed {
    fn from(body: Bytes) -> Self {
        Self {
            body,
            compression: None,
        }
    }
}

impl Packed {
    /// The size of the body as it is sent, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.body.len()
    }

    /// The body before it was compressed.
    pub(crate) fn unpacked(&self) -> Result<Bytes, Damaged> {
        let Some(compression) = self.compression else {
            return Ok(self.body.clone());
        };
        match compression.inflate(&self.body, usize::MAX)? {
            Inflated::Whole(body) | Inflated::End { end: body, .. } => Ok(body),
        }
    }

    /// The names in the body, for a log line.
    pub(crate) fn named(&self) -> Named {
        self.unpacked()
            .map_or_else(|_| Named::default(), |body| Named::in_body(&body))
    }
}

impl BodyFormat {
    /// The format that the header's value names.
    pub(crate) fn of_header(value: &[u8]) -> Self {
        let unsupported = match value {
            b"" => return Self::Plain,
            b"application/x-lzma" | b"lzma" | b"xz" => "lzma",
            b"application/x-brotli" | b"brotli" => "brotli",
            b"application/zstd" | b"zstd" | b"zstandard" => "zstd",
            _ => "an unknown format",
        };
        let known = std::str::from_utf8(value).ok().and_then(Compression::named);
        known.map_or(Self::Unsupported(unsupported), Self::Compressed)
    }

    /// Inflates a body. Of a body of more than `limit` bytes, only the end is kept in memory.
    pub(crate) fn inflate(self, body: Bytes, limit: usize) -> Result<Inflated, Damaged> {
        match self {
            Self::Plain => Ok(Inflated::Whole(body)),
            Self::Compressed(compression) => compression.inflate(&body, limit),
            Self::Unsupported(name) => Err(Damaged {
                why: format!(
                    "its format is {name}: set `kombu_compression` to gzip or bzip2 at its sender"
                ),
                read: Bytes::new(),
            }),
        }
    }
}

impl Compression {
    /// The format with this name in kombu. oslo.messaging's documentation says `bz2`, which kombu calls `bzip2`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "gzip" | "zlib" | "application/x-gzip" => Some(Self::Zlib),
            "bz2" | "bzip2" | "bzip" | "application/x-bz2" => Some(Self::Bzip2),
            _ => None,
        }
    }

    /// The header's value for this format.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Zlib => "application/x-gzip",
            Self::Bzip2 => "application/x-bz2",
        }
    }

    /// Compresses a body, if that makes it smaller.
    pub(crate) fn pack(self, body: Bytes) -> Packed {
        if body.len() < WORTH_IT {
            return body.into();
        }
        match self.compress(&body) {
            Ok(smaller) if smaller.len() < body.len() => Packed {
                body: smaller.into(),
                compression: Some(self),
            },
            // Compressing bytes in memory does not fail. If it did, the body would be sent as it is.
            Ok(_) | Err(_) => body.into(),
        }
    }

    fn compress(self, body: &[u8]) -> io::Result<Vec<u8>> {
        let mut compressed = Vec::new();
        match self {
            Self::Zlib => flate2::bufread::ZlibEncoder::new(body, flate2::Compression::default())
                .read_to_end(&mut compressed),
            Self::Bzip2 => bzip2::bufread::BzEncoder::new(body, bzip2::Compression::best())
                .read_to_end(&mut compressed),
        }?;
        Ok(compressed)
    }

    /// Inflates a body. Of a body of more than `limit` bytes, only the end is kept in memory.
    pub(crate) fn inflate(self, body: &[u8], limit: usize) -> Result<Inflated, Damaged> {
        let mut output = Output::new(limit);
        let inflated = match self {
            Self::Zlib => inflate_zlib(body, &mut output),
            Self::Bzip2 => inflate_bzip2(body, &mut output),
        };
        match inflated {
            Ok(()) => Ok(output.finish()),
            Err(why) => Err(Damaged {
                why,
                read: output.into_bytes(),
            }),
        }
    }
}

fn inflate_zlib(body: &[u8], output: &mut Output) -> Result<(), String> {
    let mut inflater = Decompress::new(true);
    let mut piece = vec![0; PIECE];
    let mut rest = body;
    loop {
        let (read, written) = (inflater.total_in(), inflater.total_out());
        let status = inflater.decompress(rest, &mut piece, FlushDecompress::None);
        let since = |now: u64, before: u64| usize::try_from(now - before).unwrap_or_default();
        let (read, written) = (
            since(inflater.total_in(), read),
            since(inflater.total_out(), written),
        );
        rest = &rest[read..];
        // Before the check for damage: the part before the damage may name the caller.
        output.add(&piece[..written])?;
        match status.map_err(|error| format!("it is damaged: {error}"))? {
            Status::StreamEnd if rest.is_empty() => return Ok(()),
            Status::StreamEnd => return Err("there is more data after its end".into()),
            Status::Ok | Status::BufError if read == 0 && written == 0 => {
                return Err(TRUNCATED.into());
            }
            Status::Ok | Status::BufError => {}
        }
    }
}

fn inflate_bzip2(body: &[u8], output: &mut Output) -> Result<(), String> {
    // A body may be several streams in sequence: Python's bz2 reads them, too.
    let mut inflater = bzip2::bufread::MultiBzDecoder::new(body);
    let mut piece = vec![0; PIECE];
    loop {
        match inflater.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(written) => output.add(&piece[..written])?,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(TRUNCATED.into());
            }
            Err(error) => return Err(format!("it is damaged: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Compression; 2] = [Compression::Zlib, Compression::Bzip2];

    fn text(bytes: usize) -> Bytes {
        let words = (0..u64::MAX).flat_map(|number| (number * number).to_string().into_bytes());
        words.take(bytes).collect()
    }

    fn inflate(packed: &Packed, limit: usize) -> Result<Inflated, Damaged> {
        packed.compression.unwrap().inflate(&packed.body, limit)
    }

    #[test]
    fn an_inflated_body_equals_the_original() {
        for compression in BOTH {
            for bytes in [WORTH_IT, PIECE, PIECE + 1, 1 << 20] {
                let body = text(bytes);
                let packed = compression.pack(body.clone());
                assert!(packed.body.len() < bytes);
                let named = BodyFormat::of_header(compression.content_type().as_bytes());
                assert_eq!(named, BodyFormat::Compressed(packed.compression.unwrap()));
                match inflate(&packed, bytes).unwrap() {
                    Inflated::Whole(inflated) => assert_eq!(inflated, body),
                    Inflated::End { .. } => panic!("{bytes} bytes are within the limit"),
                }
            }
        }
    }

    #[test]
    fn bodies_that_python_wrote_are_read() {
        // zlib.compress(b"x" * 30), and bz2.compress(b"x" * 30).
        let zlib = b"x\x9c\xab\xa8\xc0\x07\x00\xda\x16\x0e\x11";
        let bzip2 = b"BZh91AY&SY\x0b\x89]\x1e\x00\x00\x02 \x80\x00\x10\x00@ \x00!\x00\x82\x0b\x17rE8P\x90\x0b\x89]\x1e";
        for (compression, body) in [(Compression::Zlib, &zlib[..]), (Compression::Bzip2, bzip2)] {
            match compression.inflate(body, 30).unwrap() {
                Inflated::Whole(body) => assert_eq!(body, [b'x'; 30][..]),
                Inflated::End { .. } => panic!("it is within the limit"),
            }
        }
    }

    #[test]
    fn small_or_incompressible_bodies_are_not_compressed() {
        let noise: Bytes = (0..4096)
            .map(|_| crate::random::random().to_ne_bytes()[0])
            .collect();
        for compression in BOTH {
            for body in [text(WORTH_IT - 1), noise.clone()] {
                let packed = compression.pack(body.clone());
                assert_eq!((packed.body, packed.compression), (body, None));
            }
        }
    }

    #[test]
    fn of_a_body_above_the_limit_only_the_end_is_kept() {
        for compression in BOTH {
            let body = text(300_000);
            let packed = compression.pack(body.clone());
            match inflate(&packed, 100_000).unwrap() {
                Inflated::End { end, size } => {
                    assert_eq!(size, 300_000);
                    assert!(!end.is_empty() && end.len() <= 100_000 && body.ends_with(&end));
                }
                Inflated::Whole(_) => panic!("it is above the limit"),
            }
        }
    }

    #[test]
    fn a_bomb_is_given_up() {
        for compression in BOTH {
            let bomb = compression.pack(vec![0; 16 << 20].into());
            assert!(bomb.body.len() < 100_000);
            let damaged = inflate(&bomb, 1 << 20).unwrap_err();
            assert!(damaged.why.contains("inflates to more"), "{}", damaged.why);
            assert!(damaged.read.len() <= 1 << 20);
        }
    }

    #[test]
    fn a_damaged_body_is_an_error_and_never_a_panic() {
        for compression in BOTH {
            let packed = compression.pack(text(4000));
            for end in 0..packed.body.len() {
                assert!(
                    compression.inflate(&packed.body[..end], 4000).is_err(),
                    "{end}"
                );
            }
            for at in 0..packed.body.len() {
                let mut body = packed.body.to_vec();
                body[at] ^= 0x55;
                if let Ok(Inflated::Whole(read)) = compression.inflate(&body, 4000) {
                    // Some bits of the header mean nothing.
                    assert_eq!(read, text(4000), "{at}");
                }
            }
            let more = [&packed.body[..], b"more"].concat();
            assert!(compression.inflate(&more, 4000).is_err());
        }
    }

    #[test]
    fn the_part_before_the_damage_is_kept() {
        let mut body = Compression::Zlib.pack(text(4000)).body.to_vec();
        // The last byte is part of the checksum.
        *body.last_mut().unwrap() ^= 1;
        let damaged = Compression::Zlib.inflate(&body, 4000).unwrap_err();
        assert!(damaged.why.contains("damaged"), "{}", damaged.why);
        assert_eq!(damaged.read, text(4000));
    }

    #[test]
    fn formats_have_kombus_names() {
        use BodyFormat::{Compressed, Plain, Unsupported};
        for (value, format) in [
            (&b""[..], Plain),
            (b"application/x-gzip", Compressed(Compression::Zlib)),
            (b"zlib", Compressed(Compression::Zlib)),
            (b"application/x-bz2", Compressed(Compression::Bzip2)),
            (b"bzip", Compressed(Compression::Bzip2)),
            (b"application/x-lzma", Unsupported("lzma")),
            (b"application/x-brotli", Unsupported("brotli")),
            (b"application/zstd", Unsupported("zstd")),
            (b"\xff", Unsupported("an unknown format")),
        ] {
            assert_eq!(BodyFormat::of_header(value), format);
        }
    }
}
