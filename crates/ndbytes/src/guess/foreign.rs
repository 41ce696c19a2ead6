//! What is no array of bare elements, and is known by its first bytes: one table.

use std::borrow::Cow;

use crate::array::tuple;

/// Something that is known by name.
#[derive(Clone, Debug)]
pub(super) struct Foreign {
    /// What it is, such as "gzip".
    pub(super) what: Cow<'static, str>,
    /// What tells.
    pub(super) sign: String,
    /// What to do.
    pub(super) advice: String,
    /// What to write, where that is one line of Python.
    pub(super) call: Option<String>,
    pub(super) probability: f64,
}

/// How likely it is that bytes are what they are named for, where hardly anything else would be so.
pub(super) const CERTAIN: f64 = 0.999;

/// One row: what it is, where which bytes are, what to do, and the Python that does it.
struct Signature {
    what: &'static str,
    at: usize,
    magic: &'static [u8],
    advice: &'static str,
    call: &'static str,
}

const fn row(
    what: &'static str,
    at: usize,
    magic: &'static [u8],
    advice: &'static str,
    call: &'static str,
) -> Signature {
    Signature { what, at, magic, advice, call }
}

const DECOMPRESS: &str = "decompress it first, and look at what comes out";
const IMAGE: &str = "read it with an image library, such as Pillow";
/// What is said of sounds.
const AUDIO: &str = "read it with an audio library";

const PICKLE: &str = "pickle.loads of ndbytes reads it without running anything";
/// How pickles of protocols 0 and 1, which have no signature, begin: those of arrays, and of a list or
/// a dict of protocol 0.
const OLD_PICKLES: &[&[u8]] = &[
    b"cnumpy\n",
    b"cnumpy.",
    b"ccopy_reg\n",
    b"ccopyreg\n",
    b"(dp0\n",
    b"(dp1\n",
    b"(lp0\n",
    b"(lp1\n",
];

