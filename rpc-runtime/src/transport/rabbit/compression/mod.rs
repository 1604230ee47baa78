//! Compressed message bodies, as kombu has them: the header `compression` names the format.
//!
//! The formats are named here, and bytes are turned into bytes. Peers choose what they send: a body that inflates to
//! more than its reader's limit never takes more memory than that limit, and a body that goes on inflating far beyond
//! it is given up. [`CompressionThread`] does the work away from the thread that reads the socket.

mod output;
mod thread;

use bytes::Bytes;
use flate2::{Decompress, FlushDecompress, Status};
use std::io::{self, Read};

use output::Output;
pub(crate) use output::{Inflated, KEPT_END};
pub(crate) use thread::CompressionThread;

/// The smallest body that is compressed, in bytes: below that, little is gained.
const WORTH_IT: usize = 1024;
/// How many bytes are inflated at a time.
const PIECE: usize = 16 * 1024;

/// A format that is read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    /// kombu calls it gzip, and writes zlib's format.
    Zlib,
    Bzip2,
}

/// What the header of a message says of its body.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyFormat {
    #[default]
    Plain,
    Compressed(Compression),
    /// kombu may know it, and this library does not. With its name.
    Unsupported(&'static str),
}

/// A body that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("its compressed body cannot be read: {why}")]
pub(crate) struct Damaged {
    pub(crate) why: String,
    /// What could be read of it: all, or its beginning.
    pub(crate) read: Bytes,
}

/// A body as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Packed {
    pub(crate) body: Bytes,
    /// The format of `body`; absent if it is as it was.
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

    /// The body as it was.
    pub(crate) fn unpacked(&self) -> Result<Bytes, Damaged> {
        let Some(compression) = self.compression else {
            return Ok(self.body.clone());
        };
        match compression.inflate(&self.body, usize::MAX)? {
            Inflated::Whole(body) | Inflated::End { end: body, .. } => Ok(body),
        }
    }
}

impl BodyFormat {
    /// Reads the value of the header.
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

    /// The body as it was before it was compressed. No more than `limit` bytes of it, or its end if there are more, are
    /// kept in memory.
    pub(crate) fn inflate(self, body: Bytes, limit: usize) -> Result<Inflated, Damaged> {
        match self {
            Self::Plain => Ok(Inflated::Whole(body)),
            Self::Compressed(compression) => compression.inflate(&body, limit),
            Self::Unsupported(name) => Err(Damaged {
                why: format!(
                    "its format is {name}: set `kombu_compression` to gzip or bzip2 where it was sent"
                ),
                read: Bytes::new(),
            }),
        }
    }
}

impl Compression {
    /// The format that kombu calls so. oslo.messaging documents `bz2`, which kombu calls `bzip2`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "gzip" | "zlib" | "application/x-gzip" => Some(Self::Zlib),
            "bz2" | "bzip2" | "bzip" | "application/x-bz2" => Some(Self::Bzip2),
            _ => None,
        }
    }

    /// The header's value.
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
            // Nothing is read that could fail. If it does, the body goes as it is.
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

    /// Inflates a body. No more than `limit` of its bytes, or its end if there are more, are kept in memory.
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
        // What comes before the damage may name the sender.
        output.add(&piece[..written])?;
        match status.map_err(|error| format!("it is damaged: {error}"))? {
            Status::StreamEnd if rest.is_empty() => return Ok(()),
            Status::StreamEnd => return Err("there is more behind its end".into()),
            Status::Ok | Status::BufError if read == 0 && written == 0 => {
                return Err("it breaks off".into());
            }
            Status::Ok | Status::BufError => {}
        }
    }
}

fn inflate_bzip2(body: &[u8], output: &mut Output) -> Result<(), String> {
    // Python reads several streams one behind the other, too.
    let mut inflater = bzip2::bufread::MultiBzDecoder::new(body);
    let mut piece = vec![0; PIECE];
    loop {
        match inflater.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(written) => output.add(&piece[..written])?,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err("it breaks off".into());
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
    fn a_body_is_the_same_again() {
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
    fn what_python_writes_is_read() {
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
    fn what_gains_nothing_goes_as_it_is() {
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
    fn beyond_the_limit_the_end_alone_is_kept() {
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
    fn a_damaged_body_says_so_and_never_panics() {
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
    fn what_stands_in_front_of_the_damage_is_there() {
        let mut body = Compression::Zlib.pack(text(4000)).body.to_vec();
        // Of the checksum.
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
