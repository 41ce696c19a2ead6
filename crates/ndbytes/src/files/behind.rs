//! A file that one thread writes to while another prepares what comes next: where there is much of
//! little, preparing takes as long as the system's writing.

use std::fs::File;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;

use crate::array::default_threads;

/// Below so many bytes, the second thread comes too late.
const FROM: u64 = 2 << 20;
/// Blocks that are on their way at a time.
const BLOCKS: usize = 4;
/// What is larger is written from where it lies, and not copied to be handed over.
const COPIED: usize = 1 << 20;

/// Has `fill` write about `length` bytes to `file`, with another thread where that pays.
///
/// # Errors
/// Those of `fill`, which those of the file are given to.
pub fn write_behind(
    file: &File,
    length: u64,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    if length < FROM || default_threads() == 1 {
        return fill(&mut &*file);
    }
    let (full, to_write) = sync_channel::<Vec<u8>>(BLOCKS);
    let (empty, written) = channel();
    thread::scope(|scope| {
        let write = move || -> io::Result<()> {
            for mut block in to_write {
                (&*file).write_all(&block)?;
                block.clear();
                // Nobody may be there to use it again.
                let _ = empty.send(block);
            }
            Ok(())
        };
        let Ok(writer) = thread::Builder::new().spawn_scoped(scope, write) else {
            return fill(&mut &*file);
        };
        let mut behind = Behind { file, full, written, under_way: 0 };
        let filled = fill(&mut behind);
        drop(behind);
        match writer.join() {
            // What failed there is why `fill` failed, if it did.
            Ok(done) => done.and(filled),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

struct Behind<'a> {
    file: &'a File,
    full: SyncSender<Vec<u8>>,
    written: Receiver<Vec<u8>>,
    under_way: usize,
}

impl Behind<'_> {
    /// A block that was written; an error when the other thread has ended, which knows why.
    fn one_written(&mut self) -> io::Result<Vec<u8>> {
        let block = self.written.recv().map_err(|_| gone())?;
        self.under_way -= 1;
        Ok(block)
    }
}

impl Write for Behind<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > COPIED {
            self.flush()?;
            return self.file.write(bytes);
        }
        let mut block = match self.under_way < BLOCKS {
            true => Vec::new(),
            false => self.one_written()?,
        };
        block.extend_from_slice(bytes);
        self.full.send(block).map_err(|_| gone())?;
        self.under_way += 1;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.under_way > 0 {
            self.one_written()?;
        }
        Ok(())
    }
}

fn gone() -> io::Error {
    io::Error::other("the thread that writes has ended")
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, SeekFrom};

    use super::*;

    fn pieces() -> impl Iterator<Item = Vec<u8>> {
        (0..60).map(|n: usize| vec![n as u8; [3, COPIED, 70_000, COPIED + 1, 0, 1][n % 6]])
    }

    #[test]
    fn everything_is_written_in_its_order() {
        let whole: Vec<u8> = pieces().flatten().collect();
        for length in [0, FROM, whole.len() as u64] {
            let mut file = tempfile::tempfile().unwrap();
            write_behind(&file, length, |out| pieces().try_for_each(|piece| out.write_all(&piece)))
                .unwrap();
            let mut read = Vec::new();
            file.seek(SeekFrom::Start(0)).unwrap();
            file.read_to_end(&mut read).unwrap();
            assert!(read == whole, "of length {length}");
        }
    }

    #[test]
    fn the_error_is_that_of_the_file() {
        let path = tempfile::NamedTempFile::new().unwrap();
        let only_read = File::open(path.path()).unwrap();
        let fill = |out: &mut dyn Write| pieces().try_for_each(|piece| out.write_all(&piece));
        let wanted = (&only_read).write(b"x").unwrap_err();
        let error = write_behind(&only_read, FROM, fill).unwrap_err();
        assert_eq!(error.raw_os_error(), wanted.raw_os_error());
        assert!(error.raw_os_error().is_some());
    }

    #[test]
    fn what_fill_says_is_said() {
        let file = tempfile::tempfile().unwrap();
        let error = write_behind(&file, FROM, |_| Err(io::ErrorKind::NotFound.into()));
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
