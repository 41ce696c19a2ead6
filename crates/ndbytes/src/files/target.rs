//! Where the bytes for a path go: a file is replaced only by a complete one.
//!
//! A file is written without a name, or under another one, in the folder where it will be, and
//! takes its name when it is complete. So nobody ever sees half of it, a failure leaves the old
//! file as it was, and whoever has the old file open or mapped keeps it.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
#[cfg(target_os = "linux")]
use std::sync::OnceLock;

use super::transfer::reserve;

/// Links to links to links: no more than Linux follows.
const MOST_LINKS: usize = 40;

/// A file so short that is to replace another has a name from the start: giving it one later, and then
/// that of the other, takes as long as writing it, and half of it is there no longer than it would be
/// between its two names.
const SHORT: u64 = 4 << 20;

/// Where the bytes for a path go.
#[derive(Debug)]
pub struct Target {
    /// After all symbolic links.
    path: PathBuf,
    place: Place,
    existing: Existing,
}

#[derive(Debug)]
enum Place {
    /// A device or a pipe: written to as it is. Replacing `/dev/null` by a file helps nobody.
    Stream(File),
    /// A file that is there, or will be.
    File(Option<Metadata>),
}

/// What happens to a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and the new one is refused.
    Keep,
    /// The new one takes its place, its permissions and, as far as the system allows, its owner.
    Replace,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct WriteOptions {
    /// Whether file and folder are forced onto the disk, so that they outlast a power cut.
    pub durable: bool,
    /// How long the file will be, if that is known: room for it is asked for first, so that a disk
    /// that is too full says so before anything is written.
    pub length: Option<u64>,
}

impl WriteOptions {
    /// Not forced onto the disk, of unknown length.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether file and folder are forced onto the disk.
    pub fn durable(mut self, durable: bool) -> Self {
        self.durable = durable;
        self
    }

    /// How long the file will be.
    pub fn length(mut self, length: u64) -> Self {
        self.length = Some(length);
        self
    }
}

/// What went wrong with a file.
#[derive(Debug, thiserror::Error)]
#[error("{}: {doing}{source}", path.display())]
pub struct FileError {
    path: PathBuf,
    doing: &'static str,
    source: io::Error,
}

impl FileError {
    /// What went wrong with the file at `path`, while `doing` something (or empty).
    pub fn new(path: &Path, doing: &'static str, source: io::Error) -> Self {
        Self { path: path.to_owned(), doing, source }
    }

    /// The file, or the folder, that it is about.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What could not be done, such as `"cannot write in this folder: "`; empty if that is plain.
    pub fn doing(&self) -> &'static str {
        self.doing
    }

    /// The system's error, or what stopped the writing.
    pub fn into_io(self) -> io::Error {
        self.source
    }

    /// The system's error.
    pub fn io(&self) -> &io::Error {
        &self.source
    }
}

impl Target {
    /// Looks at what is at `path`, behind symbolic links. Nothing is written yet.
    ///
    /// # Errors
    /// When a file there is to be kept, when it may not be written, and when it is a folder.
    pub fn at(path: &Path, existing: Existing) -> Result<Self, FileError> {
        let about = |error: io::Error| FileError::new(path, "", error);
        let (real, there) = follow(path).map_err(about)?;
        let place = match there {
            None => Place::File(None),
            Some(there) if there.is_dir() => {
                return Err(about(io::ErrorKind::IsADirectory.into()));
            }
            Some(there) => {
                if there.is_file() && existing == Existing::Keep {
                    return Err(about(io::ErrorKind::AlreadyExists.into()));
                }
                // A file that is not for us to write is not for us to replace.
                let opened = OpenOptions::new().write(true).open(&real).map_err(about)?;
                match there.is_file() {
                    true => Place::File(Some(there)),
                    false => Place::Stream(opened),
                }
            }
        };
        Ok(Self { path: real, place, existing })
    }

    /// The device or pipe that the bytes go to as they are written; `None` for a file.
    pub fn stream(&self) -> Option<&File> {
        match &self.place {
            Place::Stream(file) => Some(file),
            Place::File(_) => None,
        }
    }