/// In the order in which they are tried: of two that begin alike, the longer one first.
const SIGNATURES: &[Signature] = &[
    row("npy", 0, b"\x93NUMPY", "it says itself what it is", "ndbytes.bytes_to_array(data)"),
    row("gzip", 0, b"\x1f\x8b\x08", DECOMPRESS, "gzip.decompress(data)"),
    row("zstd", 0, b"\x28\xb5\x2f\xfd", DECOMPRESS, "compression.zstd.decompress(data)"),
    row("bzip2", 0, b"BZh", DECOMPRESS, "bz2.decompress(data)"),
    row("xz", 0, b"\xfd7zXZ\x00", DECOMPRESS, "lzma.decompress(data)"),
    row("lz4", 0, b"\x04\x22\x4d\x18", DECOMPRESS, "lz4.frame.decompress(data)"),
    row(
        "blosc2 frame",
        2,
        b"\xa8b2frame\x00",
        "read it with blosc2",
        "blosc2.ndarray_from_cframe(data)",
    ),
    row(
        "zip, or npz",
        0,
        b"PK\x03\x04",
        "an npz is a zip of npy files",
        "ndbytes.bytes_to_arrays(data)",
    ),
    row("zip without entries", 0, b"PK\x05\x06", "it holds nothing", ""),
    row("7z", 0, b"7z\xbc\xaf\x27\x1c", "unpack it first", ""),
    row("tar", 257, b"ustar", "unpack it first", "tarfile.open(fileobj=io.BytesIO(data))"),
    row("png", 0, b"\x89PNG\r\n\x1a\n", IMAGE, "numpy.asarray(PIL.Image.open(io.BytesIO(data)))"),
    row("jpeg", 0, b"\xff\xd8\xff", IMAGE, "numpy.asarray(PIL.Image.open(io.BytesIO(data)))"),
    row("gif", 0, b"GIF8", IMAGE, "numpy.asarray(PIL.Image.open(io.BytesIO(data)))"),
    row("webp", 8, b"WEBP", IMAGE, "numpy.asarray(PIL.Image.open(io.BytesIO(data)))"),
    row("tiff", 0, b"II*\x00", IMAGE, "tifffile.imread(io.BytesIO(data))"),
    row("tiff", 0, b"MM\x00*", IMAGE, "tifffile.imread(io.BytesIO(data))"),
    row("BigTIFF", 0, b"II+\x00\x08\x00", IMAGE, "tifffile.imread(io.BytesIO(data))"),
    row("BigTIFF", 0, b"MM\x00+\x00\x08", IMAGE, "tifffile.imread(io.BytesIO(data))"),
    row("OpenEXR", 0, b"\x76\x2f\x31\x01", IMAGE, ""),
    row("JPEG 2000", 0, b"\x00\x00\x00\x0cjP  ", IMAGE, ""),
    row("wav", 8, b"WAVE", AUDIO, "scipy.io.wavfile.read(io.BytesIO(data))"),
    row("flac", 0, b"fLaC", AUDIO, "soundfile.read(io.BytesIO(data))"),
    row("aiff", 8, b"AIFF", AUDIO, "soundfile.read(io.BytesIO(data))"),
    row("au", 0, b".snd", AUDIO, "soundfile.read(io.BytesIO(data))"),
    row("ogg", 0, b"OggS", AUDIO, "soundfile.read(io.BytesIO(data))"),
    row(
        "hdf5, or netCDF-4",
        0,
        b"\x89HDF\r\n\x1a\n",
        "read it with h5py",
        "h5py.File(io.BytesIO(data))",
    ),
    row(
        "netCDF",
        0,
        b"CDF\x01",
        "read it with netCDF4 or SciPy",
        "scipy.io.netcdf_file(io.BytesIO(data))",
    ),
    row(
        "netCDF",
        0,
        b"CDF\x02",
        "read it with netCDF4 or SciPy",
        "scipy.io.netcdf_file(io.BytesIO(data))",
    ),
    row(
        "netCDF",
        0,
        b"CDF\x05",
        "read it with netCDF4 or xarray",
        "netCDF4.Dataset(\"\", memory=data)",
    ),
    row("FITS", 0, b"SIMPLE  =", "read it with astropy", "astropy.io.fits.open(io.BytesIO(data))"),
    row("NIfTI", 344, b"n+1\x00", "read it with nibabel", "nibabel.Nifti1Image.from_bytes(data)"),
    row("NIfTI header", 344, b"ni1\x00", "the elements are in the .img file beside it", ""),
    row(
        "NIfTI-2",
        4,
        b"n+2\x00\r\n\x1a\n",
        "read it with nibabel",
        "nibabel.Nifti2Image.from_bytes(data)",
    ),
    row(
        "DICOM",
        128,
        b"DICM",
        "read it with pydicom",
        "pydicom.dcmread(io.BytesIO(data)).pixel_array",
    ),
    row("NRRD", 0, b"NRRD000", "read it with pynrrd", ""),
    row(
        "parquet",
        0,
        b"PAR1",
        "read it with pandas or pyarrow",
        "pandas.read_parquet(io.BytesIO(data))",
    ),
    row(
        "arrow file",
        0,
        b"ARROW1\x00\x00",
        "read it with pyarrow",
        "pyarrow.ipc.open_file(data).read_all()",
    ),
    row(
        "feather",
        0,
        b"FEA1",
        "read it with pyarrow",
        "pyarrow.feather.read_table(io.BytesIO(data))",
    ),
    row(
        "MATLAB file",
        0,
        b"MATLAB 5.0 MAT-file",
        "read it with SciPy",
        "scipy.io.loadmat(io.BytesIO(data))",
    ),
    row("GRIB", 0, b"GRIB", "read it with cfgrib or eccodes", ""),
    row("GGUF model", 0, b"GGUF", "read it with gguf", ""),
    row("SQLite database", 0, b"SQLite format 3\x00", "the arrays are in its columns", ""),
    row("pdf", 0, b"%PDF-", "it is a document", ""),
    row("executable", 0, b"\x7fELF", "it is a program", ""),
    row(
        "git-lfs pointer",
        0,
        b"version https://git-lfs",
        "it stands for a file that was not fetched: git lfs pull",
        "",
    ),
];

/// What the bytes are known to be, of `len` bytes that begin so.
pub(super) fn recognise(start: &[u8], len: usize) -> Option<Foreign> {
    if len == 0 {
        return Some(Foreign {
            what: "nothing".into(),
            sign: "there are no bytes".to_owned(),
            advice: "see why it is empty where it was written".to_owned(),
            call: None,
            probability: 1.0,
        });
    }
    let signature = SIGNATURES.iter().find(|row| {
        start.get(row.at..).is_some_and(|rest| rest.starts_with(row.magic))
            && is_plausible(row, start)
    });
    let found = signature.map(Signature::found).or_else(|| idx(start, len));
    found.or_else(|| pnm(start, len)).or_else(|| built(start, len))
}

impl Signature {
    fn found(&self) -> Foreign {
        let name = self.what.split(',').next().unwrap_or_default();
        let place = if self.at == 0 { String::new() } else { format!(" at byte {}", self.at) };
        Foreign {
            what: self.what.into(),
            sign: format!("there is {:?}{place}, as in every {name}", Ascii(self.magic)),
            advice: self.advice.to_owned(),
            call: (!self.call.is_empty()).then(|| self.call.to_owned()),
            // Two bytes are there by chance, too.
            probability: if self.magic.len() > 3 { CERTAIN } else { 0.98 },
        }
    }
}

