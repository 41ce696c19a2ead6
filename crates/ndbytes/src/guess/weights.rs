//! What each feature counts for. Fitted to the half of the cases that is tuned on; see
//! docs/guess.md. Written by `cargo xtask guess --fit`.

/// One for each feature of a reading, in their order.
pub(super) const READING: &[f64] = &[
    15.0741,  // Rate
    -0.8972,  // LogRate
    -0.7966,  // Behind
    -1.1843,  // LanesDiffer
    -7.0952,  // HalvesAlike
    -3.6878,  // Remainder
    5.3292,   // ConstantsDiffer
    -8.9262,  // HalfDead
    -1.8303,  // BytesNear
    4.0677,   // CalmInteger
    4.1230,   // CalmFloat
    -4.4692,  // LanesSmooth
    -8.0836,  // Shifted
    1.5541,   // Coarse
    1.6658,   // PartsDiffer
    0.8412,   // PartsApart
    -9.1960,  // PartsOff
    -12.3651, // Rounded
    -0.9032,  // Smooth
    -3.5316,  // OddNan
    -2.6665,  // AnyOddNan
    -20.0701, // NotFinite
    -10.9728, // Subnormal
    -3.7835,  // Extreme
    -1.3616,  // Spread
    11.0730,  // Decimal
    6.5187,   // WholeFloat
    1.3718,   // Moderate
    2.6364,   // UpToOne
    4.0995,   // JustOne
    -4.2330,  // Uneven
    -1.7614,  // Huge
    -0.8702,  // Small
    -1.4608,  // Negative
    1.3454,   // AllNegative
    -2.2531,  // HighBit
    -2.9970,  // Torn
    -3.8186,  // Few
    4.1577,   // BothZeroOne
    5.6326,   // Interleaved
    9.9396,   // Opaque
    3.9221,   // InOurTime
    34.7293,  // WholeUnits
    1.2880,   // Ordered
    2.6458,   // Printable
    15.4296,  // Padded
    0.1276,   // Incompressible
    3.1562,   // Uniform
    -0.9799,  // IsBig
    -2.9175,  // IsBool
    -1.6943,  // IsUInt8
    -5.6095,  // IsInt8
    -0.4810,  // IsInt16
    -0.2798,  // IsUInt16
    -0.5603,  // IsInt32
    -2.4556,  // IsUInt32
    -0.2999,  // IsInt64
    -3.6630,  // IsUInt64
    0.2336,   // IsFloat16
    3.7293,   // IsFloat32
    4.3552,   // IsFloat64
    2.5858,   // IsComplex64
    2.6852,   // IsComplex128
    1.3299,   // IsBFloat16
    -2.6751,  // IsTimeFine
    -4.3905,  // IsTimeSecond
    -5.6027,  // IsTimeDay
    -13.2494, // IsBytes
    -10.3321, // IsText
    -3.0328,  // IsNoise
];

/// One for each feature of a shape, in their order.
pub(super) const SHAPE: &[f64] = &[
    2.4806,   // one dimension
    -5.2729,  // three dimensions
    -10.7986, // four dimensions or more
    1.1217,   // another shape
    0.8667,   // colours first
    2.8922,   // three last
    0.4159,   // four last
    3.7482,   // pairs last
    1.3979,   // few columns
    0.0866,   // few rows
    -0.7180,  // aspect
    0.6186,   // round lengths
    0.3978,   // square
    -1.1021,  // foreseen
    1.6544,   // share of what is foreseen
    -2.4906,  // groups: gain
    0.1368,   // groups: sure of gain
    1.2743,   // groups: apart
    -0.1144,  // groups: strength
    6.9870,   // groups: dip
    1.0354,   // groups: edge
    4.9569,   // groups: start
    1.8708,   // rows: gain
    0.0521,   // rows: sure of gain
    -0.4078,  // rows: strength
    0.0299,   // rows: sigmas
    1.3657,   // rows: dip
    1.3739,   // rows: edge
    1.8863,   // rows: start
    0.8217,   // rows: nearness
    0.2982,   // planes: gain
    0.2608,   // planes: sure of gain
    0.0902,   // planes: strength
    0.5010,   // planes: sigmas
    -0.8291,  // planes: dip
    0.6835,   // planes: edge
    2.0973,   // planes: start
    0.0612,   // unused strength
    -0.8682,  // unused sigmas
    2.6899,   // unused gain
    -0.0087,  // unused sure of gain
    -0.3968,  // unused start
];
