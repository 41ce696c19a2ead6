//! What each feature counts for. Fitted to the half of the cases that is tuned on; see
//! docs/guess.md. Written by `cargo xtask guess --fit`.

/// One for each feature of a reading, in their order.
pub(super) const READING: &[f64] = &[
    14.0045,  // Rate
    -1.2538,  // LogRate
    -1.7160,  // Behind
    -0.6790,  // LanesDiffer
    -9.2551,  // HalvesAlike
    -6.4126,  // Remainder
    -7.5543,  // ConstantsDiffer
    7.8005,   // CalmInteger
    8.1505,   // CalmFloat
    -2.3311,  // LanesSmooth
    -4.6302,  // Shifted
    -5.6664,  // PartsDiffer
    -0.3374,  // Smooth
    -10.4715, // OddNan
    -16.1740, // NotFinite
    -13.7363, // Subnormal
    -4.9926,  // Extreme
    -0.8378,  // Spread
    6.9967,   // Decimal
    9.3576,   // WholeFloat
    2.9615,   // Moderate
    -4.5204,  // Huge
    0.9802,   // Small
    0.7900,   // Negative
    5.4661,   // AllNegative
    -0.6989,  // HighBit
    -2.2278,  // Few
    7.8197,   // BothZeroOne
    6.6811,   // Interleaved
    25.4544,  // Opaque
    -2.7546,  // InOurTime
    19.0571,  // WholeUnits
    5.6686,   // Ordered
    14.4905,  // Printable
    10.4713,  // Padded
    -0.0956,  // Incompressible
    4.4962,   // Uniform
    -1.2861,  // IsBig
    -9.3495,  // IsBool
    -4.7535,  // IsUInt8
    -15.1040, // IsInt8
    0.3365,   // IsInt16
    0.2705,   // IsUInt16
    0.6961,   // IsInt32
    -1.3810,  // IsUInt32
    1.8896,   // IsInt64
    -5.1439,  // IsUInt64
    1.6973,   // IsFloat16
    4.8966,   // IsFloat32
    5.5215,   // IsFloat64
    1.9905,   // IsComplex64
    1.2474,   // IsComplex128
    2.5444,   // IsBFloat16
    1.6038,   // IsTimeFine
    5.1253,   // IsTimeSecond
    -1.9034,  // IsTimeDay
    -18.9827, // IsBytes
    -13.8157, // IsText
    -3.5435,  // IsNoise
];

/// One for each feature of a shape, in their order.
pub(super) const SHAPE: &[f64] = &[
    1.6792,  // one dimension
    -2.1681, // three dimensions
    -8.6560, // four dimensions or more
    -5.0218, // strength
    -1.4232, // weakest strength
    -3.0546, // unused strength
    -0.4347, // unused sigmas
    2.1261,  // colours first
    0.5138,  // another shape
    0.8303,  // sigmas
    -1.0078, // weakest sigmas
    5.9865,  // nearness of rows
    -4.4073, // dips
    9.0966,  // weakest dip
    1.8137,  // edges
    -0.2340, // weakest edge
    0.9495,  // three last
    2.8992,  // four last
    3.4515,  // pairs last
    -0.3060, // few columns
    -1.1110, // few rows
    -0.2805, // aspect
    -0.0899, // round lengths
    0.1032,  // square
];
