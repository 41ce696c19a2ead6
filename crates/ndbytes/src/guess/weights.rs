//! What each feature counts for. Fitted to the half of the cases that is tuned on; see
//! docs/guess.md. Written by `cargo xtask guess --fit`.

/// One for each feature of a reading, in their order.
pub(super) const READING: &[f64] = &[
    13.2977,  // Rate
    -0.8320,  // Behind
    -2.6044,  // LanesDiffer
    -7.1164,  // HalvesAlike
    -3.6134,  // Remainder
    4.4556,   // ConstantsDiffer
    -6.7892,  // HalfDead
    -3.0855,  // BytesNear
    2.1969,   // CalmInteger
    2.9719,   // CalmFloat
    -6.5233,  // LanesSmooth
    -2.3208,  // Shifted
    -8.8984,  // Coarse
    1.1088,   // PartsDiffer
    -8.3114,  // PartsOff
    -12.9512, // Rounded
    -0.6388,  // Smooth
    -4.0919,  // OddNan
    -2.3794,  // AnyOddNan
    -5.7051,  // MinusZero
    13.1655,  // NotFinite
    -9.1782,  // Subnormal
    -3.9652,  // Extreme
    -0.5642,  // Spread
    8.4853,   // Decimal
    7.2012,   // WholeFloat
    0.6558,   // Moderate
    2.4077,   // UpToOne
    3.6688,   // JustOne
    -2.8073,  // Uneven
    2.2045,   // Grain
    -1.8851,  // Tail
    -1.0895,  // Huge
    -1.5076,  // Small
    -6.4566,  // Gaps
    -0.7656,  // Negative
    -2.9202,  // HighBit
    -2.8327,  // Torn
    -4.3378,  // Few
    4.8524,   // BothZeroOne
    6.0338,   // Interleaved
    9.4162,   // Opaque
    4.3979,   // InOurTime
    49.4883,  // WholeUnits
    0.6758,   // Ordered
    2.9668,   // Printable
    10.1899,  // Padded
    0.1695,   // Incompressible
    3.2327,   // Uniform
    -0.7593,  // IsBig
    -4.8346,  // IsBool
    -2.4162,  // IsUInt8
    -7.0953,  // IsInt8
    0.2476,   // IsInt16
    0.2207,   // IsUInt16
    1.1602,   // IsInt32
    -0.7831,  // IsUInt32
    1.8172,   // IsInt64
    -1.4385,  // IsUInt64
    -1.6528,  // IsFloat16
    2.7037,   // IsFloat32
    3.3310,   // IsFloat64
    1.0720,   // IsComplex64
    1.1770,   // IsComplex128
    0.2010,   // IsBFloat16
    -0.2016,  // IsTimeFine
    -2.2805,  // IsTimeSecond
    -3.3920,  // IsTimeDay
    -9.2398,  // IsBytes
    -5.6036,  // IsText
    -4.8702,  // IsNoise
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