/// Short signatures want a second look.
fn is_plausible(row: &Signature, start: &[u8]) -> bool {
    match row.what {
        "bzip2" => start.get(3).is_some_and(|level| (b'1'..=b'9').contains(level)),
        "gzip" => start.get(3).is_some_and(|flags| flags & 0xe0 == 0),
        "webp" | "wav" => {
            start.starts_with(b"RIFF") || start.starts_with(b"RIFX") || start.starts_with(b"RF64")
        }
        "aiff" => start.starts_with(b"FORM"),
        "jpeg" => start.get(3).is_some_and(|marker| *marker >= 0xc0),
        _ => true,
    }
}

struct Ascii<'a>(&'a [u8]);

impl std::fmt::Debug for Ascii<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

/// What the numbers of an IDX header say: the type, the dimensions, and that they fill the file.
fn idx(start: &[u8], len: usize) -> Option<Foreign> {
    let (typestr, size) = match start.get(2)? {
        0x08 => ("|u1", 1_usize),
        0x09 => ("|i1", 1),
        0x0b => (">i2", 2),
        0x0c => (">i4", 4),
        0x0d => (">f4", 4),
        0x0e => (">f8", 8),
        _ => return None,
    };
    let count = usize::from(*start.get(3)?);
    if start[..2] != [0, 0] || !(1..=8).contains(&count) {
        return None;
    }
    let dims: Vec<u32> = start
        .get(4..4 + 4 * count)?
        .chunks_exact(4)
        .map(|dim| u32::from_be_bytes([dim[0], dim[1], dim[2], dim[3]]))
        .collect();
    let elements = dims.iter().try_fold(size, |product, &dim| product.checked_mul(dim as usize))?;
    let offset = 4 + 4 * count;
    if elements.checked_add(offset)? != len || elements == 0 {
        return None;
    }
    let shape = tuple(&dims);
    Some(Foreign {
        what: "IDX".into(),
        sign: format!(
            "the {offset} bytes at the start are an IDX header: {typestr}, {shape}, which fills the rest exactly"
        ),
        advice: "as of MNIST, it is a header and bare elements".to_owned(),
        call: Some(format!("ndbytes.frombuffer(data, \"{typestr}\", {shape}, offset={offset})")),
        probability: CERTAIN,
    })
}

/// A portable graymap or pixmap: a width, a height and the largest value, in text.
fn pnm(start: &[u8], len: usize) -> Option<Foreign> {
    let (what, colours) = match start.get(..2)? {
        b"P5" => ("pgm", 1),
        b"P6" => ("ppm", 3),
        _ => return None,
    };
    let mut numbers = [0_usize; 3];
    let mut place = 2;
    for number in &mut numbers {
        while start.get(place)?.is_ascii_whitespace() || start[place] == b'#' {
            if start[place] == b'#' {
                place += start[place..].iter().position(|&byte| byte == b'\n')?;
            }
            place += 1;
        }
        let digits = start[place..].iter().take_while(|byte| byte.is_ascii_digit()).take(9).count();
        *number = std::str::from_utf8(&start[place..place + digits]).ok()?.parse().ok()?;
        place += digits;
    }
    let [width, height, most] = numbers;
    let offset = place + 1;
    let (typestr, size) = if most < 256 { ("|u1", 1) } else { (">u2", 2) };
    let elements = width.checked_mul(height)?.checked_mul(colours * size)?;
    if elements.checked_add(offset)? != len || elements == 0 {
        return None;
    }
    let shape = match colours {
        1 => format!("({height}, {width})"),
        _ => format!("({height}, {width}, 3)"),
    };
    Some(Foreign {
        what: what.into(),
        sign: format!(
            "a {what} header of {offset} bytes says {width} x {height}, which fills the rest exactly"
        ),
        advice: "it is a header and bare elements; image libraries read it, too".to_owned(),
        call: Some(format!("ndbytes.frombuffer(data, \"{typestr}\", {shape}, offset={offset})")),
        probability: CERTAIN,
    })
}

