// The functions that fused.as exports and documents, under its names; build_test.ts compares the
// two.

/** An integer. */
type i32 = number;
/** An address in bytes; 0 stands for a tensor that is absent. */
type usize = number;
/** A number in single precision. */
type f32 = number;
/** A number in double precision. */
type f64 = number;

/** The functions of `fused.as`. */
export interface FusedExports {
  smallProducts(
    count: i32,
    m: i32,
    n: i32,
    k: i32,
    a: usize,
    turnedA: i32,
    b: usize,
    turnedB: i32,
    c: usize,
    scratch: usize,
  ): void;
  rmsNorm(rows: i32, D: i32, x: usize, w: usize, epsilon: f32, y: usize): void;
  rmsNormGrad(rows: i32, D: i32, dy: usize, x: usize, w: usize, epsilon: f32, dx: usize): void;
  rmsNormGradWeight(rows: i32, D: i32, dy: usize, x: usize, epsilon: f32, dw: usize): void;
  gate(size: i32, x: usize, gateAt: usize, linear: f32, cubic: f32, y: usize): void;
  gateGrad(
    size: i32,
    dy: usize,
    x: usize,
    gateAt: usize,
    linear: f32,
    cubic: f32,
    dx: usize,
    dGate: usize,
  ): void;
  attentionWeights(
    first: i32,
    count: i32,
    N: i32,
    Lq: i32,
    Lk: i32,
    scores: usize,
    scale: f32,
    forbidden: f32,
    bias: usize,
    biasB: i32,
    biasN: i32,
    biasQ: i32,
    mask: usize,
    maskB: i32,
    maskN: i32,
    maskQ: i32,
  ): void;
  attentionWeightsGrad(rows: i32, Lk: i32, weights: usize, gradient: usize, factor: f32): void;
  attentionBiasGrad(
    first: i32,
    count: i32,
    N: i32,
    Lq: i32,
    Lk: i32,
    dScores: usize,
    biasB: i32,
    biasN: i32,
    biasQ: i32,
    dBias: usize,
  ): void;
  swapMiddle(B: i32, L: i32, N: i32, D: i32, from: usize, to: usize): void;
  rotate(
    B: i32,
    N: i32,
    L: i32,
    D: i32,
    x: usize,
    cos: usize,
    sin: usize,
    tablesB: i32,
    sign: f32,
    y: usize,
  ): void;
  crossEntropy(
    N: i32,
    V: i32,
    logits: usize,
    labels: usize,
    ignored: i32,
    smoothing: f32,
    logSums: usize,
  ): f32;
  crossEntropyGrad(
    N: i32,
    V: i32,
    dy: f32,
    logits: usize,
    labels: usize,
    ignored: i32,
    smoothing: f32,
    logSums: usize,
    dLogits: usize,
  ): void;
  takeRows(N: i32, V: i32, D: i32, table: usize, ids: usize, to: usize): i32;
  addRows(N: i32, V: i32, D: i32, from: usize, ids: usize, to: usize): void;
  route(
    B: i32,
    H: i32,
    S: i32,
    logits: usize,
    tasks: usize,
    uniform: usize,
    temperature: f32,
    hard: i32,
    weights: usize,
    slopes: usize,
  ): void;
  routeGrad(
    B: i32,
    H: i32,
    S: i32,
    T: i32,
    dWeights: usize,
    tasks: usize,
    weights: usize,
    slopes: usize,
    dLogits: usize,
  ): void;
  mix(
    B: i32,
    H: i32,
    S: i32,
    X: i32,
    Y: i32,
    columns: i32,
    weights: usize,
    skills: usize,
    mixed: usize,
  ): void;
  mixGradSkills(
    B: i32,
    H: i32,
    S: i32,
    X: i32,
    Y: i32,
    columns: i32,
    dMixed: usize,
    weights: usize,
    dSkills: usize,
  ): void;
  mixGradWeights(
    B: i32,
    H: i32,
    S: i32,
    X: i32,
    Y: i32,
    columns: i32,
    dMixed: usize,
    skills: usize,
    dWeights: usize,
    add: i32,
    scratch: usize,
  ): void;
  update(
    B: i32,
    L: i32,
    I: i32,
    R: i32,
    O: i32,
    owners: usize,
    x: usize,
    A: usize,
    factorsB: usize,
    narrow: usize,
    y: usize,
  ): void;
  updateGrad(
    B: i32,
    U: i32,
    L: i32,
    I: i32,
    R: i32,
    O: i32,
    owners: usize,
    dy: usize,
    x: usize,
    narrow: usize,
    factorsB: usize,
    dNarrow: usize,
    dA: usize,
    dB: usize,
    scratch: usize,
  ): void;
  updateGradInput(
    B: i32,
    L: i32,
    I: i32,
    R: i32,
    owners: usize,
    dNarrow: usize,
    A: usize,
    dx: usize,
    scratch: usize,
  ): void;
  addBias(rows: i32, D: i32, bias: usize, x: usize): void;
  adamW(
    size: i32,
    parameter: usize,
    gradient: usize,
    mean: usize,
    square: usize,
    updated: usize,
    beta1: f32,
    rest1: f32,
    beta2: f32,
    rest2: f32,
    keep: f32,
    rate: f32,
    root: f32,
    epsilon: f32,
  ): void;
  sumOfSquares(size: i32, x: usize): f64;
  scaled(size: i32, x: usize, factor: f32, y: usize): void;
}
