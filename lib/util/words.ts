/**
 * Words and short strings that people read: times, sizes, and what a mistyped word may have meant.
 */
import { closest, distance } from "fastest-levenshtein";

/** The first line of an error's message. */
export function firstLine(error = ""): string {
  return error.trim().split("\n")[0]!;
}

/**
 * A length of time for people.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([4.2, 92, 3725].map(duration), ["5s", "1:32", "1:02:05"]);
 * ```
 */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const [s, m, h] = [whole % 60, Math.floor(whole / 60) % 60, Math.floor(whole / 3600)];
  const two = (value: number) => String(value).padStart(2, "0");
  if (h > 0) return `${h}:${two(m)}:${two(s)}`;
  return m > 0 ? `${m}:${two(s)}` : `${s}s`;
}

/**
 * A number of things for people.
 *
 * @param things their plural; with an s at its end when absent
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([counted(1, "run"), counted(0, "run")], ["1 run", "0 runs"]);
 * assert.equal(counted(2, "batch", "batches"), "2 batches");
 * ```
 */
export function counted(count: number, thing: string, things = `${thing}s`): string {
  return `${count} ${count === 1 ? thing : things}`;
}

/**
 * A number of bytes for people.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([512, 20_400, 3_250_000_000].map(byteSize), ["512 B", "20.4 kB", "3.3 GB"]);
 * ```
 */
export function byteSize(bytes: number): string {
  const units = ["B", "kB", "MB", "GB"];
  let unit = 0;
  for (; bytes >= 1000 && unit < units.length - 1; unit++) bytes /= 1000;
  return `${unit === 0 ? Math.round(bytes) : bytes.toFixed(1)} ${units[unit]}`;
}

/** End of a message: `, did you mean "…"?` when a known word is near, else the known words. */
export function suggest(word: string, known: readonly string[]): string {
  const near = closest(word, known);
  return distance(word, near) <= Math.max(2, word.length / 3)
    ? `, did you mean "${near}"?`
    : `; there are ${known.join(", ")}`;
}