/// Formats whose first bytes are a length or a version, and are told by what follows.
fn built(start: &[u8], len: usize) -> Option<Foreign> {
    let simple = |what: &'static str, sign: &str, advice: &str, call: &str, probability| Foreign {
        what: what.into(),
        sign: sign.to_owned(),
        advice: advice.to_owned(),
        call: (!call.is_empty()).then(|| call.to_owned()),
        probability,
    };
    if let (Some(header), Some(after)) = (start.get(..8), start.get(8..)) {
        let mut length = [0; 8];
        length.copy_from_slice(header);
        let length = u64::from_le_bytes(length);
        if after.starts_with(b"{\"") && length > 2 && length < len as u64 {
            let sign = "a length and JSON are at the start, as in safetensors";
            return Some(simple(
                "safetensors",
                sign,
                "read it with safetensors",
                "safetensors.numpy.load(data)",
                CERTAIN,
            ));
        }
    }
    if let [0x80, protocol @ 2..=5, next, ..] = *start
        && b"c}](N)KMGXUCIBT\x95\x8c\x85\x86\x87\x88\x89q".contains(&next)
    {
        let sign = format!("it begins as a pickle of protocol {protocol} does");
        let probability = if has_frame(start, len) { CERTAIN } else { 0.98 };
        return Some(simple("pickle", &sign, PICKLE, "ndbytes.pickle.loads(data)", probability));
    }
    if OLD_PICKLES.iter().any(|begin| start.starts_with(begin)) {
        let sign = "it begins as pickles of protocol 0 or 1 do";
        return Some(simple("pickle", sign, PICKLE, "ndbytes.pickle.loads(data)", CERTAIN));
    }
    if start.starts_with(&[0xff, 0xff, 0xff, 0xff])
        && start.get(8..24).is_some_and(|meta| meta.contains(&0x10))
        && len > 64
    {
        let length = u32::from_le_bytes([start[4], start[5], start[6], start[7]]);
        if length > 16 && u64::from(length) < len as u64 && length.is_multiple_of(8) {
            let sign = "a continuation marker and the length of a message are at the start";
            return Some(simple(
                "arrow stream",
                sign,
                "read it with pyarrow",
                "pyarrow.ipc.open_stream(data).read_all()",
                0.97,
            ));
        }
    }
    // zlib: two bytes that divide by 31, of the usual window and no dictionary.
    if let [0x78, flags @ (0x01 | 0x5e | 0x9c | 0xda), ..] = *start
        && (0x7800 | u32::from(flags)).is_multiple_of(31)
        && len > 8
    {
        return Some(simple(
            "zlib",
            "it begins with 78, as zlib does",
            DECOMPRESS,
            "zlib.decompress(data)",
            0.8,
        ));
    }
    None
}

/// Whether a frame of a pickle is at its start, and no longer than what there is.
fn has_frame(start: &[u8], len: usize) -> bool {
    let length =
        start.get(3..).and_then(<[u8]>::first_chunk).map(|&bytes| u64::from_le_bytes(bytes));
    start.get(2) == Some(&0x95) && length.is_some_and(|length| length <= len as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_signature_is_found_where_it_is() {
        for row in SIGNATURES {
            let mut bytes = vec![0; row.at];
            bytes.extend(row.magic);
            bytes.extend(match row.what {
                "bzip2" => *b"9123",
                "jpeg" => [0xe0, 0, 0, 0],
                _ => [0; 4],
            });
            if matches!(row.what, "webp" | "wav") {
                bytes[..4].copy_from_slice(b"RIFF");
            }
            if row.what == "aiff" {
                bytes[..4].copy_from_slice(b"FORM");
            }
            let found = recognise(&bytes, bytes.len()).map(|found| found.what);
            assert_eq!(found.as_deref(), Some(row.what));
            // Cut inside of its signature it is not known.
            let cut = recognise(&bytes[..row.at + row.magic.len() - 1], 400);
            assert_ne!(cut.map(|found| found.what).as_deref(), Some(row.what));
        }
    }

    #[test]
    fn idx_has_to_fill_the_file() {
        let bytes = [&[0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 2][..], &[7; 6]].concat();
        let call = recognise(&bytes, 18).and_then(|found| found.call);
        assert_eq!(call.as_deref(), Some("ndbytes.frombuffer(data, \"|u1\", (3, 2), offset=12)"));
        assert!(recognise(&bytes, 19).is_none());
    }

    #[test]
    fn pictures_in_pnm_are_read_as_bare_elements() {
        let call = |text: &str, len: usize| {
            let bytes = [text.as_bytes(), &vec![9; len][..]].concat();
            recognise(&bytes, bytes.len()).and_then(|found| found.call)
        };
        let gray = call("P5\n# made by hand\n3 2\n255\n", 6);
        assert_eq!(gray.as_deref(), Some("ndbytes.frombuffer(data, \"|u1\", (2, 3), offset=26)"));
        let deep = call("P6 3 2 65535\n", 36);
        assert_eq!(
            deep.as_deref(),
            Some("ndbytes.frombuffer(data, \">u2\", (2, 3, 3), offset=13)")
        );
        assert_eq!(call("P5\n3 2\n255\n", 7), None);
        assert_eq!(call("P5\n99999999999 9999999999 255\n", 7), None);
    }
}
