//! What a reader may spend on bytes that it does not trust.

use crate::error::{DecodeError, Result};

/// How much a reader may spend. The defaults fit untrusted input.
///
/// ```
/// use ndbytes::Limits;
/// let limits = Limits::default().max_bytes(1 << 30);
/// assert_eq!(limits.bytes_for(10), 1 << 30);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    max_bytes: Option<u64>,
    max_depth: u32,
    max_entries: u64,
    max_header: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_bytes: None, max_depth: 1_000, max_entries: 1 << 20, max_header: 16 << 20 }
    }
}

impl Limits {
    /// No limit but those that the machine and the formats set.
    pub fn none() -> Self {
        Self {
            max_bytes: Some(u64::MAX),
            max_depth: u32::MAX,
            max_entries: u64::MAX,
            max_header: u64::MAX,
        }
    }

    /// At most this many bytes of copied, inflated or built values; views on the input are free.
    /// Unless set: 256 MiB + 32 x the length of the input.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = Some(bytes);
        self
    }

    /// Values nested at most this deep (1,000 unless set).
    pub fn max_depth(mut self, depth: u32) -> Self {
        self.max_depth = depth;
        self
    }

    /// At most this many entries in one container (1,048,576 unless set).
    pub fn max_entries(mut self, entries: u64) -> Self {
        self.max_entries = entries;
        self
    }

    /// Descriptions, such as the npy header, of at most this many bytes (16 MiB unless set).
    pub fn max_header(mut self, bytes: u64) -> Self {
        self.max_header = bytes;
        self
    }

    /// The bytes that may be copied or built for an input of `input_len` bytes.
    pub fn bytes_for(&self, input_len: u64) -> u64 {
        self.max_bytes.unwrap_or_else(|| input_len.saturating_mul(32).saturating_add(256 << 20))
    }

    /// Whether it is said how many bytes may be built.
    pub(crate) fn says_max_bytes(&self) -> bool {
        self.max_bytes.is_some()
    }

    /// Refuses to copy or build `bytes` for an input of `input_len` bytes when that is too much.
    pub fn check_bytes(&self, bytes: u64, input_len: u64) -> Result<()> {
        let allowed = self.bytes_for(input_len);
        if bytes > allowed {
            let found = format!("this would build {bytes} bytes, the limit is {allowed}");
            return Err(DecodeError::limit("max_bytes", found));
        }
        Ok(())
    }

    pub(crate) fn depth(&self) -> u32 {
        self.max_depth
    }

    pub(crate) fn check_entries(&self, entries: u64) -> Result<()> {
        if entries > self.max_entries {
            let found = format!("there are {entries} entries, the limit is {}", self.max_entries);
            return Err(DecodeError::limit("max_entries", found));
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn check_header(&self, bytes: u64) -> Result<()> {
        if bytes > self.max_header {
            let found =
                format!("the header is {bytes} bytes long, the limit is {}", self.max_header);
            return Err(DecodeError::limit("max_header", found));
        }
        Ok(())
    }
}
