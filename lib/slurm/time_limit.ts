/**
 * The minutes of a time limit as `sbatch` takes it: `minutes`, `minutes:seconds`, `hours:minutes:seconds`,
 * `days-hours`, `days-hours:minutes` or `days-hours:minutes:seconds`.
 *
 * @returns null when the text is none, or no time
 *
 * Source: the manual page of sbatch, `--time`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(["30", "1:30", "1:30:00", "2-12", "soon"].map(minutesOf), [30, 1.5, 90, 3600, null]);
 * ```
 */
export function minutesOf(text: string): number | null {
  const match = /^(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?$/.exec(text);
  if (match === null) return null;
  const [days, a, b, c] = match.slice(1).map((part) => part === undefined ? null : Number(part));
  const minutes = days !== null && days !== undefined
    ? days * 1440 + a! * 60 + (b ?? 0) + (c ?? 0) / 60
    : c !== null && c !== undefined
    ? a! * 60 + b! + c / 60
    : a! + (b ?? 0) / 60;
  return minutes > 0 ? minutes : null;
}
