import type { Estimate } from "../statistics/estimate.ts";
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
export function verdictOf(
  asks: Asks,
  { low, high }: Pick<Estimate, "low" | "high">,
  margin: number,
): Reason {
  if (low === null || high === null) {
    return { verdict: "undecided", because: "there are too few runs for an interval" };
  }
  switch (asks) {
    case "superiority":
      if (low > margin) return reproduced("the interval lies above the margin");
      if (low > 0) return reproduced("the interval lies above 0, and reaches below the margin");
      if (high < 0) return contradicted("the interval lies below 0");
      if (high < margin) {
        return contradicted("the interval lies below the margin: too small to matter");
      }
      return undecided("the interval holds both 0 and the margin");
    case "non_inferiority":
      if (low > -margin) return reproduced("the interval lies above minus the margin");
      if (high < -margin) return contradicted("the interval lies below minus the margin");
      return undecided("the interval holds minus the margin");
    case "equivalence":
      if (low > -margin && high < margin) return reproduced("the interval lies within the margins");
      if (low > margin) return contradicted("the interval lies above the margin");
      if (high < -margin) return contradicted("the interval lies below minus the margin");
      return undecided("the interval holds a margin");
  }
}

const reproduced = (because: string): Reason => ({ verdict: "reproduced", because });
const contradicted = (because: string): Reason => ({ verdict: "contradicted", because });
const undecided = (because: string): Reason => ({ verdict: "undecided", because });
