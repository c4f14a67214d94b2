/**
 * Measures the state of routers: how decided and how evenly used their skills are, and how
 * similarly tasks route. Everything is computed from the logits, on the host.
 */
import { dot, mean } from "../util/vectors.ts";

/** Learned logits of one router. Letters: `T` tasks, `H` splits, `S` skills. */
export interface RouterLogits {
  /** Name of the router's layer, for messages. */
  readonly name: string;
  /**
   * Routing logits Z, split-major; shape `[T, H·S]`. Leave out rows of tasks that were not trained.
   */
  readonly moduleLogits: readonly ArrayLike<number>[];
  /** Number of skills S; at least 1. */
  readonly nSkills: number;
  /** Number of splits H; at least 1. */
  readonly nSplits: number;
}

/**
 * Measures of a router's state. For a task, p = σ(z) is the probability that it takes a skill, and
 * w = p / Σₛ p are its mixing weights. Every split routes on its own: each measure is the mean over
 * splits.
 */
export interface RoutingMeasures {
  /**
   * Indecision: mean entropy of Bernoulli(p) in bits, in [0, 1]; 0 is binary. The figure in P shows
   * 1 − entropy and calls it discreteness (eq. 8).
   */
  readonly entropy: number;
  /**
   * Share of skills that are active, p > ½, in [0, 1] (eq. 9; a p of ½ rounds to 0 as in torch).
   */
  readonly density: number;
  /**
   * Evenness of the use of skills over all tasks: entropy of the normalised column sums of p over
   * log S, in [0, 1]; 1 when all are used equally (eq. 10), and when there is one skill.
   */
  readonly usage: number;
  /** Number of skills that a task mixes: the mean of exp(entropy of w), in [1, S]. */
  readonly effective_skills: number;
  /** Mean number of active skills of a task, in [0, S]. */
  readonly active_skills: number;
}

/**
 * Measures one router.
 *
 * Source: Ponti et al. 2022 (P), arXiv 2202.13914, eqs. 8–10
 *
 * @throws {RangeError} when there is no task, a row does not have H·S logits, or a logit is not
 * finite
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const one = { name: "q", nSkills: 2, nSplits: 1 };
 * assert.equal(measureRouting({ ...one, moduleLogits: [[0, 0], [0, 0]] }).effective_skills, 2);
 * const binary = measureRouting({ ...one, moduleLogits: [[99, -99], [-99, 99]] });
 * assert.equal(binary.density, 0.5);
 * assert.ok(binary.entropy < 1e-9 && binary.usage > 1 - 1e-9 && binary.effective_skills < 1 + 1e-9);
 * ```
 */
export function measureRouting(router: RouterLogits): RoutingMeasures {
  check(router);
  const { nSkills: S, nSplits: H } = router;
  const routings = Array.from(
    { length: H },
    (_, split) => measureSplit(logitsOf(router, split), S),
  );
  return meanOf(routings);
}

/**
 * The mean over layers of {@linkcode measureRouting}.
 *
 * @param routers at least one
 * @throws {RangeError} when there is none, or one cannot be measured
 */
export function meanRouting(routers: readonly RouterLogits[]): RoutingMeasures {
  if (routers.length === 0) {
    throw new RangeError("Cannot measure routing as there must be at least one router");
  }
  return meanOf(routers.map(measureRouting));
}

/**
 * Similarity of the tasks' routing: the cosine of their mixing weights, concatenated over layers
 * and splits; shape `[T, T]`, entries in [0, 1].
 *
 * @param routers at least one, all of the same tasks
 * @throws {RangeError} when there is none, they differ in tasks, or one cannot be measured
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const moduleLogits = [[9, 9, -99, -99], [9, 9, -99, -99], [-99, -99, 9, 9]];
 * const [first] = taskSimilarity([{ name: "q", moduleLogits, nSkills: 4, nSplits: 1 }]);
 * assert.deepEqual(first!.map((cosine) => Math.round(cosine * 1e6) / 1e6), [1, 1, 0]);
 * ```
 */
export function taskSimilarity(routers: readonly RouterLogits[]): number[][] {
  const weights = concatenatedWeights(routers);
  const norms = weights.map((row) => Math.sqrt(dot(row, row)));
  return weights.map((a, i) => weights.map((b, j) => dot(a, b) / (norms[i]! * norms[j]!)));
}