    /// Has `fill` write the bytes. When it fails, a file is as it was before.
    ///
    /// # Errors
    /// Those of `fill`, and those of making the file and of giving it its name.
    pub fn write<E: From<FileError>>(
        self,
        options: &WriteOptions,
        fill: impl FnOnce(&mut File) -> Result<(), E>,
    ) -> Result<(), E> {
        let replaces = match self.place {
            Place::Stream(mut file) => return fill(&mut file),
            Place::File(replaces) => replaces,
        };
        let path = &*self.path;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let in_folder = |error| FileError::new(folder, "cannot write in this folder: ", error);
        let about = |error| FileError::new(path, "", error);

        // From here on, leaving early removes the file.
        let short = options.length.is_some_and(|length| length <= SHORT);
        let mut new = match replaces.is_some() && short {
            true => NewFile::named(folder),
            false => NewFile::in_folder(folder),
        }
        .map_err(in_folder)?;
        if let Some(length) = options.length {
            reserve(new.file(), length).map_err(about)?;
        }
        fill(new.file())?;
        if let Some(old) = &replaces {
            keep_access(new.file(), old).map_err(about)?;
        }
        if options.durable {
            new.file().sync_all().map_err(about)?;
        }
        new.take_name(folder, path, self.existing).map_err(about)?;
        if options.durable {
            sync_folder(folder).map_err(in_folder)?;
        }
        Ok(())
    }
}

/// A file that is gone if it does not get its name.
enum NewFile {
    /// A file without a name, which even a process that is killed leaves nothing of.
    #[cfg(target_os = "linux")]
    Unnamed(File),
    Named(tempfile::NamedTempFile),
}

impl NewFile {
    fn in_folder(folder: &Path) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        if let Some(file) = unnamed(folder)? {
            return Ok(Self::Unnamed(file));
        }
        Self::named(folder)
    }

    fn named(folder: &Path) -> io::Result<Self> {
        let mut builder = temporary();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // What any new file gets; the process's umask takes its share.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        builder.tempfile_in(folder).map(Self::Named)
    }

    fn file(&mut self) -> &mut File {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed(file) => file,
            Self::Named(file) => file.as_file_mut(),
        }
    }

    fn take_name(self, folder: &Path, path: &Path, existing: Existing) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed(file) => match link(&file, path) {
                // No name can be given in the place of another: this takes two steps.
                Err(error)
                    if error.kind() == io::ErrorKind::AlreadyExists
                        && existing == Existing::Replace =>
                {
                    let linked = temporary().make_in(folder, |name| link(&file, name))?;
                    linked.persist(path).map(|_| ()).map_err(|error| error.error)
                }
                done => done,
            },
            Self::Named(file) => match existing {
                Existing::Replace => file.persist(path).map(|_| ()).map_err(|error| error.error),
                // Someone may have made the file in the meantime.
                Existing::Keep => {
                    file.persist_noclobber(path).map(|_| ()).map_err(|error| error.error)
                }
            },
        }
    }
}

/// The names that files have before they have theirs.
fn temporary() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".ndbytes-").suffix(".tmp");
    builder
}

/// A file without a name, where file system and system can make one and name it later.
#[cfg(target_os = "linux")]
fn unnamed(folder: &Path) -> io::Result<Option<File>> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o666).custom_flags(libc::O_TMPFILE);
    let file = match options.open(folder) {
        Ok(file) => file,
        // What file systems, and kernels, say that do not know of it.
        Err(error)
            if matches!(
                error.raw_os_error(),
                Some(libc::EOPNOTSUPP | libc::EISDIR | libc::EINVAL | libc::ENOSYS)
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    // It gets its name by this one, where the system shows processes as files.
    static SHOWN: OnceLock<bool> = OnceLock::new();
    let shown = || fs::symlink_metadata(process_name(&file)).is_ok();
    Ok(SHOWN.get_or_init(shown).then_some(file))
}

#[cfg(target_os = "linux")]
fn process_name(file: &File) -> PathBuf {
    use std::os::fd::AsRawFd as _;
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// Gives an unnamed file its name.
#[cfg(target_os = "linux")]
fn link(file: &File, name: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    Ok(linkat(CWD, process_name(file), CWD, name, AtFlags::SYMLINK_FOLLOW)?)
}

/// Gives a new file the permissions of the one that it replaces, and its owner if the system lets
/// us: else it is ours, as any file that we make.
fn keep_access(new: &File, old: &Metadata) -> io::Result<()> {
    let made = new.metadata()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, fchown};
        if (made.uid(), made.gid()) != (old.uid(), old.gid()) {
            let _ = fchown(new, Some(old.uid()), Some(old.gid()));
            // Which may have taken some of them.
            return new.set_permissions(old.permissions());
        }
    }
    match made.permissions() == old.permissions() {
        true => Ok(()),
        false => new.set_permissions(old.permissions()),
    }
}

