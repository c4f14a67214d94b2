/**
 * Every metric of a run, declared once: what it measures, which way is up, and on which scale its values
 * are compared. A metric that is not in one of these two lists does not compile as a metric of a run.
 */

/** What a metric measures, and how its values are to be read. */
export interface Metric {
  /** What is measured, as a phrase. */
  readonly meaning: string;
  /** The unit of its values, or the range that they lie in. */
  readonly unit: string;
  /**
   * Which values are better. Null where more is neither better nor worse: such a metric ranks nothing,
   * and nothing wins by it.
   */
  readonly better: "higher" | "lower" | null;
  /**
   * How values are averaged and compared. `log`: positive numbers whose ratios count, such as losses.
   * `share`: proportions in [0, 1], which no interval leaves. `plain`: all others, by their differences.
   */
  readonly scale: "log" | "share" | "plain";
}

/** The name of a score of one task. */
export type ScoreName =
  | "exact_match"
  | "rouge_l"
  | "rank_accuracy"
  | "token_f1"
  | "macro_f1"
  | "matthews"
  | "pearson"
  | "token_accuracy"
  | "loss"
  | "teacher_gap";

/**
 * Scores of one task. Their means over tasks are metrics of a run, with one of {@linkcode SCORED_ON}
 * before the name.
 */
export const SCORES = {
  exact_match: {
    meaning: "share of answers that equal a right one",
    unit: "share, 0 to 1",
    better: "higher",
    scale: "share",
  },
  rouge_l: {
    meaning: "longest common subsequence of answer and right answer, as F1",
    unit: "0 to 1",
    better: "higher",
    scale: "share",
  },
  rank_accuracy: {
    meaning:
      "share of examples whose likeliest choice, by mean log-likelihood of a token, is right",
    unit: "share, 0 to 1",
    better: "higher",
    scale: "share",
  },
  token_f1: {
    meaning: "words in common of answer and right answer, as F1",
    unit: "0 to 1",
    better: "higher",
    scale: "share",
  },
  macro_f1: {
    meaning: "mean over the classes of a task of their F1",
    unit: "0 to 1",
    better: "higher",
    scale: "share",
  },
  matthews: {
    meaning: "Matthews' correlation of answers and right answers as classes",
    unit: "−1 to 1",
    better: "higher",
    scale: "plain",
  },
  pearson: {
    meaning: "Pearson's correlation of answers and right answers as numbers",
    unit: "−1 to 1",
    better: "higher",
    scale: "plain",
  },
  token_accuracy: {
    meaning: "share of target tokens that are the most likely one",
    unit: "share, 0 to 1",
    better: "higher",
    scale: "share",
  },
  loss: {
    meaning: "mean loss of the targets",
    unit: "nats per token; the mean square in the suite planted",
    better: "lower",
    scale: "log",
  },
  teacher_gap: {
    meaning: "loss as a share of that of the base model",
    unit: "ratio; 0 is the teacher, 1 the base model",
    better: "lower",
    scale: "log",
  },
} as const satisfies Readonly<Record<ScoreName, Metric>>;

/** What the prefixes of scores say of when and on which tasks a model was scored. */
export const SCORED_ON = {
  heldout: "on held-out tasks after adaptation",
  seen: "on the tasks of multi-task training",
  base_heldout: "of the base model on held-out tasks",
  start_heldout: "on held-out tasks before the first step of adaptation",
  constant_heldout: "of one answer for all, chosen among the shots, on held-out tasks",
  copied_heldout: "of answering with the question, on held-out tasks",
  trivial_heldout: "of one answer or the question, whichever the shots are for, on held-out tasks",
  validation: "on validation examples of the training tasks, at the best step",
} as const;

const STEP = { unit: "steps", better: null, scale: "plain" } as const;
const PARAMETERS = { unit: "parameters", better: "lower", scale: "log" } as const;

