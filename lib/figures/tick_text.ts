/**
 * A number on an axis or beside a point: as few digits as it needs, with marks between thousands.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([0.02, 2.5, 12000, 1e-5, -4].map(tickText), ["0.02", "2.5", "12,000", "1e-5", "−4"]);
 * ```
 */
export function tickText(value: number): string {
  const size = Math.abs(value);
  const text = size !== 0 && (size < 1e-4 || size >= 1e9)
    ? String(Number(size.toPrecision(2)).toExponential()).replace("e+", "e")
    : Number(size.toPrecision(6)).toLocaleString("en-US", { maximumFractionDigits: 8 });
  return value < 0 ? `−${text}` : text;
}

/**
 * The ticks of a logarithmic axis: powers of ten where it spans three of them, else 1, 2 and 5 of each; and
 * round numbers at equal steps where it is short.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(logTicks([0.002, 9]), [0.01, 0.1, 1]);
 * assert.deepEqual(logTicks([30, 600]), [50, 100, 200, 500]);
 * assert.deepEqual(logTicks([0.43, 0.57]), [0.45, 0.5, 0.55]);
 * ```
 */
export function logTicks([low, high]: readonly [low: number, high: number]): number[] {
  if (high / low < 4) return equalSteps(low, high);
  const digits = Math.log10(high / low) >= 2.5 ? [1] : [1, 2, 5];
  const first = Math.floor(Math.log10(low));
  const powers = Array.from(
    { length: Math.ceil(Math.log10(high)) - first + 1 },
    (_, i) => first + i,
  );
  return powers.flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`)))
    .filter((tick) => tick >= low && tick <= high);
}

/** Multiples of 1, 2 or 5 times a power of ten between two numbers: three to seven. */
function equalSteps(low: number, high: number): number[] {
  const power = 10 ** Math.floor(Math.log10((high - low) / 3));
  const step = [5, 2, 1].find((digit) => digit * power <= (high - low) / 2.5)! * power;
  const first = Math.ceil(low / step);
  return Array.from(
    { length: Math.floor(high / step) - first + 1 },
    (_, i) => Number(((first + i) * step).toPrecision(12)),
  );
}