/**
 * The mixing weights of each split; shape `[H][T, S]`, rows sum to 1.
 *
 * Skills of different layers and splits correspond to each other in nothing but their indices:
 * compare each split with the truth on its own, not their average.
 *
 * @throws {RangeError} when the router cannot be measured
 */
export function splitMixingWeights(router: RouterLogits): number[][][] {
  check(router);
  return Array.from(
    { length: router.nSplits },
    (_, split) => logitsOf(router, split).map(proportions),
  );
}

/** One row per task: the weights of all splits of all layers, concatenated. */
function concatenatedWeights(routers: readonly RouterLogits[]): number[][] {
  if (routers.length === 0) {
    throw new RangeError("Cannot compare tasks as there must be at least one router");
  }
  const T = routers[0]!.moduleLogits.length;
  for (const { name, moduleLogits } of routers) {
    if (moduleLogits.length !== T) {
      throw new RangeError(
        `Cannot compare tasks as routers differ in tasks: "${routers[0]!.name}" has ${T}, ` +
          `"${name}" has ${moduleLogits.length}`,
      );
    }
  }
  const splits = routers.flatMap(splitMixingWeights);
  return Array.from({ length: T }, (_, task) => splits.flatMap((weights) => weights[task]!));
}

function check({ name, moduleLogits, nSkills, nSplits }: RouterLogits): void {
  const action = `Cannot measure router "${name}" as`;
  if (moduleLogits.length === 0) throw new RangeError(`${action} it must have at least one task`);
  for (const [task, row] of moduleLogits.entries()) {
    if (row.length !== nSplits * nSkills) {
      throw new RangeError(
        `${action} task ${task} has ${row.length} logits: ${nSplits} splits of ${nSkills} skills ` +
          `have ${nSplits * nSkills}`,
      );
    }
    const wild = Array.from(row).find((logit) => !Number.isFinite(logit));
    if (wild !== undefined) {
      throw new RangeError(`${action} logits must be finite: task ${task} has ${wild}`);
    }
  }
}

/** The logits of one split; shape `[T, S]`. */
function logitsOf({ moduleLogits, nSkills: S }: RouterLogits, split: number): number[][] {
  return moduleLogits.map((row) => Array.from(row).slice(split * S, (split + 1) * S));
}

function measureSplit(logits: readonly number[][], S: number): RoutingMeasures {
  const active = logits.map((row) => row.filter((z) => z > 0).length);
  const claims = proportions(logits.flat());
  const claimed = Array.from(
    { length: S },
    (_, skill) => claims.reduce((sum, claim, i) => i % S === skill ? sum + claim : sum, 0),
  );
  return {
    entropy: mean(logits.flat().map(bernoulliEntropy)) / Math.LN2,
    density: mean(active) / S,
    usage: S === 1 ? 1 : entropyOf(claimed) / Math.log(S),
    effective_skills: mean(logits.map((row) => Math.exp(entropyOf(proportions(row))))),
    active_skills: mean(active),
  };
}

/**
 * σ(z) scaled to sum 1, through logarithms, so that even values that underflow keep their
 * proportions.
 */
function proportions(logits: readonly number[]): number[] {
  const logs = logits.map((z) => -softplus(-z));
  const largest = Math.max(...logs);
  const amounts = logs.map((log) => Math.exp(log - largest));
  const total = amounts.reduce((sum, amount) => sum + amount, 0);
  return amounts.map((amount) => amount / total);
}

function meanOf(measures: readonly RoutingMeasures[]): RoutingMeasures {
  const over = (key: keyof RoutingMeasures) => mean(measures.map((measure) => measure[key]));
  return {
    entropy: over("entropy"),
    density: over("density"),
    usage: over("usage"),
    effective_skills: over("effective_skills"),
    active_skills: over("active_skills"),
  };
}

function sigmoid(z: number): number {
  return 1 / (1 + Math.exp(-z));
}

/** log(1 + eˣ). */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** Entropy of a Bernoulli variable with probability σ(z), in nats. */
function bernoulliEntropy(z: number): number {
  return sigmoid(z) * softplus(-z) + sigmoid(-z) * softplus(z);
}

/** Entropy of proportions, in nats. */
function entropyOf(shares: readonly number[]): number {
  return -shares.reduce((sum, share) => sum + (share > 0 ? share * Math.log(share) : 0), 0);
}
