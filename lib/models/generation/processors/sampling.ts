/**
 * What sampling does to the scores before it draws. At least one token is always kept.
 *
 * Source: transformers generation/logits_process.py and, for their order, generation/utils.py,
 * `_get_logits_processor`
 *
 * @module
 */
import { Largest } from "../largest.ts";
import type { GenerateSettings } from "../settings.ts";
import { logSoftmax, softmax } from "../softmax.ts";

/** A processor that looks at the scores alone. */
export type SamplingProcessor = (scores: Float32Array) => void;

/** The settings that change what sampling may draw. */
export type SamplingOptions = Pick<
  GenerateSettings,
  | "temperature"
  | "top_h"
  | "top_k"
  | "top_p"
  | "min_p"
  | "typical_p"
  | "epsilon_cutoff"
  | "eta_cutoff"
>;

/** What sampling applies to the scores, in the reference's order. */
export function samplingProcessors(options: Partial<SamplingOptions>): SamplingProcessor[] {
  const processors: SamplingProcessor[] = [];
  const { temperature: t = 1, top_h = null, top_k = 0, top_p = 1, min_p = null } = options;
  const { typical_p = 1, epsilon_cutoff = 0, eta_cutoff = 0 } = options;
  if (t !== 1) processors.push(temperature(t));
  if (top_h !== null) processors.push(topH(top_h));
  if (top_k > 0) processors.push(topK(top_k));
  if (top_p < 1) processors.push(topP(top_p));
  if (min_p !== null) processors.push(minP(min_p));
  if (typical_p < 1) processors.push(typicalP(typical_p));
  if (epsilon_cutoff > 0) processors.push(epsilonCutoff(epsilon_cutoff));
  if (eta_cutoff > 0) processors.push(etaCutoff(eta_cutoff));
  return processors;
}

/**
 * Divides the scores by `value`: above 1 the choice is more even, below 1 more decided.
 *
 * Source: transformers generation/logits_process.py, `TemperatureLogitsWarper`
 *
 * @param value the temperature; above 0
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const scores = new Float32Array([1, 3]);
 * temperature(2)(scores);
 * assert.deepEqual([...scores], [0.5, 1.5]);
 * ```
 */
export function temperature(value: number): SamplingProcessor {
  const divisor = Math.fround(value);
  return (scores) => {
    for (let token = 0; token < scores.length; token++) scores[token]! /= divisor;
  };
}

/**
 * Forbids all but the `size` best tokens; those that equal the last of them stay too.
 *
 * Source: transformers generation/logits_process.py, `TopKLogitsWarper`
 *
 * @param size how many tokens to keep; at least 1
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const scores = new Float32Array([1, 3, 2, 2]);
 * topK(2)(scores);
 * assert.deepEqual([...scores], [-Infinity, 3, 2, 2]);
 * ```
 */
export function topK(size: number): SamplingProcessor {
  return (scores) => {
    const best = new Largest(Math.min(size, scores.length));
    for (let token = 0; token < scores.length; token++) best.offer(scores[token]!, token);
    const least = best.values.at(-1)!;
    for (let token = 0; token < scores.length; token++) {
      if (scores[token]! < least) scores[token] = -Infinity;
    }
  };
}

/**
 * Keeps the smallest set of best tokens whose probabilities add up to `mass` at least, one token at
 * least. Of equal tokens at the border those of higher id stay.
 *
 * Source: transformers generation/logits_process.py, `TopPLogitsWarper`, with single precision where
 * PyTorch has it.
 *
 * @param mass the probability to keep; in [0, 1]
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const scores = Float32Array.from([0.1, 0.6, 0.3], Math.log);
 * topP(0.7)(scores);
 * assert.deepEqual([...scores].map(Number.isFinite), [false, true, true]);
 * ```
 */
export function topP(mass: number): SamplingProcessor {
  const tail = Math.fround(1 - mass);
  return (scores) => {
    const ascending: number[] = [];
    for (let token = 0; token < scores.length; token++) {
      if (scores[token] !== -Infinity) ascending.push(token);
    }
    ascending.sort((a, b) => scores[a]! - scores[b]! || a - b);
    const highest = scores[ascending.at(-1)!]!;
    const weights = ascending.map((token) => Math.exp(Math.fround(scores[token]! - highest)));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let cumulative = 0;
    for (const [rank, token] of ascending.slice(0, -1).entries()) {
      cumulative += Math.fround(weights[rank]! / total);
      if (Math.fround(cumulative) > tail) break;
      scores[token] = -Infinity;
    }
  };
}

