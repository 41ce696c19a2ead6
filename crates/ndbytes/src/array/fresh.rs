//! Memory that nobody has touched yet: most of the time that a large copy takes is the system's, page
//! by page.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
#[cfg(target_os = "linux")]
use std::sync::OnceLock;
#[cfg(target_os = "linux")]
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(target_os = "linux")]
use std::thread;

/// Smaller memory needs no huge pages.
const LARGE: usize = 4 << 20;
#[cfg(target_os = "linux")]
const PAGE: usize = 4096;

/// Asks for huge pages before fresh memory is first touched.
///
/// Does nothing where pages are not on `madvise`, and when `NUMPY_MADVISE_HUGEPAGE=0` asks for
/// none.
#[inline]
pub fn advise_huge_pages(fresh: &mut [MaybeUninit<u8>]) {
    if cfg!(target_os = "linux") && fresh.len() >= LARGE {
        advise_huge_pages_of_large(fresh);
    }
}

fn advise_huge_pages_of_large(fresh: &mut [MaybeUninit<u8>]) {
    #[cfg(target_os = "linux")]
    {
        static WANTED: OnceLock<bool> = OnceLock::new();
        let wanted = *WANTED.get_or_init(|| {
            let asked_not = std::env::var("NUMPY_MADVISE_HUGEPAGE").is_ok_and(|value| value == "0");
            let setting = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
            !asked_not && setting.is_ok_and(|setting| setting.contains("[madvise]"))
        });
        if wanted {
            let before = fresh.as_ptr().align_offset(PAGE).min(fresh.len());
            let pages = &mut fresh[before..];
            let len = pages.len() / PAGE * PAGE;
            // SAFETY: the range lies within exclusively borrowed memory, and the advice changes
            // how the kernel backs it, not what it holds. A refusal does no harm.
            unsafe { libc::madvise(pages.as_mut_ptr().cast(), len, libc::MADV_HUGEPAGE) };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = fresh;
}

/// Below this length, a thread that fetches memory comes too late.
#[cfg(any(target_os = "linux", test))]
const AHEAD_FROM: usize = 8 << 20;
/// What it fetches at a time, so that it ends soon after the work.
#[cfg(target_os = "linux")]
const AHEAD_STEP: usize = 4 << 20;

/// Has `work` write fresh memory that another thread fetches from the system meanwhile, where it can
/// be told to: work that is done by one thread then does not wait for its pages.
pub(super) fn with_memory_ahead<R>(fresh: &mut [u8], work: impl FnOnce(&mut [u8]) -> R) -> R {
    #[cfg(target_os = "linux")]
    if fresh.len() >= AHEAD_FROM {
        let before = fresh.as_ptr().align_offset(PAGE).min(fresh.len());
        let start = fresh[before..].as_ptr() as usize;
        let pages = (fresh.len() - before) / PAGE * PAGE;
        let done = AtomicBool::new(false);
        return thread::scope(|scope| {
            let fetch = || {
                for at in (0..pages).step_by(AHEAD_STEP) {
                    let len = AHEAD_STEP.min(pages - at);
                    // SAFETY: the pages lie within memory that stays borrowed until this thread has
                    // ended. That they are made ready for writing does not change what they hold, and
                    // a refusal does no harm.
                    let failed = unsafe {
                        libc::madvise((start + at) as *mut _, len, libc::MADV_POPULATE_WRITE)
                    };
                    if failed != 0 || done.load(Ordering::Relaxed) {
                        return;
                    }
                }
            };
            let _ = thread::Builder::new().spawn_scoped(scope, fetch);
            let result = work(fresh);
            done.store(true, Ordering::Relaxed);
            result
        });
    }
    work(fresh)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_meanwhile_stays() {
        for len in [0, 1, AHEAD_FROM - 1, AHEAD_FROM + 12_345] {
            let mut fresh = vec![0; len];
            let written = with_memory_ahead(&mut fresh, |fresh| {
                fresh.iter_mut().zip(0_u32..).for_each(|(byte, n)| *byte = (n % 251) as u8);
                fresh.len()
            });
            assert_eq!(written, len);
            assert!(fresh.iter().zip(0_u32..).all(|(&byte, n)| byte == (n % 251) as u8));
        }
    }
}
