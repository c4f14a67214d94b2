/** x − max(x) − log Σ exp(x − max(x)), in place. */
export function logSoftmax(x: Float32Array): Float32Array {
  const highest = x.reduce((a, b) => Math.max(a, b), -Infinity);
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    x[i]! -= highest;
    sum += Math.exp(x[i]!);
  }
  const logSum = Math.fround(Math.log(sum));
  for (let i = 0; i < x.length; i++) x[i]! -= logSum;
  return x;
}

/** The probabilities of scores, in an array of their own. */
export function softmax(x: Float32Array): Float32Array {
  const highest = x.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = Float64Array.from(x, (score) => Math.exp(score - highest));
  const total = weights.reduce((a, b) => a + b, 0);
  return Float32Array.from(weights, (weight) => weight / total);
}
