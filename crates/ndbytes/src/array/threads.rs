//! How many threads work on large arrays, and how they start and end.
//!
//! There is no pool: threads that outlive the work would be missing in a forked child, which would
//! then wait for them for ever.

use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::thread;

/// Below this many bytes a second thread costs more than it brings.
const BYTES_PER_THREAD: usize = 4 << 20;

/// How many of at most `threads` threads are worth while for `nbytes` bytes.
#[inline]
pub(crate) fn threads_for(nbytes: usize, threads: usize) -> usize {
    threads.min(nbytes / BYTES_PER_THREAD).max(1)
}

/// Has `work` done by `threads` threads, this one among them; each returns when nothing is left.
pub(crate) fn share(threads: usize, work: impl Fn() + Sync) {
    thread::scope(|scope| {
        for _ in 1..threads {
            // On a machine that has no thread to spare, this one does all the work.
            if thread::Builder::new().spawn_scoped(scope, &work).is_err() {
                break;
            }
        }
        work();
    });
}

/// The number of threads for large copies: `NDBYTES_NUM_THREADS`, else one for each core, at most
/// eight, where memory and not the cores are what is short.
pub fn default_threads() -> usize {
    static THREADS: OnceLock<usize> = OnceLock::new();
    *THREADS.get_or_init(|| {
        let said = std::env::var("NDBYTES_NUM_THREADS").ok();
        let said = said.and_then(|text| text.trim().parse::<NonZeroUsize>().ok());
        let cores = || {
            thread::available_parallelism().ok().map(|n| n.min(NonZeroUsize::MIN.saturating_add(7)))
        };
        said.or_else(cores).map_or(1, NonZeroUsize::get)
    })
}
