//! The widest instructions that this machine has, chosen as the program runs.
#![allow(unsafe_code)]

/// Work on many bytes or elements alike.
pub(crate) trait Work {
    type Done;
    /// Does it. To be `#[inline(always)]`, as what it calls: only what is inlined gains.
    fn work(self) -> Self::Done;
}

/// Does some work, in which the compiler may use AVX2 and BMI2 where the machine has them. What comes
/// out is the same: Rust does not join multiplications and additions by itself.
#[inline(always)]
pub(crate) fn wide<W: Work>(work: W) -> W::Done {
    #[cfg(target_arch = "x86_64")]
    if x86::are_there() {
        // SAFETY: the machine has what the function asks for, as was just seen.
        return unsafe { x86::with(work) };
    }
    work.work()
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::is_x86_feature_detected as has;

    /// Whether this machine has what [`with`] asks for.
    #[inline(always)]
    pub(super) fn are_there() -> bool {
        has!("avx2") && has!("bmi1") && has!("bmi2") && has!("lzcnt") && has!("popcnt")
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    pub(super) fn with<W: super::Work>(work: W) -> W::Done {
        work.work()
    }
}
