//! What each feature counts for. Fitted to the half of the cases that is tuned on; see
//! docs/guess.md. Written by `cargo xtask guess --fit`.

/// One for each feature of a reading, in their order.
pub(super) const READING: &[f64] = &[
    12.8028,  // Rate
    -0.9404,  // LogRate
    -2.1888,  // Behind
    -0.6941,  // LanesDiffer
    -7.5916,  // HalvesAlike
    -4.6228,  // Remainder
    -6.1961,  // ConstantsDiffer
    6.1692,   // CalmInteger
    5.7221,   // CalmFloat
    -6.1728,  // LanesSmooth
    -11.9509, // Shifted
    -6.8370,  // PartsDiffer
    -0.5085,  // Smooth
    -8.6270,  // OddNan
    -29.6252, // NotFinite
    -14.6818, // Subnormal
    -4.7934,  // Extreme
    -0.9368,  // Spread
    9.0813,   // Decimal
    10.4630,  // WholeFloat
    2.9438,   // Moderate
    -4.0846,  // Huge
    -0.8214,  // Small
    0.3978,   // Negative
    3.4010,   // AllNegative
    -0.1420,  // HighBit
    -2.3343,  // Few
    8.0304,   // BothZeroOne
    8.1831,   // Interleaved
    16.8379,  // Opaque
    -4.6998,  // InOurTime
    24.1219,  // WholeUnits
    7.1024,   // Ordered
    13.9721,  // Printable
    6.3037,   // Padded
    -0.0260,  // Incompressible
    4.2283,   // Uniform
    -1.1785,  // IsBig
    -9.0935,  // IsBool
    -2.8519,  // IsUInt8
    -11.1201, // IsInt8
    0.3747,   // IsInt16
    0.5661,   // IsUInt16
    0.1018,   // IsInt32
    -2.0597,  // IsUInt32
    1.5517,   // IsInt64
    -5.0394,  // IsUInt64
    1.4981,   // IsFloat16
    4.7845,   // IsFloat32
    5.5965,   // IsFloat64
    1.5372,   // IsComplex64
    1.2301,   // IsComplex128
    2.3740,   // IsBFloat16
    1.1868,   // IsTimeFine
    6.2135,   // IsTimeSecond
    -1.7820,  // IsTimeDay
    -15.6078, // IsBytes
    -11.6174, // IsText
    -2.6163,  // IsNoise
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
