//! How many threads work on large arrays, and how they start and end.
//!
//! There is no pool: threads that outlive the work would be missing in a forked child, which would
//! then wait for them for ever.

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
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

/// Has `threads` threads, this one among them, take one of `items` after the other, in their order,
/// and gives what `work` makes of them, in the same order. What `own` makes, each thread keeps from
/// item to item.
///
/// # Errors
/// That of the first item with one. Once one has failed, no other is begun.
pub(crate) fn try_map<T, S, R: Send, E: Send>(
    threads: usize,
    items: impl IntoIterator<Item = T, IntoIter: Send>,
    own: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let items = items.into_iter();
    if threads <= 1 {
        let mut own = own();
        return items.map(|item| work(&mut own, item)).collect();
    }
    let (items, done) = (Mutex::new(items.enumerate()), Mutex::new(Vec::new()));
    let failed = AtomicBool::new(false);
    share(threads, || {
        let mut own = own();
        let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
        while !failed.load(Ordering::Relaxed)
            && let Some((place, item)) = next()
        {
            let result = work(&mut own, item);
            failed.fetch_or(result.is_err(), Ordering::Relaxed);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((place, result));
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

/// As [`try_map`], of work that does not fail.
pub(crate) fn map<T, S, R: Send>(
    threads: usize,
    items: impl IntoIterator<Item = T, IntoIter: Send>,
    own: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, T) -> R + Sync,
) -> Vec<R> {
    let Ok(all) = try_map(threads, items, own, |own, item| Ok::<_, Infallible>(work(own, item)));
    all
}

/// As [`map`], of work that is done in place.
pub(crate) fn each<T>(
    threads: usize,
    items: impl IntoIterator<Item = T, IntoIter: Send>,
    work: impl Fn(T) + Sync,
) {
    map(threads, items, || (), |(), item| work(item));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        for threads in 0..5 {
            let squares = map(
                threads,
                0..1000_u64,
                || 0,
                |count, n| {
                    *count += 1;
                    (n * n, *count)
                },
            );
            assert!(squares.iter().zip(0..).all(|(&(square, _), n)| square == n * n));
            // Each counted its own.
            let most = squares.iter().map(|&(_, count)| count).max();
            assert!(most >= Some(1000 / threads.max(1)), "{threads} threads");
        }
    }

    #[test]
    fn the_first_error_is_told_and_ends_the_work() {
        for threads in 0..5 {
            let begun = AtomicBool::new(false);
            let work = |(): &mut (), n: u32| match n {
                70.. => Err(n),
                _ => Ok(n),
            };
            let items = (0..1_000_000).inspect(|&n| {
                begun.fetch_or(n > 70 + 4, Ordering::Relaxed);
            });
            assert_eq!(try_map(threads, items, || (), work), Err(70), "{threads} threads");
            assert!(!begun.into_inner(), "{threads} threads");
        }
    }
}
