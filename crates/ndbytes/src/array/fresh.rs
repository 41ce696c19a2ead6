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
#[cfg(target_os = "linux")]
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// Pages on either side that nobody is to touch.
    const BESIDE: usize = 16 * PAGE;

    /// Memory of whole pages, none of which is there yet, or is fetched together with others.
    fn untouched(len: usize) -> (Vec<u8>, usize) {
        let mut memory = vec![0; len + PAGE];
        let start = memory.as_ptr().align_offset(PAGE);
        let pages = &mut memory[start..][..len];
        for advice in [libc::MADV_NOHUGEPAGE, libc::MADV_DONTNEED] {
            // SAFETY: the pages lie within memory that is borrowed by no one else. They hold zeros, as
            // they will when they are touched again.
            unsafe { libc::madvise(pages.as_mut_ptr().cast(), len, advice) };
        }
        (memory, start)
    }

    /// Which pages are there.
    fn are_there(pages: &[u8]) -> Vec<bool> {
        let mut found = vec![0; pages.len() / PAGE];
        // SAFETY: `found` has a byte for each page from the first one on. Nothing is written elsewhere.
        let failed = unsafe {
            libc::mincore(pages.as_ptr() as *mut _, found.len() * PAGE, found.as_mut_ptr().cast())
        };
        assert_eq!(failed, 0);
        found.iter().map(|&found: &u8| found & 1 == 1).collect()
    }

    /// Whether the system fetches memory when told to.
    fn is_known() -> bool {
        let (mut memory, start) = untouched(PAGE);
        let page = memory[start..].as_mut_ptr();
        // SAFETY: the page lies within memory of our own, and what it holds does not change.
        unsafe { libc::madvise(page.cast(), PAGE, libc::MADV_POPULATE_WRITE) == 0 }
    }

    #[test]
    #[cfg_attr(miri, ignore = "asks the system")]
    fn all_of_large_memory_is_fetched_meanwhile_and_none_beside_it() {
        let len = AHEAD_FROM + AHEAD_STEP + 3 * PAGE;
        let (mut memory, start) = untouched(len + 2 * BESIDE);
        let pages = &mut memory[start..][..len + 2 * BESIDE];
        let is_known = is_known();
        let written = with_memory_ahead(&mut pages[BESIDE..][..len], |fresh| {
            fresh[..PAGE].fill(7);
            let deadline = Instant::now() + Duration::from_secs(60);
            while is_known && !are_there(fresh).iter().all(|&is| is) {
                assert!(Instant::now() < deadline, "nobody fetches it");
                thread::yield_now();
            }
            fresh[PAGE..].fill(7);
            fresh.len()
        });
        assert_eq!(written, len);
        let there = are_there(pages);
        let beside = BESIDE / PAGE;
        assert!(there[..beside].iter().chain(&there[there.len() - beside..]).all(|&is| !is));
        assert!(pages[BESIDE..][..len].iter().all(|&byte| byte == 7));
    }

    #[test]
    #[cfg_attr(miri, ignore = "asks the system")]
    fn small_memory_is_left_to_the_work() {
        let len = AHEAD_FROM - PAGE;
        let (mut memory, start) = untouched(len);
        let pages = &mut memory[start..][..len];
        with_memory_ahead(pages, |fresh| fresh[0] = 7);
        let there = are_there(pages);
        assert!(there[0] && there[1..].iter().all(|&is| !is));
    }
}
