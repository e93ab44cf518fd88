//! Interval logs, as HdrHistogram's log tools read them: version 1.3 of the format,
//! histograms in the compressed encoding V2 (the only one that Java's reader takes),
//! one entry for each metric with its name as the tag.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
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
        let bytes = BASE64
            .decode(entry.encoded_histogram())
            .map_err(|e| damaged(format!("it is not base64: {e}")))?;
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

#[cfg(test)]
mod tests {
    use super::*;

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
