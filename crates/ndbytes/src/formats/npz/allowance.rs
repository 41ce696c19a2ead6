//! What looking at an archive may spend in all, whatever each of its members asks for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::codec;
use crate::error::{DecodeError, Result};
use crate::limits::Limits;

/// What the members of one archive may have built for a look at them, by all threads together: as
/// much as reading the archive may build. What was given back is not lent again, so that it also
/// bounds the time.
#[derive(Debug)]
pub(super) struct Allowance {
    spent: AtomicU64,
    allowed: u64,
    /// Whether the caller has said how much: then all that is inflated counts, kept or not.
    is_said: bool,
    wide: Mutex<()>,
}

impl Allowance {
    /// For an archive of `len` bytes.
    pub(super) fn new(limits: &Limits, len: u64) -> Self {
        Self {
            spent: AtomicU64::new(0),
            allowed: limits.bytes_for(len),
            is_said: limits.says_max_bytes(),
            wide: Mutex::new(()),
        }
    }

    /// Notes that `bytes` are about to be built.
    pub(super) fn spend(&self, bytes: u64) -> Result<()> {
        let more = |spent: u64| spent.checked_add(bytes).filter(|&spent| spent <= self.allowed);
        match self.spent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more) {
            Ok(_) => Ok(()),
            Err(spent) => {
                let found = format!(
                    "this would build {bytes} bytes behind {spent} for other members, the limit is {}",
                    self.allowed
                );
                Err(DecodeError::limit("max_bytes", found))
            }
        }
    }

    /// Notes that `compressed` bytes are about to be read as `size`, in little memory: it takes time. What
    /// deflate can make of so many is free, unless the caller has said how much may be spent.
    pub(super) fn pass(&self, compressed: u64, size: u64) -> Result<()> {
        self.spend(if self.is_said { size } else { codec::beyond_deflate(compressed, size) })
    }

    /// The one window beyond what every thread may have, for as long as it is held.
    pub(super) fn wide_window(&self) -> MutexGuard<'_, ()> {
        self.wide.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_counts_where_it_is_said_how_much_may() {
        let said = Allowance::new(&Limits::default().max_bytes(100), 7);
        assert!(said.pass(1, 60).is_ok() && said.pass(1, 60).is_err());
        let unsaid = Allowance::new(&Limits::default(), 7);
        assert!((0..1000).all(|_| unsaid.pass(1 << 20, 1 << 30).is_ok()));
        assert!(unsaid.pass(1, 1 << 30).is_err());
    }

    #[test]
    fn all_is_charged_together_and_what_is_refused_is_not() {
        let allowance = Allowance::new(&Limits::default().max_bytes(100), 7);
        assert!(allowance.spend(60).is_ok());
        let error = allowance.spend(41).unwrap_err();
        assert!(error.to_string().contains("41 bytes behind 60"), "{error}");
        assert!(allowance.spend(u64::MAX).is_err());
        assert!(allowance.spend(40).is_ok());
        assert!(allowance.spend(1).is_err());
    }
}
