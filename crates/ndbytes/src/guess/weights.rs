//! What each feature counts for. Fitted to the half of the cases that is tuned on; see
//! docs/guess.md. Written by `cargo xtask guess --fit`.

/// One for each feature of a reading, in their order.
pub(super) const READING: &[f64] = &[
    14.0134,  // Rate
    -1.2588,  // LogRate
    -1.7102,  // Behind
    -0.6884,  // LanesDiffer
    -9.2552,  // HalvesAlike
    -6.4114,  // Remainder
    -7.5651,  // ConstantsDiffer
    7.7726,   // CalmInteger
    8.1470,   // CalmFloat
    -2.3463,  // LanesSmooth
    -4.6361,  // Shifted
    -5.6793,  // PartsDiffer
    -0.3362,  // Smooth
    -10.4719, // OddNan
    -16.0828, // NotFinite
    -13.7474, // Subnormal
    -4.9850,  // Extreme
    -0.8407,  // Spread
    6.9632,   // Decimal
    9.3439,   // WholeFloat
    2.9558,   // Moderate
    -4.4869,  // Huge
    0.9652,   // Small
    0.7546,   // Negative
    5.4693,   // AllNegative
    -0.7402,  // HighBit
    -2.2224,  // Few
    7.8417,   // BothZeroOne
    6.6829,   // Interleaved
    25.4183,  // Opaque
    -2.7596,  // InOurTime
    19.0494,  // WholeUnits
    5.6757,   // Ordered
    14.4946,  // Printable
    10.4768,  // Padded
    -0.0946,  // Incompressible
    4.4909,   // Uniform
    -1.2846,  // IsBig
    -9.3626,  // IsBool
    -4.7353,  // IsUInt8
    -15.0945, // IsInt8
    0.3429,   // IsInt16
    0.2761,   // IsUInt16
    0.7014,   // IsInt32
    -1.3749,  // IsUInt32
    1.8885,   // IsInt64
    -5.1440,  // IsUInt64
    1.6869,   // IsFloat16
    4.8914,   // IsFloat32
    5.5200,   // IsFloat64
    1.9896,   // IsComplex64
    1.2448,   // IsComplex128
    2.5361,   // IsBFloat16
    1.6006,   // IsTimeFine
    5.1212,   // IsTimeSecond
    -1.9063,  // IsTimeDay
    -19.0038, // IsBytes
    -13.8486, // IsText
    -3.5467,  // IsNoise
];

/// One for each feature of a shape, in their order.
pub(super) const SHAPE: &[f64] = &[
    3.2124,   // one dimension
    -3.3650,  // three dimensions
    -11.8937, // four dimensions or more
    -7.3506,  // strength
    -3.3326,  // weakest strength
    -2.8492,  // unused strength
    -0.6202,  // unused sigmas
    2.8181,   // colours first
    1.9964,   // another shape
    1.2349,   // sigmas
    -1.3293,  // weakest sigmas
    8.3743,   // nearness of rows
    -4.4702,  // dips
    11.6619,  // weakest dip
    1.8114,   // edges
    0.0194,   // weakest edge
    2.6667,   // three last
    3.7235,   // four last
    2.9052,   // pairs last
    2.7285,   // few columns
    -0.1780,  // few rows
    -0.6019,  // aspect
    0.5554,   // round lengths
    -3.4059,  // square
];
