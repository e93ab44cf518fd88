//! Interval logs, as HdrHistogram's log tools read them: version 1.3 of the format,
//! histograms in the compressed encoding V2 (the only one that Java's reader takes),
//! one entry for each metric with its name as the tag.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use flate2::read::ZlibDecoder;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::interval_log::{
    IntervalLogIterator, IntervalLogWriterBuilder, IntervalLogWriterError, LogEntry,
    LogIteratorError, Tag,
};
use hdrhistogram::serialization::{Deserializer, V2DeflateSerializeError, V2DeflateSerializer};

/// Entries of a log that are read: a cell has one for each of a few metrics.
const MOST_ENTRIES: usize = 256;

/// Bytes of one histogram, as it is encoded and unpacked. One of a day has less.
const MOST_BYTES: usize = 1 << 20;

/// Significant digits of a histogram: with more, an empty one takes tens of megabytes.
const MOST_DIGITS: u32 = 3;

/// How the encoding V2 begins, as it is and compressed.
const COOKIES: [u32; 2] = [0x1c84_9313, 0x1c84_9314];

/// Why a log could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum HlogError {
    /// Writing failed.
    #[error("cannot write the interval log: {0}")]
    Io(#[from] io::Error),
    /// A histogram has no V2 encoding.
    #[error("cannot encode the histogram of {metric}: {why}")]
    Encode {
        /// The metric.
        metric: String,
        /// What the encoder said.
        why: V2DeflateSerializeError,
    },
    /// A metric's name cannot be a tag: it holds a comma, a space or a line end.
    #[error("'{0}' cannot be a tag in an interval log")]
    Tag(String),
    /// A line is no entry of a log.
    #[error("byte {0} of the interval log begins no entry")]
    Line(usize),
    /// There are more entries than any cell has.
    #[error("the interval log has more than {MOST_ENTRIES} entries")]
    Many,
    /// An entry's histogram cannot be decoded.
    #[error("cannot decode the histogram of {metric}: {why}")]
    Decode {
        /// The metric.
        metric: String,
        /// What is wrong with it.
        why: String,
    },
}

/// Writes the histograms of one cell, which was measured for `length` from `started` on.
///
/// # Errors
/// [`HlogError`] where `out` fails or a histogram cannot be encoded.
pub fn write_cell<W: Write>(
    out: &mut W,
    cell: &str,
    started: SystemTime,
    length: Duration,
    histograms: &BTreeMap<String, Histogram<u64>>,
) -> Result<(), HlogError> {
    let mut serializer = V2DeflateSerializer::new();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("[Histogram log format version 1.3]")
        .add_comment(&format!("[Cell: {}, values in ns]", super::model::clean(cell)))
        .with_base_time(started)
        .begin_log_with(out, &mut serializer)?;
    for (metric, histogram) in histograms {
        let tag = Tag::new(metric).ok_or_else(|| HlogError::Tag(metric.clone()))?;
        log.write_histogram(histogram, Duration::ZERO, length, Some(tag)).map_err(|e| match e {
            IntervalLogWriterError::IoError(e) => HlogError::Io(e),
            IntervalLogWriterError::SerializeError(why) => {
                HlogError::Encode { metric: metric.clone(), why }
            }
        })?;
    }
    Ok(())
}

/// Reads the histograms of a log by tag; entries of the same tag are put together,
/// and those without a tag are left out. However small a log is, it could ask for any
/// amount of memory: what asks for more than histograms of pipefit have is refused.
///
/// # Errors
/// [`HlogError`] where the text is no log, or an entry is damaged or refused.
pub fn read(text: &[u8]) -> Result<BTreeMap<String, Histogram<u64>>, HlogError> {
    let mut histograms: BTreeMap<String, Histogram<u64>> = BTreeMap::new();
    let mut deserializer = Deserializer::new();
    let mut entries = 0;
    for entry in IntervalLogIterator::new(text) {
        let entry = match entry {
            Ok(LogEntry::Interval(entry)) => entry,
            Ok(_) => continue,
            Err(LogIteratorError::ParseError { offset }) => return Err(HlogError::Line(offset)),
        };
        entries += 1;
        if entries > MOST_ENTRIES {
            return Err(HlogError::Many);
        }
        let Some(tag) = entry.tag() else { continue };
        let damaged = |why: String| HlogError::Decode { metric: tag.as_str().to_owned(), why };
        let bytes = BASE64
            .decode(entry.encoded_histogram())
            .map_err(|e| damaged(format!("it is not base64: {e}")))?;
        let plain = unpacked(&bytes).map_err(&damaged)?;
        let histogram: Histogram<u64> =
            deserializer.deserialize(&mut &plain[..]).map_err(|e| damaged(e.to_string()))?;
        match histograms.get_mut(tag.as_str()) {
            Some(sum) => sum.add(&histogram).map_err(|e| damaged(e.to_string()))?,
            None => {
                histograms.insert(tag.as_str().to_owned(), histogram);
            }
        }
    }
    Ok(histograms)
}

