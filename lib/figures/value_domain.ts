import type { MeasuredGroup } from "../tables/groups.ts";

/**
 * The ends of a vertical axis that shows every value, and intervals as far as they do not dwarf the
 * values: at most half the range of the values beyond it.
 *
 * @param others other values that must be shown
 * @returns the ends, and the number of intervals that are cut
 */
export function valueDomain(
  groups: readonly MeasuredGroup[],
  others: readonly number[],
): { readonly domain: [low: number, high: number]; readonly cut: number } {
  const values = [...groups.flatMap(({ points }) => points.map(({ value }) => value)), ...others];
  if (values.length === 0) return { domain: [0, 1], cut: 0 };
  let [low, high] = [Math.min(...values), Math.max(...values)];
  const range = high - low || Math.abs(high) / 10 || 1;
  const [least, most] = [low - range / 2, high + range / 2];
  const intervals = groups.flatMap(({ estimate: { low, high } }) =>
    low === null || high === null ? [] : [[low, high] as const]
  );
  for (const [from, to] of intervals) {
    low = Math.min(low, Math.max(from, least));
    high = Math.max(high, Math.min(to, most));
  }
  const room = (high - low || range) * 0.05;
  const cut = intervals.filter(([from, to]) => from < least || to > most).length;
  return { domain: [low - room, high + room], cut };
}
