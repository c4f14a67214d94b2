/**
 * Early stopping of cells: all are trained to a rung, a share of their steps, and compared there; the worse
 * ones stop, and the others go on to the next rung. What is decided here is a function of the measured values
 * alone, so it does not depend on which run came first.
 */
import { z } from "zod";
import type { RunConfig } from "../../run/config.ts";
import type { MetricsRow } from "../../run/metrics_log.ts";
import { counted } from "../../util/words.ts";
import { mean } from "../../util/vectors.ts";

const share = z.number().gt(0, "must be above 0").lt(1, "must be below 1");

/** How a sweep stops cells early, as its file says it. */
export const EARLY_STOPPING = z.strictObject({
  rule: z.enum(["halving", "median"])
    .describe("halving keeps the best cells at each rung, median those no worse than the median"),
  metric: z.enum(["validation_loss", "training_loss"]).default("validation_loss").describe(
    "Loss that cells are compared by: that of the validation examples at the rung, or the mean over the " +
      "training steps since the evaluation before it",
  ),
  rungs: z.array(share).min(1, "must name a rung").default([0.25, 0.5])
    .refine((rungs) => rungs.every((rung, i) => i === 0 || rung > rungs[i - 1]!), "must grow")
    .describe("Shares of the steps at which cells are compared, growing"),
  keep: share.default(0.5)
    .describe("Share of the cells that halving keeps at each rung, at least one cell"),
});

/** How a sweep stops cells early. */
export type EarlyStopping = Readonly<z.infer<typeof EARLY_STOPPING>>;

/** What becomes of a cell at a rung. */
export interface Verdict {
  /** Its place among the cells that are compared, from 1; equal values share a place. Null for one that is out. */
  readonly rank: number | null;
  readonly isKept: boolean;
}

/**
 * Which cells go on from a rung. Halving keeps its share of all cells that were to reach the rung, rounded up;
 * the median is that of the cells that have a value. Cells that are equal to the last one kept are kept, too.
 *
 * @param losses of all cells that were to reach the rung; null or NaN for one that diverged or failed, which
 * is out
 * @returns a verdict for each, in the same order
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const halving = EARLY_STOPPING.parse({ rule: "halving" });
 * const kept = verdictsOf(halving, [0.3, 0.1, null, 0.2]).map(({ isKept }) => isKept);
 * assert.deepEqual(kept, [false, true, false, true]);
 * ```
 */
export function verdictsOf(
  { rule, keep }: Pick<EarlyStopping, "rule" | "keep">,
  losses: readonly (number | null)[],
): Verdict[] {
  const values = losses.filter(isNumber).sort((a, b) => a - b);
  const middle = values.length / 2;
  const worst = rule === "halving"
    ? values[Math.min(values.length, mostKept({ rule, keep }, losses.length)) - 1] ?? NaN
    : mean([values[Math.ceil(middle) - 1] ?? NaN, values[Math.floor(middle)] ?? NaN]);
  return losses.map((loss) =>
    isNumber(loss)
      ? { rank: 1 + values.indexOf(loss), isKept: loss <= worst }
      : { rank: null, isKept: false }
  );
}

/** How many cells of some number go on from a rung at most, where no two are equal. */
function mostKept({ rule, keep }: Pick<EarlyStopping, "rule" | "keep">, cells: number): number {
  // The product of 0.1 and 30 is a little above 3.
  return Math.max(1, Math.ceil((rule === "halving" ? keep : 0.5) * cells - 1e-9));
}

function isNumber(loss: number | null): loss is number {
  return loss !== null && !Number.isNaN(loss);
}

/**
 * The step at which a run is compared: the first evaluation at or after a share of its steps; null where that
 * is the end of its training, or later.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const stepsAt = (evaluate_every: number) =>
 *   [0.25, 0.5].map((rung) => rungStep({ steps: 150, evaluate_every }, rung));
 * assert.deepEqual([stepsAt(50), stepsAt(100), stepsAt(0)], [[50, 100], [100, 100], [null, null]]);
 * ```
 */
export function rungStep(
  { steps, evaluate_every }: Pick<RunConfig, "steps" | "evaluate_every">,
  rung: number,
): number | null {
  if (evaluate_every === 0) return null;
  const step = evaluate_every * Math.ceil(rung * steps / evaluate_every - 1e-9);
  return step < steps ? step : null;
}

/**
 * The loss that a run is compared by at a step, from its log; null where the log does not go so far.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const log = [
 *   { phase: "multitask", step: 1, loss: 9 },
 *   { phase: "multitask", step: 2, loss: 3 },
 *   { phase: "multitask", step: 3, loss: 5 },
 *   { phase: "validation", step: 3, loss: 2 },
 * ];
 * const at = { step: 3, evaluate_every: 2 };
 * assert.equal(lossAt(log, "validation_loss", at), 2);
 * assert.equal(lossAt(log, "training_loss", at), 4);
 * assert.equal(lossAt(log, "validation_loss", { ...at, step: 4 }), null);
 * ```
 */
export function lossAt(
  log: readonly MetricsRow[],
  metric: EarlyStopping["metric"],
  { step, evaluate_every }: { readonly step: number; readonly evaluate_every: number },
): number | null {
  const isValidation = metric === "validation_loss";
  const first = isValidation ? step : step - evaluate_every + 1;
  const phase = isValidation ? "validation" : "multitask";
  const losses = log.filter((row) =>
    row.phase === phase && Number(row.step) >= first && Number(row.step) <= step
  ).map(({ loss }) => loss);
  const isWhole = losses.length === step - first + 1 &&
    losses.every((loss) => typeof loss === "number");
  return isWhole ? mean(losses as number[]) : null;
}

/**
 * What will be stopped, as a sentence: the steps of each rung, and how many runs reach it at most.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const halving = EARLY_STOPPING.parse({ rule: "halving" });
 * const run = { config: { steps: 200, evaluate_every: 50 } };
 * assert.equal(
 *   describeRungs(halving, Array(6).fill(run)),
 *   "Early stopping by halving, on validation_loss: all 6 runs train to step 50; of these at most 3 go on " +
 *     "to step 100, and at most 2 to their end at step 200, unless losses are equal.",
 * );
 * ```
 */
export function describeRungs(
  rule: EarlyStopping,
  runs: readonly { readonly config: Pick<RunConfig, "steps" | "evaluate_every"> }[],
): string {
  const steps = (of: (config: typeof runs[number]["config"]) => number | null) =>
    [...new Set(runs.map(({ config }) => of(config)))].join(", ");
  const places = rule.rungs.map((rung) => `step ${steps((config) => rungStep(config, rung))}`);
  const ends = [...places, `their end at step ${steps(({ steps }) => steps)}`];
  let left = runs.length;
  const parts = ends.map((place, i) => {
    if (i === 0) return `all ${counted(left, "run")} train to ${place}`;
    left = mostKept(rule, left);
    return `at most ${left}${i === 1 ? " go on" : ""} to ${place}`;
  });
  return `Early stopping by ${rule.rule}, on ${rule.metric}: ${parts[0]}; of these ${
    parts.slice(1, -1).map((part) => `${part}, `).join("")
  }${parts.length > 2 ? "and " : ""}${parts.at(-1)}, unless losses are equal.`;
}