/// The encoding V2 without its compression, once its head asks for no more than there is.
fn unpacked(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let [plain, packed] = COOKIES;
    let body = match number(bytes, 0) {
        Some(cookie) if cookie == plain => bytes.to_vec(),
        Some(cookie) if cookie == packed => {
            let mut body = Vec::new();
            let zlib = ZlibDecoder::new(bytes.get(8..).unwrap_or_default());
            let read = zlib.take(MOST_BYTES as u64 + 1).read_to_end(&mut body);
            read.map_err(|e| e.to_string())?;
            body
        }
        _ => return Err("it is in none of the encodings V2".to_owned()),
    };
    // Cookie, length, offset, digits, then lowest and highest value and a ratio.
    let head = number(&body, 0).zip(number(&body, 4)).zip(number(&body, 12));
    let Some(((cookie, length), digits)) = head else { return Err("its head is cut".to_owned()) };
    if cookie != plain {
        return Err("it is packed twice".to_owned());
    }
    if body.len() > MOST_BYTES || length as usize > MOST_BYTES {
        return Err(format!("it has more than {MOST_BYTES} bytes"));
    }
    if digits > MOST_DIGITS {
        return Err(format!("it has {digits} significant digits, and {MOST_DIGITS} are read"));
    }
    Ok(body)
}

/// A big-endian number at a place.
fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_be_bytes(four))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A head of the encoding V2 that asks for so much, with nothing behind it.
    fn head(length: u32, digits: u32) -> Vec<u8> {
        let numbers = [COOKIES[0], length, 0, digits].map(u32::to_be_bytes).concat();
        let ends = [1, u64::MAX].map(u64::to_be_bytes).concat();
        [numbers, ends, 1f64.to_be_bytes().to_vec()].concat()
    }

    fn line(tag: &str, bytes: &[u8]) -> String {
        format!("Tag={tag},0.000,1.000,1.000,{}\n", BASE64.encode(bytes))
    }

    #[test]
    fn what_asks_for_more_memory_than_there_is_to_read_is_refused() {
        for (bytes, why) in [
            (head(u32::MAX, 3), "more than 1048576 bytes"),
            (head(0, 5), "5 significant digits"),
            (head(0, 3)[..9].to_vec(), "head is cut"),
            (b"HIST".to_vec(), "none of the encodings"),
        ] {
            let error = read(line("rtt", &bytes).as_bytes()).unwrap_err().to_string();
            assert!(error.contains(why) && error.contains("rtt"), "{error}");
        }
        assert!(read(line("rtt", &head(0, 3)).as_bytes()).unwrap()["rtt"].is_empty());
        let many = line("rtt", &head(0, 3)).repeat(MOST_ENTRIES + 1);
        assert!(matches!(read(many.as_bytes()), Err(HlogError::Many)));
        let as_many = line("rtt", &head(0, 3)).repeat(MOST_ENTRIES);
        assert!(read(as_many.as_bytes()).is_ok(), "the control");
    }

    #[test]
    fn what_unpacks_to_more_than_it_may_is_refused() {
        use flate2::{Compression, read::ZlibEncoder};
        let body = [head(0, 3), vec![0; 2 * MOST_BYTES]].concat();
        let mut packed = [COOKIES[1].to_be_bytes(), [0; 4]].concat();
        let mut zlib = ZlibEncoder::new(&body[..], Compression::fast());
        zlib.read_to_end(&mut packed).unwrap();
        assert!(packed.len() < 100_000, "{}", packed.len());
        let why = unpacked(&packed).unwrap_err();
        assert!(why.contains("more than"), "{why}");
    }

    #[test]
    fn base64_reads_the_examples_of_the_rfc() {
        for (text, bytes) in
            [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYmFy", "foobar")]
        {
            assert_eq!(BASE64.decode(text).ok().as_deref(), Some(bytes.as_bytes()), "{text}");
        }
        assert_eq!(BASE64.decode("+/+/"), Ok(vec![0xfb, 0xff, 0xbf]));
        for bad in ["Zg=", "Z", "Zm9v!A==", "Zm 9v==="] {
            assert!(BASE64.decode(bad).is_err(), "{bad}");
        }
    }
}