/**
 * Keeps the best of the 100 best tokens whose entropy together stays within a share of their own.
 *
 * Source: `TopHLogitsWarper`
 *
 * @param share of the entropy; in (0, 1]
 */
export function topH(share: number): SamplingProcessor {
  return (scores) => {
    const best = new Largest(Math.min(100, scores.length));
    for (let token = 0; token < scores.length; token++) best.offer(scores[token]!, token);
    const chances = softmax(best.values);
    const entropies = Array.from(
      chances,
      (chance) => chance === 0 ? 0 : -chance * Math.log(chance),
    );
    const most = share * entropies.reduce((sum, entropy) => sum + entropy, 0);
    const kept = new Set<number>();
    let cumulative = 0;
    for (const [rank, entropy] of entropies.entries()) {
      cumulative += entropy;
      if (rank === 0 || cumulative <= most) kept.add(best.indices[rank]!);
    }
    for (let token = 0; token < scores.length; token++) {
      if (!kept.has(token)) scores[token] = -Infinity;
    }
  };
}

/**
 * Keeps the tokens that are at least `share` times as probable as the best one.
 *
 * Source: `MinPLogitsWarper`
 *
 * @param share in [0, 1]
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const scores = Float32Array.from([0.1, 0.6, 0.3], Math.log);
 * minP(0.4)(scores);
 * assert.deepEqual([...scores].map(Number.isFinite), [false, true, true]);
 * ```
 */
export function minP(share: number): SamplingProcessor {
  return (scores) => {
    const chances = softmax(scores);
    const least = Math.fround(share * chances.reduce((a, b) => Math.max(a, b)));
    forbidBelow(scores, chances, least);
  };
}

/**
 * Keeps the tokens whose surprise is nearest to the expected one, until their probabilities reach
 * `mass`.
 *
 * Source: `TypicalLogitsWarper`; Meister et al. 2022, Locally Typical Sampling (arXiv 2202.00666)
 *
 * @param mass the probability to keep; in (0, 1)
 */
export function typicalP(mass: number): SamplingProcessor {
  return (scores) => {
    const logs = logSoftmax(scores.slice());
    const entropy = Math.fround(
      logs.reduce((sum, log) => log === -Infinity ? sum : sum - log * Math.exp(log), 0),
    );
    const oddness = logs.map((log) => Math.abs(-log - entropy));
    const order = [...oddness.keys()].sort((a, b) => oddness[a]! - oddness[b]! || a - b);
    let last = 0;
    let cumulative = 0;
    for (const token of order) {
      cumulative += Math.exp(logs[token]!);
      if (Math.fround(cumulative) >= mass) break;
      last++;
    }
    const most = oddness[order[Math.min(last, order.length - 1)]!]!;
    for (const token of order.slice(1)) if (oddness[token]! > most) scores[token] = -Infinity;
  };
}

/**
 * Keeps the tokens whose probability is at least `least`, and the best one.
 *
 * Source: `EpsilonLogitsWarper`
 *
 * @param least in (0, 1)
 */
export function epsilonCutoff(least: number): SamplingProcessor {
  return (scores) => forbidBelow(scores, softmax(scores), least);
}

/**
 * Keeps the tokens whose probability is at least min(ε, √ε · e^(−entropy)), and the best one.
 *
 * Source: `EtaLogitsWarper`; Hewitt et al. 2022, Truncation Sampling (arXiv 2210.15191)
 *
 * @param epsilon ε; in (0, 1)
 */
export function etaCutoff(epsilon: number): SamplingProcessor {
  return (scores) => {
    const chances = softmax(scores);
    const entropy = chances.reduce((sum, p) => p === 0 ? sum : sum - p * Math.log(p), 0);
    forbidBelow(scores, chances, Math.min(epsilon, Math.sqrt(epsilon) * Math.exp(-entropy)));
  };
}

/** Forbids the tokens less probable than `least`, except those of the highest score. */
function forbidBelow(scores: Float32Array, chances: Float32Array, least: number): void {
  const best = scores.reduce((a, b) => Math.max(a, b));
  for (let token = 0; token < scores.length; token++) {
    if (chances[token]! < least && scores[token]! < best) scores[token] = -Infinity;
  }
}