/// Forces the names in a folder onto the disk, where there is a way to.
fn sync_folder(folder: &Path) -> io::Result<()> {
    match cfg!(unix) {
        true => File::open(folder)?.sync_all(),
        false => Ok(()),
    }
}

/// Where `path` leads through symbolic links, and what is at the end, if there is something.
fn follow(path: &Path) -> io::Result<(PathBuf, Option<Metadata>)> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => {
                // Such as `/dev/stdout`, whose last link is a description and no path.
                if let Ok(there) = fs::metadata(&path)
                    && !there.is_file()
                    && !there.is_dir()
                {
                    return Ok((path, Some(there)));
                }
                let link = fs::read_link(&path)?;
                path = path.parent().map_or_else(|| link.clone(), |folder| folder.join(&link));
            }
            Ok(metadata) => return Ok((path, Some(metadata))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((path, None)),
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("the symbolic links lead in a circle"))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::io::Write as _;

    use super::*;

    fn names(folder: &Path) -> Vec<OsString> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }

    fn put(path: &Path, existing: Existing, bytes: &[u8]) -> Result<(), FileError> {
        let target = Target::at(path, existing)?;
        target.write(&WriteOptions::new().durable(true), |file| {
            file.write_all(bytes).map_err(|error| FileError::new(path, "", error))
        })
    }

    #[test]
    fn a_failure_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "old").unwrap();
        for existing in [Existing::Keep, Existing::Replace] {
            let wanted = if existing == Existing::Keep { "y" } else { "x" };
            let target = Target::at(&folder.path().join(wanted), existing).unwrap();
            let failed = target.write(&WriteOptions::new(), |file| {
                file.write_all(b"new, but not all of it").unwrap();
                Err(FileError::new(&path, "", io::Error::other("the bytes ran out")))
            });
            assert!(failed.unwrap_err().to_string().ends_with("x: the bytes ran out"));
            assert_eq!(fs::read(&path).unwrap(), b"old");
            assert_eq!(names(folder.path()), ["x"]);
        }
    }

    #[test]
    fn files_are_made_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        put(&path, Existing::Keep, b"first").unwrap();
        let opened = File::open(&path).unwrap();
        put(&path, Existing::Replace, b"second").unwrap();
        let kept = put(&path, Existing::Keep, b"third").unwrap_err();
        assert_eq!(kept.io().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(io::read_to_string(opened).unwrap(), "first");
        assert_eq!(names(folder.path()), ["x"]);
    }

    #[test]
    fn a_file_that_appears_in_the_meantime_is_kept_if_so_wished() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        for existing in [Existing::Keep, Existing::Replace] {
            let _ = fs::remove_file(&path);
            let target = Target::at(&path, existing).unwrap();
            fs::write(&path, "theirs").unwrap();
            let done = target.write(&WriteOptions::new(), |file| {
                file.write_all(b"ours").unwrap();
                Ok::<(), FileError>(())
            });
            match existing {
                Existing::Keep => {
                    assert_eq!(done.unwrap_err().io().kind(), io::ErrorKind::AlreadyExists);
                    assert_eq!(fs::read(&path).unwrap(), b"theirs");
                }
                Existing::Replace => assert_eq!(fs::read(&path).unwrap(), b"ours"),
            }
            assert_eq!(names(folder.path()), ["x"]);
        }
    }

    /// What systems do that make no files without a name.
    #[test]
    fn named_files_take_their_names_as_unnamed_ones_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        for existing in [Existing::Keep, Existing::Replace, Existing::Keep] {
            let there = path.exists();
            let mut new = NewFile::named(folder.path()).unwrap();
            assert_eq!(names(folder.path()).len(), 1 + usize::from(there));
            new.file().write_all(b"bytes").unwrap();
            let done = new.take_name(folder.path(), &path, existing);
            assert_eq!(done.is_err(), there && existing == Existing::Keep);
            assert_eq!(names(folder.path()), ["x"]);
        }
    }
}