/** Metrics of a run that are no means of scores. */
export const RUN_MEASURES = {
  best_step: { meaning: "step of the lowest validation loss", ...STEP },
  average_best_step: {
    meaning: "step of the lowest validation loss of the averaged adapter",
    ...STEP,
  },
  average_validation_loss: {
    ...SCORES.loss,
    meaning: "mean loss of the averaged adapter on validation examples, at its best step",
  },
  diverged_at_step: { meaning: "step at which a loss was no longer finite", ...STEP },
  stalled_at_step: { meaning: "first step from which on training changed nothing", ...STEP },
  stopped_early_at_step: {
    meaning: "step at which a run was stopped, as other cells of its sweep were better",
    ...STEP,
  },
  whole_instances: {
    meaning: "share of examples of which the model reads the whole instance",
    unit: "share, 0 to 1",
    better: "higher",
    scale: "share",
  },
  whole_targets: {
    meaning: "share of examples of which the model learns the whole target",
    unit: "share, 0 to 1",
    better: "higher",
    scale: "share",
  },
  weight_gradient_alignment: {
    meaning:
      "mean cosine between the gradients of two tasks by the effective weights, without noise",
    unit: "about −1 to 1",
    better: "higher",
    scale: "plain",
  },
  weight_gradient_conflict: {
    meaning:
      "share of negative ones among the cosines whose sign two halves of the examples agree on",
    unit: "share, 0 to 1",
    better: "lower",
    scale: "share",
  },
  weight_gradient_reliability: {
    meaning:
      "part of the squared length of a task's gradient that two halves of its examples share",
    unit: "at most 1",
    better: null,
    scale: "plain",
  },
  weight_gradient_validation_loss: {
    meaning: "validation loss where the gradients of tasks were compared",
    unit: "nats per token; the mean square in the suite planted",
    better: null,
    scale: "log",
  },
  usage: {
    meaning: "evenness of the use of skills over all tasks",
    unit: "0 to 1",
    better: null,
    scale: "share",
  },
  active_skills: {
    meaning: "mean number of active skills of a task",
    unit: "skills",
    better: null,
    scale: "plain",
  },
  effective_skills: {
    meaning: "mean number of skills that a task mixes",
    unit: "skills",
    better: null,
    scale: "plain",
  },
  entropy: {
    meaning: "mean indecision of a task about a skill",
    unit: "bits, 0 to 1",
    better: null,
    scale: "share",
  },
  density: {
    meaning: "share of skills that are active",
    unit: "share, 0 to 1",
    better: null,
    scale: "share",
  },
  recovery: {
    meaning: "mean correlation of true skills with the learned ones matched to them",
    unit: "−1 to 1",
    better: "higher",
    scale: "plain",
  },
  recovery_f1: {
    meaning: "F1 of the skills that are active, against the true ones",
    unit: "0 to 1",
    better: "higher",
    scale: "share",
  },
  recovery_null: {
    meaning: "recovery that chance alone reaches",
    unit: "−1 to 1",
    better: null,
    scale: "plain",
  },
  recovery_p: {
    meaning: "probability of such a recovery by chance",
    unit: "probability, 0 to 1",
    better: "lower",
    scale: "share",
  },
  parameters_multitask: {
    meaning: "number of parameters that the multi-task phase trains",
    ...PARAMETERS,
  },
  parameters_average: {
    meaning: "number of parameters that training the averaged adapter trains",
    ...PARAMETERS,
  },
  parameters_adaptation: {
    meaning: "number of parameters that adaptation to one task trains",
    ...PARAMETERS,
  },
} as const satisfies Readonly<Record<string, Metric>>;

const FORMER = { better: null, scale: "plain" } as const;

/**
 * Measures that results of earlier versions have, and no run makes any more. Their gradients are by the
 * factors of the adapters, whose basis differs by task and method: they compare no methods.
 */
export const FORMER_MEASURES = {
  gradient_alignment: {
    meaning: "mean cosine between the gradients of two tasks by all skills (former measure)",
    unit: "−1 to 1",
    ...FORMER,
  },
  merged_gradient_alignment: {
    meaning:
      "mean cosine between the gradients of two tasks by their merged factors (former measure)",
    unit: "−1 to 1",
    ...FORMER,
  },
  gradient_conflict: {
    meaning: "share of pairs of tasks whose gradients by all skills are opposed (former measure)",
    unit: "share, 0 to 1",
    ...FORMER,
  },
  gradient_coherence: {
    meaning: "norm of the mean gradient over the mean norm, by all skills (former measure)",
    unit: "0 to 1",
    ...FORMER,
  },
  gradient_reliability: {
    meaning: "mean cosine of two halves of a task's examples by merged factors (former measure)",
    unit: "−1 to 1",
    ...FORMER,
  },
} as const satisfies Readonly<Record<string, Metric>>;

/** What stands before the name of a score in a metric of a run. */
export type ScoredOn = keyof typeof SCORED_ON;

/** The name of a metric of a run. */
export type MetricName = `${ScoredOn}_${ScoreName}` | keyof typeof RUN_MEASURES;

/** Metrics of a run by name; null where a number was to be measured and there is none. */
export type RunMetrics = { [name in MetricName]?: number | null };

/**
 * Takes measures for metrics of a run. It returns what it is given; a name without a declaration does
 * not compile.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(declared({ density: 0.5 }), { density: 0.5 });
 * const other = { density: 0.5, wisdom: 1 };
 * // @ts-expect-error: nothing says what wisdom is, and which way is up
 * declared(other);
 * ```
 */
export function declared<M extends RunMetrics>(
  measures: M & { readonly [name in Exclude<keyof M, MetricName>]: never },
): RunMetrics {
  return measures;
}

/**
 * What is declared of a metric of runs, or of a score of tasks; undefined for any other column.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(metricNamed("heldout_teacher_gap")?.better, "lower");
 * assert.equal(
 *   metricNamed("seen_exact_match")?.meaning,
 *   "share of answers that equal a right one, on the tasks of multi-task training",
 * );
 * assert.equal(metricNamed("density")?.better, null);
 * assert.equal(metricNamed("method"), undefined);
 * ```
 */
export function metricNamed(name: string): Metric | undefined {
  const plain: Readonly<Record<string, Metric>> = {
    ...SCORES,
    ...RUN_MEASURES,
    ...FORMER_MEASURES,
  };
  if (Object.hasOwn(plain, name)) return plain[name];
  for (const [prefix, when] of Object.entries(SCORED_ON)) {
    const score = name.slice(prefix.length + 1);
    if (!name.startsWith(`${prefix}_`) || !Object.hasOwn(SCORES, score)) continue;
    const declared: Metric = SCORES[score as ScoreName];
    return { ...declared, meaning: `${declared.meaning}, ${when}` };
  }
  return undefined;
}
