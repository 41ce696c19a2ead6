//! Large transfers: room is asked for first, and all cores read.

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::array::{threads_for, try_map};

/// Is told how far long work has come, and may stop it.
pub trait Progress {
    /// `done` of `total` bytes are through. Called from the thread that asked for the work.
    ///
    /// # Errors
    /// Whatever is to stop the work, which then fails with it.
    fn advanced(&mut self, done: u64, total: u64) -> io::Result<()>;
}

impl<F: FnMut(u64, u64) -> io::Result<()>> Progress for F {
    fn advanced(&mut self, done: u64, total: u64) -> io::Result<()> {
        self(done, total)
    }
}

/// The progress that nobody watches.
///
/// # Errors
/// None.
pub fn unwatched(_done: u64, _total: u64) -> io::Result<()> {
    Ok(())
}

/// What one thread reads at a time.
const PIECE: usize = 4 << 20;

/// Fills `memory` with the bytes of `file` from `offset` on, by at most `threads` threads. The
/// file's own position neither matters nor changes.
///
/// # Errors
/// Those of the file, those of `progress`, and
/// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) when it is too short. Without an error, every
/// byte of `memory` is initialised.
pub fn read_at(
    file: &File,
    offset: u64,
    memory: &mut [MaybeUninit<u8>],
    threads: usize,
    progress: &mut (dyn Progress + Send),
) -> io::Result<()> {
    let total = memory.len();
    let (caller, progress) = (thread::current().id(), Mutex::new((progress, 0)));
    let done = AtomicU64::new(0);
    let pieces = memory.chunks_mut(PIECE).enumerate();
    let read = |(): &mut (), (index, piece): (usize, &mut [MaybeUninit<u8>])| {
        let len = piece.len() as u64;
        read_piece(file, offset + (index * PIECE) as u64, piece)?;
        let done = done.fetch_add(len, Ordering::Relaxed) + len;
        match progress.lock() {
            Ok(mut progress) if thread::current().id() == caller => {
                progress.1 = done;
                progress.0.advanced(done, total as u64)
            }
            _ => Ok(()),
        }
    };
    try_map(threads_for(total, threads), pieces, || (), read)?;
    // The last piece may have been another thread's.
    let (progress, told) = progress.into_inner().unwrap_or_else(PoisonError::into_inner);
    if told < total as u64 { progress.advanced(total as u64, total as u64) } else { Ok(()) }
}

#[cfg(unix)]
fn read_piece(file: &File, mut at: u64, mut piece: &mut [MaybeUninit<u8>]) -> io::Result<()> {
    while !piece.is_empty() {
        match rustix::io::pread(file, &mut *piece, at) {
            Ok(([], _)) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok((read, _)) => {
                let read = read.len();
                at += read as u64;
                piece = &mut piece[read..];
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(windows)]
fn read_piece(file: &File, mut at: u64, mut piece: &mut [MaybeUninit<u8>]) -> io::Result<()> {
    use std::os::windows::fs::FileExt as _;
    let mut block = vec![0; piece.len().min(256 << 10)];
    while !piece.is_empty() {
        let wanted = piece.len().min(block.len());
        let read = match file.seek_read(&mut block[..wanted], at) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        crate::array::Sink::new(&mut piece[..read]).write(&block[..read]);
        at += read as u64;
        piece = &mut piece[read..];
    }
    Ok(())
}

#[cfg(not(any(unix, windows)))]
fn read_piece(_: &File, _: u64, _: &mut [MaybeUninit<u8>]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Below this length, asking for room costs more than it brings.
#[cfg(target_os = "linux")]
const RESERVED_FROM: u64 = 64 << 10;

/// Asks for room for a new file of `length` bytes, where the file system knows how.
///
/// # Errors
/// When there is too little room.
pub(super) fn reserve(file: &File, length: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    if length >= RESERVED_FROM {
        use rustix::fs::{FallocateFlags, fallocate};
        use rustix::io::Errno;
        return match fallocate(file, FallocateFlags::empty(), 0, length) {
            Err(error @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG)) => Err(error.into()),
            // It cannot, or was interrupted: writing will tell.
            _ => Ok(()),
        };
    }
    let _ = (file, length);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(len: u64) -> File {
        let file = tempfile::tempfile().unwrap();
        file.set_len(len).unwrap();
        file
    }

    fn read(file: &File, offset: u64, len: usize, threads: usize) -> io::Result<u64> {
        let mut memory = vec![MaybeUninit::uninit(); len];
        let mut last = 0;
        let mut progress = |done: u64, total: u64| {
            assert!(last < done && done <= total && total == len as u64);
            last = done;
            Ok(())
        };
        read_at(file, offset, &mut memory, threads, &mut progress)?;
        Ok(last)
    }

    #[test]
    fn all_of_the_memory_is_read_into_or_none_of_it_counts() {
        let len = 3 * PIECE + 5;
        let file = file(len as u64);
        for threads in 1..4 {
            assert_eq!(read(&file, 0, 0, threads).unwrap(), 0);
            assert_eq!(read(&file, 0, len, threads).unwrap(), len as u64);
            assert!(read(&file, 5, len - 5, threads).is_ok());
            let short = read(&file, 6, len - 5, threads).unwrap_err();
            assert_eq!(short.kind(), io::ErrorKind::UnexpectedEof);
        }
    }

    #[test]
    fn progress_stops_the_work() {
        let file = file(8 * PIECE as u64);
        let mut memory = vec![MaybeUninit::uninit(); 8 * PIECE];
        let mut calls = 0;
        let mut progress = |_: u64, _: u64| {
            calls += 1;
            Err(io::Error::other("enough"))
        };
        let stopped = read_at(&file, 0, &mut memory, 2, &mut progress).unwrap_err();
        assert_eq!((stopped.to_string().as_str(), calls), ("enough", 1));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn room_that_no_disk_has_is_refused() {
        let file = file(0);
        assert!(reserve(&file, 1 << 20).is_ok());
        assert_eq!(file.metadata().unwrap().len(), 1 << 20);
        assert!(reserve(&file, 1 << 60).is_err());
    }
}
