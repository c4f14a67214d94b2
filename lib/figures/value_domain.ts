import type { MeasuredGroup } from "../tables/groups.ts";

/** The ends of a vertical axis, and what lies beyond it. */
export interface ValueDomain {
  readonly domain: [low: number, high: number];
  /** Whether the axis is logarithmic. */
  readonly isLog: boolean;
  /** The number of intervals that are cut. */
  readonly cut: number;
}

/** Settings of {@linkcode valueDomain}. */
export interface ValueDomainOptions {
  /** Other values to be shown, unless they would leave most of the axis empty. */
  readonly others?: readonly number[];
  /** Whether ratios of values count; then the axis is logarithmic, if all values are above 0. */
  readonly isLog?: boolean;
}

/**
 * The ends of an axis that shows every value, and intervals as far as they do not dwarf the values: at most
 * half the range of the values beyond it. Where no mean has an interval the axis begins at 0, as a cut axis
 * would show differences that nothing stands behind.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const group = { points: [{ value: 0.25 }, { value: 0.5 }], estimate: { low: null, high: null } };
 * assert.equal(valueDomain([group as never]).domain[0], 0);
 * ```
 */
export function valueDomain(
  groups: readonly MeasuredGroup[],
  { others = [], isLog: asksLog = false }: ValueDomainOptions = {},
): ValueDomain {
  const values = groups.flatMap(({ points }) => points.map(({ value }) => value));
  const isLog = asksLog && values.length > 0 && values.every((value) => value > 0);
  if (values.length === 0) return { domain: [0, 1], isLog: false, cut: 0 };
  const to = isLog ? Math.log : (value: number) => value;
  const back = isLog ? Math.exp : (value: number) => value;
  const intervals = groups.flatMap(({ estimate: { low, high } }) =>
    low === null || high === null || (isLog && low <= 0) ? [] : [[to(low), to(high)] as const]
  );
  let [low, high] = ends(values.map(to));
  const range = high - low || Math.abs(high) / 10 || 1;
  const [least, most] = [low - range / 2, high + range / 2];
  for (const [from, until] of intervals) {
    low = Math.min(low, Math.max(from, least));
    high = Math.max(high, Math.min(until, most));
  }
  for (const other of others.filter((value) => !isLog || value > 0).map(to)) {
    const wider = ends([low, high, other]);
    if (wider[1] - wider[0] <= MOST_EMPTY * (high - low || range)) [low, high] = wider;
  }
  if (intervals.length === 0 && !isLog && low > 0) low = 0;
  const room = (high - low || range) * 0.05;
  const cut = intervals.filter(([from, until]) => from < least || until > most).length;
  const bottom = low === 0 && intervals.length === 0 ? 0 : low - room;
  return { domain: [back(bottom), back(high + room)], isLog, cut };
}

/** How many times as long as its values' range an axis may become for a value to compare with. */
const MOST_EMPTY = 2.5;

function ends(values: readonly number[]): [number, number] {
  return [
    values.reduce((least, value) => Math.min(least, value), Infinity),
    values.reduce((most, value) => Math.max(most, value), -Infinity),
  ];
}
