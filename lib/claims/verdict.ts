import { sideOf } from "../statistics/claim_tests.ts";
import type { Asks } from "./claims_file.ts";

/** What runs say of a claim. It speaks of one suite and one scale, never of the paper. */
export type Verdict = "reproduced" | "contradicted" | "undecided";

/** A verdict with the reason that a reader is told. */
export interface Reason {
  readonly verdict: Verdict;
  readonly because: string;
}

/**
 * The verdict on a claim by the interval of its effect, by rules that stand before any run:
 *
 * | asks | reproduced | contradicted | undecided |
 * | --- | --- | --- | --- |
 * | superiority | interval above 0 | interval below 0, or whole below the margin | else |
 * | non-inferiority | interval above −margin | interval below −margin | else |
 * | equivalence | interval inside ±margin | interval outside on one side | else |
 *
 * Source: shared rules of `experiments/claims.yaml`; equivalence is D. Schuirmann's two one-sided tests, 1987
 *
 * @param interval of the level that is left after the correction for other claims and for looks; for
 * equivalence that of two one-sided tests, which is narrower
 * @param margin the smallest effect of interest, positive, on the scale of the effect
 */
export function verdictOf(asks: Asks, interval: Interval, margin: number): Reason {
  const [lower, zero, upper] = [-margin, 0, margin].map((bound) => sideOf(interval, bound));
  if (zero === null) return undecided("there are too few runs for an interval");
  switch (asks) {
    case "superiority":
      if (upper === "above") return reproduced("the interval lies above the margin");
      if (zero === "above") {
        return reproduced("the interval lies above 0, and reaches below the margin");
      }
      if (zero === "below") return contradicted("the interval lies below 0");
      if (upper === "below") {
        return contradicted("the interval lies below the margin: too small to matter");
      }
      return undecided("the interval holds both 0 and the margin");
    case "non_inferiority":
      if (lower === "above") return reproduced("the interval lies above minus the margin");
      if (lower === "below") return contradicted("the interval lies below minus the margin");
      return undecided("the interval holds minus the margin");
    case "equivalence":
      if (lower === "above" && upper === "below") {
        return reproduced("the interval lies within the margins");
      }
      if (upper === "above") return contradicted("the interval lies above the margin");
      if (lower === "below") return contradicted("the interval lies below minus the margin");
      return undecided("the interval holds a margin");
  }
}

type Interval = Parameters<typeof sideOf>[0];

const reproduced = (because: string): Reason => ({ verdict: "reproduced", because });
const contradicted = (because: string): Reason => ({ verdict: "contradicted", because });
const undecided = (because: string): Reason => ({ verdict: "undecided", because });
