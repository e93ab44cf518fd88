//! Interval logs, as HdrHistogram's log tools read them: version 1.3 of the format,
//! histograms in the compressed encoding V2 (the only one that Java's reader takes),
//! one entry for each metric with its name as the tag.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram;
use hdrhistogram::serialization::interval_log::{
    IntervalLogIterator, IntervalLogWriterBuilder, IntervalLogWriterError, LogEntry,
    LogIteratorError, Tag,
};
use hdrhistogram::serialization::{Deserializer, V2DeflateSerializeError, V2DeflateSerializer};

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
/// and those without a tag are left out.
///
/// # Errors
/// [`HlogError`] where the text is no log, or an entry is damaged.
pub fn read(text: &[u8]) -> Result<BTreeMap<String, Histogram<u64>>, HlogError> {
    let mut histograms: BTreeMap<String, Histogram<u64>> = BTreeMap::new();
    let mut deserializer = Deserializer::new();
    for entry in IntervalLogIterator::new(text) {
        let entry = match entry {
            Ok(LogEntry::Interval(entry)) => entry,
            Ok(_) => continue,
            Err(LogIteratorError::ParseError { offset }) => return Err(HlogError::Line(offset)),
        };
        let Some(tag) = entry.tag() else { continue };
        let damaged = |why: String| HlogError::Decode { metric: tag.as_str().to_owned(), why };
        let bytes = base64(entry.encoded_histogram())
            .ok_or_else(|| damaged("it is not base64".to_owned()))?;
        let histogram: Histogram<u64> =
            deserializer.deserialize(&mut &bytes[..]).map_err(|e| damaged(e.to_string()))?;
        match histograms.get_mut(tag.as_str()) {
            Some(sum) => sum.add(&histogram).map_err(|e| damaged(e.to_string()))?,
            None => {
                histograms.insert(tag.as_str().to_owned(), histogram);
            }
        }
    }
    Ok(histograms)
}

/// The bytes of a text in base64 (RFC 4648, section 4), padding included.
fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.as_bytes();
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let body = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let mut bytes = Vec::with_capacity(body.len() / 4 * 3 + 2);
    for group in body.chunks(4) {
        let mut bits = 0_u32;
        for &c in group {
            let digit = match c {
                b'A'..=b'Z' => c - b'A',
                b'a'..=b'z' => c - b'a' + 26,
                b'0'..=b'9' => c - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(digit);
        }
        // A last group of 2 or 3 digits holds 1 or 2 bytes.
        let [_, first, second, third] = (bits << (6 * (4 - group.len()))).to_be_bytes();
        bytes.extend_from_slice(&[first, second, third][..group.len() * 6 / 8]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_reads_the_examples_of_the_rfc() {
        for (text, bytes) in
            [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYmFy", "foobar")]
        {
            assert_eq!(base64(text).as_deref(), Some(bytes.as_bytes()), "{text}");
        }
        assert_eq!(base64("+/+/"), Some(vec![0xfb, 0xff, 0xbf]));
        for bad in ["Zg=", "Z", "Zm9v!A==", "Zm 9v==="] {
            assert_eq!(base64(bad), None, "{bad}");
        }
    }
}
