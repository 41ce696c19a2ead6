//! What each feature counts for. Fitted to the half of the cases that is tuned on; see
//! docs/guess.md. Written by `cargo xtask guess --fit`.

/// One for each feature of a reading, in their order.
pub(super) const READING: &[f64] = &[
    12.8028, // Rate
    -0.9404, // LogRate
    -2.1888, // Behind
    -0.6941, // LanesDiffer
    -7.5916, // HalvesAlike
    -4.6228, // Remainder
    -6.1961, // ConstantsDiffer
    6.1692, // CalmInteger
    5.7221, // CalmFloat
    -6.1728, // LanesSmooth
    -11.9509, // Shifted
    -6.8370, // PartsDiffer
    -0.5085, // Smooth
    -8.6270, // OddNan
    -29.6252, // NotFinite
    -14.6818, // Subnormal
    -4.7934, // Extreme
    -0.9368, // Spread
    9.0813, // Decimal
    10.4630, // WholeFloat
    2.9438, // Moderate
    -4.0846, // Huge
    -0.8214, // Small
    0.3978, // Negative
    3.4010, // AllNegative
    -0.1420, // HighBit
    -2.3343, // Few
    8.0304, // BothZeroOne
    8.1831, // Interleaved
    16.8379, // Opaque
    -4.6998, // InOurTime
    24.1219, // WholeUnits
    7.1024, // Ordered
    13.9721, // Printable
    6.3037, // Padded
    -0.0260, // Incompressible
    4.2283, // Uniform
    -1.1785, // IsBig
    -9.0935, // IsBool
    -2.8519, // IsUInt8
    -11.1201, // IsInt8
    0.3747, // IsInt16
    0.5661, // IsUInt16
    0.1018, // IsInt32
    -2.0597, // IsUInt32
    1.5517, // IsInt64
    -5.0394, // IsUInt64
    1.4981, // IsFloat16
    4.7845, // IsFloat32
    5.5965, // IsFloat64
    1.5372, // IsComplex64
    1.2301, // IsComplex128
    2.3740, // IsBFloat16
    1.1868, // IsTimeFine
    6.2135, // IsTimeSecond
    -1.7820, // IsTimeDay
    -15.6078, // IsBytes
    -11.6174, // IsText
    -2.6163, // IsNoise
];

/// One for each feature of a shape, in their order.
pub(super) const SHAPE: &[f64] = &[
    3.2596, // one dimension
    -8.2363, // three dimensions
    -18.0618, // four dimensions or more
    1.7931, // another shape
    1.0641, // colours first
    4.1882, // three last
    2.2151, // four last
    4.9837, // pairs last
    1.4189, // few columns
    0.5156, // few rows
    -0.7811, // aspect
    -0.0902, // round lengths
    0.1566, // square
    -1.5982, // foreseen
    2.8695, // share of what is foreseen
    -0.8308, // groups: gain
    0.0882, // groups: sure of gain
    -0.9409, // groups: apart
    0.4262, // groups: strength
    15.5449, // groups: dip
    2.9228, // groups: edge
    14.4528, // groups: start
    1.5450, // rows: gain
    0.1689, // rows: sure of gain
    -0.8936, // rows: strength
    0.2070, // rows: sigmas
    2.5086, // rows: dip
    1.6771, // rows: edge
    4.0397, // rows: start
    0.5290, // rows: nearness
    -2.5388, // planes: gain
    0.5879, // planes: sure of gain
    -0.0079, // planes: strength
    0.9332, // planes: sigmas
    -1.3236, // planes: dip
    0.8280, // planes: edge
    4.4316, // planes: start
    0.0007, // unused strength
    -0.7541, // unused sigmas
    3.0472, // unused gain
    -0.0762, // unused sure of gain
    1.1604, // unused start
];
