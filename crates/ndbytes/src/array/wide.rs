//! The widest instructions that this machine has, chosen as the program runs.
#![allow(unsafe_code)]

/// Work on many elements alike.
pub(crate) trait Work {
    type Done;
    /// Does it. To be `#[inline(always)]`, and so is what it calls: only what is inlined gains.
    fn work(self) -> Self::Done;
}

/// Does some work, in which the compiler may use AVX2 where the machine has it.
#[inline(always)]
pub(crate) fn wide<W: Work>(work: W) -> W::Done {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[target_feature(enable = "avx2")]
        fn with_avx2<W: Work>(work: W) -> W::Done {
            work.work()
        }
        // SAFETY: the machine has AVX2, which is all that the function asks for.
        return unsafe { with_avx2(work) };
    }
    work.work()
}
