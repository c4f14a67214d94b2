import type { RunConfig } from "../run/config.ts";
import type { Estimate } from "../statistics/estimate.ts";
import { estimateMean } from "../statistics/mean.ts";
import { obrienFleming } from "../statistics/sequential.ts";
import { cellOf, tunedSettings } from "./cell.ts";
import type { Claim, ClaimMeasure, ClaimsFile } from "./claims_file.ts";
import { effectsOf, type SeedEffects, type TunedSide } from "./effect.ts";
import type { Pool } from "./pool.ts";
import { type Choice, tuneCell } from "./tuning.ts";
import { type Reason, verdictOf } from "./verdict.ts";

/** What the runs that are there tell of one claim on one suite. */
export interface Look extends SeedEffects {
  readonly claim: Claim;
  readonly suite: string;
  /** The metric of sides that name none. */
  readonly metric: string;
  /** What a run is measured by. */
  readonly measure: ClaimMeasure;
  /** The smallest effect of interest. */
  readonly margin: number;
  /** Numbers of seeds after which the claim may be decided. */
  readonly looks: readonly number[];
  /** How many looks are whole. */
  readonly taken: number;
  /** What each side has chosen, by the name of the side. */
  readonly choices: Readonly<Record<string, readonly Choice[]>>;
  /** Runs that are to be done next; empty when the claim is over. */
  readonly missing: readonly RunConfig[];
  /** Whether the missing runs confirm, rather than choose settings. */
  readonly isTuned: boolean;
}

/** An interval and what it says, at a given probability of a false verdict. */
export interface Decision extends Reason {
  readonly estimate: Estimate;
  /** The two-sided probability that is left to this look. */
  readonly alpha: number;
}

/** A share of seeds without effect beyond which nothing is decided. */
const MOST_DROPPED = 0.1;

/**
 * Looks at a claim as often as runs are there for, and stops at the look that decides it.
 *
 * @param looks numbers of seeds, growing
 * @param strictest the least probability of a false verdict that the claim may be left with: what decides
 * with it stays decided with more
 */
export function lookAt(
  file: ClaimsFile,
  suiteName: string,
  claim: Claim,
  looks: readonly number[],
  strictest: number,
  pool: Pool,
): Look {
  const suite = file.suites[suiteName]!;
  const on = claim.on[suiteName]!;
  const tuned = claim.sides.map((side) => {
    const cell = cellOf(claim, suiteName, suite, side);
    return {
      side,
      tuned: tuneCell(cell, tunedSettings(cell, side, suite), suite.tuning_seeds, pool),
    };
  });
  const start = {
    claim,
    suite: suiteName,
    metric: on.metric ?? suite.metric,
    measure: on.measure ?? claim.measure,
    margin: on.margin ?? suite.margin,
    looks,
    taken: 0,
    values: [],
    dropped: [],
    choices: Object.fromEntries(
      tuned.map(({ side, tuned }) => [side.name, "cell" in tuned ? tuned.choices : []]),
    ),
    missing: tuned.flatMap(({ tuned }) => "missing" in tuned ? tuned.missing : []),
    isTuned: false,
  };
  if (start.missing.length > 0) return start;
  const sides: TunedSide[] = tuned.flatMap(({ side, tuned }) =>
    "cell" in tuned ? [{ side, cell: tuned.cell }] : []
  );
  let last: Look = { ...start, isTuned: true };
  for (const [i, count] of looks.entries()) {
    const seeds = Array.from({ length: count }, (_, i) => file.first_seed + i);
    const missing = sides.flatMap(({ cell }) => seeds.map((seed) => ({ ...cell, seed })))
      .filter((config) => pool.resultOf(config) === null);
    if (missing.length > 0) return { ...last, missing };
    last = { ...last, taken: i + 1, ...effectsOf(sides, start, seeds, pool) };
    if (decide(last, strictest).verdict !== "undecided") return last;
  }
  return last;
}

/**
 * What a look says when the claim has a given probability of a false verdict to itself, all looks together.
 *
 * @param alpha in (0, 1), two-sided
 */
export function decide(
  { claim, values, dropped, margin, looks, taken }: Look,
  alpha: number,
): Decision {
  const left = levelsOf(looks, alpha)[Math.max(0, taken - 1)]!;
  // Two one-sided tests, each with this probability, are an interval of twice of it outside.
  const level = 1 - (claim.asks === "equivalence" ? 2 : 1) * left;
  const estimate = estimateMean(values, level);
  if (taken === 0) {
    return { estimate, alpha: left, verdict: "undecided", because: "its runs are not done yet" };
  }
  const count = values.length + dropped.length;
  if (dropped.length > MOST_DROPPED * count) {
    const why = dropped[0]!.why;
    return {
      estimate,
      alpha: left,
      verdict: "undecided",
      because: `${dropped.length} of ${count} seeds have no effect, the first as ${why}`,
    };
  }
  return { estimate, alpha: left, ...verdictOf(claim.asks, estimate, margin) };
}

const LEVELS = new Map<string, readonly number[]>();

/** As {@linkcode obrienFleming}; claims ask for the same levels again and again, and each takes some ms. */
function levelsOf(looks: readonly number[], alpha: number): readonly number[] {
  const key = `${looks}; ${alpha}`;
  const known = LEVELS.get(key) ?? obrienFleming(looks, alpha);
  LEVELS.set(key, known);
  return known;
}
