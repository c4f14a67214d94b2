/** What every estimate refuses, in the same words. */

/**
 * Throws unless `level` is a confidence level.
 * @throws {RangeError} when it is not in (0, 1)
 */
export function checkLevel(level: number): void {
  if (!(level > 0 && level < 1)) {
    throw new RangeError(`Cannot make an interval as its level must lie in (0, 1): got ${level}`);
  }
}

/**
 * Throws unless every value is finite.
 * @throws {RangeError} naming the first that is not
 */
export function checkFinite(action: string, values: readonly number[]): void {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) {
    throw new RangeError(`${action} as values must be finite: number ${at} is ${values[at]}`);
  }
}

/**
 * Throws unless `value` is above 0 and finite.
 * @throws {RangeError} naming the value
 */
export function checkPositive(action: string, name: string, value: number): void {
  if (!(value > 0 && value < Infinity)) {
    throw new RangeError(`${action} as ${name} must be above 0 and finite: got ${value}`);
  }
}
