//! What each feature counts for. Fitted to the half of the cases that is tuned on; see
//! docs/guess.md. Written by `cargo xtask guess --fit`.

/// One for each feature of a reading, in their order.
pub(super) const READING: &[f64] = &[
    12.6783,  // Rate
    -2.0789,  // Behind
    -4.0589,  // LanesDiffer
    -7.9164,  // HalvesAlike
    -3.5279,  // Remainder
    -2.2140,  // ConstantsDiffer
    -5.6569,  // HalfDead
    -2.5974,  // BytesNear
    1.9356,   // CalmInteger
    2.4286,   // CalmFloat
    -6.9703,  // LanesSmooth
    0.2708,   // Shifted
    -8.7953,  // Coarse
    0.6086,   // PartsDiffer
    -8.8501,  // PartsOff
    -13.7480, // Rounded
    -0.8646,  // Smooth
    -4.1795,  // OddNan
    -2.3804,  // AnyOddNan
    -4.7805,  // MinusZero
    14.4864,  // NotFinite
    -9.6443,  // Subnormal
    -4.2737,  // Extreme
    -0.4097,  // Spread
    8.5791,   // Decimal
    6.5167,   // WholeFloat
    0.6790,   // Moderate
    2.3962,   // UpToOne
    4.8499,   // JustOne
    -2.6064,  // Uneven
    2.2821,   // Grain
    -2.0470,  // Tail
    -1.1925,  // Huge
    -1.7971,  // Small
    -6.0675,  // Gaps
    -0.5371,  // Negative
    -2.8192,  // HighBit
    -2.9816,  // Torn
    -4.1948,  // Few
    5.6371,   // BothZeroOne
    5.9043,   // Interleaved
    18.6292,  // Opaque
    4.6064,   // InOurTime
    49.5748,  // WholeUnits
    0.6929,   // Ordered
    3.6424,   // Printable
    9.1428,   // Padded
    0.1979,   // Incompressible
    3.4434,   // Uniform
    -0.7533,  // IsBig
    -5.6344,  // IsBool
    -2.9473,  // IsUInt8
    -7.7440,  // IsInt8
    0.1745,   // IsInt16
    0.1551,   // IsUInt16
    1.1608,   // IsInt32
    -0.9063,  // IsUInt32
    1.8487,   // IsInt64
    -1.3776,  // IsUInt64
    -1.5963,  // IsFloat16
    3.1266,   // IsFloat32
    3.5256,   // IsFloat64
    1.6692,   // IsComplex64
    1.1400,   // IsComplex128
    0.2116,   // IsBFloat16
    -0.2820,  // IsTimeFine
    -2.4474,  // IsTimeSecond
    -3.5514,  // IsTimeDay
    -9.6571,  // IsBytes
    -6.1670,  // IsText
    -5.6545,  // IsNoise
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
