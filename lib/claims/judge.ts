/** The verdicts on all claims: a pure function of the runs that are there. */
import type { RunConfig } from "../run/config.ts";
import { settingsText } from "../run/id.ts";
import {
  equivalencePower,
  power,
  seedsToBeEquivalent,
  seedsToDecide,
} from "../statistics/planning.ts";
import { standardDeviation } from "../statistics/mean.ts";
import { claimsAsked, type ClaimsFile } from "./claims_file.ts";
import { decide, type Decision, type Look, lookAt } from "./look.ts";
import type { Pool } from "./pool.ts";

/** What is known of one claim on one suite. */
export interface Judgement extends Look, Decision {
  /** Power of this number of seeds for an effect as large as the margin; null where no spread is known. */
  readonly power: number | null;
  /** Seeds that give such an effect the power that the file asks for; null where no spread is known. */
  readonly seedsToDecide: number | null;
}

/** All verdicts, and what is to be run before they are final. */
export interface Judged {
  readonly judgements: readonly Judgement[];
  /** Runs that are to be done next, each once; empty when every claim is over. */
  readonly missing: readonly RunConfig[];
  /** Whether some of them choose settings for others. */
  readonly isTuning: boolean;
}

/**
 * Judges every claim of a mode by the runs that are there.
 *
 * Each side has its settings chosen on the tuning seeds; the confirming seeds start at `first_seed`. After
 * each look, a number of seeds, a claim that is decided at the strictest level is over. Looks are paid for
 * by the bounds of P. O'Brien and T. Fleming, 1979. The primary claims of a suite, all that the file has
 * whether the mode asks them or not, share `alpha` by Holm's procedure; an exploratory claim has it to
 * itself, and is to be read as such.
 *
 * @param modeName one of `file.modes`
 * @param only claims to judge, by name; all when absent
 * @throws {RangeError} when there is no such mode
 */
export function judgeClaims(
  file: ClaimsFile,
  modeName: string,
  pool: Pool,
  only: readonly string[] | null = null,
): Judged {
  const mode = file.modes[modeName];
  if (mode === undefined) {
    const known = Object.keys(file.modes).join(", ");
    throw new RangeError(
      `Cannot judge claims as the mode must be one of ${known}: got ${modeName}`,
    );
  }
  const looks = Object.keys(mode.looks).flatMap((suite) =>
    looksAt(file, modeName, suite, pool, only)
  );
  const missing = looks.flatMap(({ missing }) => missing);
  const different = new Map(missing.map((config) => [settingsText(config), config]));
  return {
    judgements: looks.map((look) => judgementOf(file, look)),
    missing: [...different.values()],
    isTuning: looks.some(({ isTuned, missing }) => !isTuned && missing.length > 0),
  };
}

/** Looks at the claims of one suite, and what is decided there. */
function looksAt(
  file: ClaimsFile,
  mode: string,
  suite: string,
  pool: Pool,
  only: readonly string[] | null,
): (Look & Decision)[] {
  const family = file.claims.filter(({ tier, on }) => tier === "primary" && suite in on).length;
  const looks = claimsAsked(file, mode, suite, only).map((claim) => {
    const alpha = file.alpha / (claim.tier === "primary" ? family : 1);
    return lookAt(file, suite, claim, file.modes[mode]!.looks[suite]!, alpha, pool);
  });
  // Holm: what is decided leaves its share of alpha to the others.
  let decided = 0;
  while (true) {
    const alpha = file.alpha / Math.max(1, family - decided);
    const judged = looks.map((look) => ({
      ...look,
      ...decide(look, look.claim.tier === "primary" ? alpha : file.alpha),
    }));
    const now = judged.filter(({ claim, verdict }) =>
      claim.tier === "primary" && verdict !== "undecided"
    ).length;
    if (now <= decided) return judged;
    decided = now;
  }
}

function judgementOf({ power: wanted }: ClaimsFile, look: Look & Decision): Judgement {
  const sd = standardDeviation(look.values);
  if (sd === null || sd === 0) return { ...look, power: null, seedsToDecide: null };
  const { claim, values: { length: n }, margin, alpha } = look;
  const planned = claim.asks === "equivalence"
    ? [
      equivalencePower({ n, sd, margin, alpha }),
      seedsToBeEquivalent({ sd, margin, alpha, power: wanted }),
    ] as const
    : [
      power({ n, sd, effect: margin, alpha }),
      seedsToDecide({ sd, effect: margin, alpha, power: wanted }),
    ] as const;
  return { ...look, power: planned[0], seedsToDecide: planned[1] };
}
