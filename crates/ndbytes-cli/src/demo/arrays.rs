//! Real arrays to show: a few small ones that are part of the program, and those of a checkout.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A real array, as an npy file.
pub(super) struct Sample {
    pub(super) name: &'static str,
    /// What it is and whose.
    pub(super) about: &'static str,
    pub(super) npy: &'static [u8],
}

macro_rules! sample {
    ($name:literal, $about:literal) => {
        Sample {
            name: $name,
            about: $about,
            npy: include_bytes!(concat!("../../../../fixtures/real/npy/", $name, ".npy")),
        }
    };
}

/// Small, and each unlike the others. Sources and licences: `fixtures/real/README.md`.
pub(super) const SAMPLES: &[Sample] = &[
    sample!("digits_images", "handwritten digits, 8x8 (Alpaydin, Kaynak; UCI; CC BY 4.0)"),
    sample!("flower_crop_f4", "part of a photograph (vultilion, CC BY 2.0)"),
    sample!("camera_fft", "Fourier transform of a photograph (Lav Varshney, CC0)"),
    sample!("mri_anatomical_be_f", "MRI scan, big-endian, in Fortran order (nibabel, MIT)"),
    sample!("co2", "weekly CO2 at Mauna Loa, NaN where missing (statsmodels)"),
    sample!("iris_names", "names of three flowers (UCI, CC BY 4.0)"),
    sample!("fftw_longdouble_dct_1_12", "80-bit long doubles (scipy, BSD-3-Clause)"),
];

/// The real arrays of the checkout that this program was built in.
const CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/real/npy");

/// The npy files of the checkout that are not part of the program, sorted; none when the checkout
/// is gone. Folders in it hold what other programs wrote to be difficult.
pub(super) fn others() -> io::Result<Vec<PathBuf>> {
    let folder = Path::new(CHECKOUT);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default();
        let is_sample = SAMPLES.iter().any(|sample| name == sample.name);
        if path.is_file() && path.extension() == Some("npy".as_ref()) && !is_sample {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
