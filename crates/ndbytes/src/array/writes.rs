//! The elements of many arrays, written by other threads while this one still makes the next.

use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::source::Sink;
use super::threads::threads_for;
use super::{Array, default_threads};

/// Handing one array over costs about as much as copying so many bytes.
const BATCH: usize = 64 << 10;
/// What is new about each array is done by one thread meanwhile, so that a second one pays from
/// fewer bytes on than for a single array.
const BYTES_PER_WRITER: usize = 2 << 20;

type Write<'a> = (&'a Array<'a>, Sink<'a>);

/// Where to leave arrays with the memory that they are to be written to; see [`write_meanwhile`].
#[derive(Debug, Default)]
pub struct Writes<'a> {
    queue: Mutex<Queue<'a>>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct Queue<'a> {
    batches: Vec<Vec<Write<'a>>>,
    /// What is not yet worth waking anybody for.
    batch: Vec<Write<'a>>,
    size: usize,
    /// Those that all threads write together, one by one, in the end.
    large: Vec<Write<'a>>,
    is_closed: bool,
}

/// Runs `make`, and has each array that it leaves in [`Writes`] written to its memory: as
/// [`Array::write_data`] in the array's own order, by at most [`default_threads`] threads. All is
/// written when this returns.
///
/// `nbytes` is about how much there will be; of few bytes, this thread writes all.
///
/// # Panics
/// When one of the sinks has too little room.
pub fn write_meanwhile<'a, R>(nbytes: usize, make: impl FnOnce(&Writes<'a>) -> R) -> R {
    let writes = Writes::default();
    let threads = default_threads().min(nbytes / BYTES_PER_WRITER).max(1);
    thread::scope(|scope| {
        // Also where `make` panics, or else the others would wait for ever.
        let closing = Closing(&writes);
        for _ in 1..threads {
            if thread::Builder::new().spawn_scoped(scope, || writes.work()).is_err() {
                break;
            }
        }
        let made = make(&writes);
        writes.finish();
        drop(closing);
        made
    })
}

impl<'a> Writes<'a> {
    /// Has `array` written to `sink`, at some time before [`write_meanwhile`] returns.
    pub fn push(&self, array: &'a Array<'a>, sink: Sink<'a>) {
        let mut queue = self.queue();
        if threads_for(array.nbytes(), default_threads()) > 1 {
            queue.large.push((array, sink));
            return;
        }
        queue.size += array.nbytes();
        queue.batch.push((array, sink));
        if queue.size >= BATCH {
            queue.close_batch();
            drop(queue);
            self.arrived.notify_one();
        }
    }

    /// Writes what is not written yet, together with the other threads. No more may follow.
    pub fn finish(&self) {
        self.close();
        self.work();
        let large = mem::take(&mut self.queue().large);
        for (array, mut sink) in large {
            array.write_data(array.layout().order(), default_threads(), &mut sink);
        }
    }

    fn close(&self) {
        let mut queue = self.queue();
        queue.close_batch();
        queue.is_closed = true;
        drop(queue);
        self.arrived.notify_all();
    }

    /// Writes what comes until nothing more will.
    fn work(&self) {
        while let Some(batch) = self.next() {
            for (array, mut sink) in batch {
                array.write_data(array.layout().order(), 1, &mut sink);
            }
        }
    }

    fn next(&self) -> Option<Vec<Write<'a>>> {
        let mut queue = self.queue();
        loop {
            match queue.batches.pop() {
                None if !queue.is_closed => {
                    queue = self.arrived.wait(queue).unwrap_or_else(PoisonError::into_inner);
                }
                batch => return batch,
            }
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue<'a>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue<'_> {
    fn close_batch(&mut self) {
        self.size = 0;
        let batch = mem::take(&mut self.batch);
        if !batch.is_empty() {
            self.batches.push(batch);
        }
    }
}

struct Closing<'w, 'a>(&'w Writes<'a>);

impl Drop for Closing<'_, '_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Order;

    #[test]
    fn all_is_written_when_it_returns() {
        let numbers: Vec<u32> = (0..3 << 20).collect();
        let sizes = [0, 1, 7, 1000, numbers.len()].into_iter().cycle().take(60);
        let arrays: Vec<_> = sizes
            .map(|size| Array::from_slice(&numbers[..size], &[size]).expect("it fits"))
            .collect();
        let mut rooms: Vec<Vec<u8>> = arrays.iter().map(|array| vec![9; array.nbytes()]).collect();
        let total = rooms.iter().map(Vec::len).sum();
        let made = write_meanwhile(total, |writes| {
            for (array, room) in arrays.iter().zip(&mut rooms) {
                writes.push(array, Sink::over(room));
            }
            "made"
        });
        assert_eq!(made, "made");
        for (array, room) in arrays.iter().zip(&rooms) {
            assert!(array.to_bytes(Order::C) == *room);
        }
    }

    #[test]
    #[should_panic(expected = "made nothing")]
    fn a_panic_does_not_leave_threads_waiting() {
        write_meanwhile(usize::MAX, |_| panic!("made nothing"));
    }
}
