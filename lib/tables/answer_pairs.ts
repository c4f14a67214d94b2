/** Sets the answers of two cells side by side: which examples does one answer rightly and the other not? */
import type { KeptPrediction } from "../run/predictions/file.ts";
import { valuesOf } from "./groups.ts";
import { type AnswerFilter, answersOf, isRight } from "./predictions.ts";
import type { Study } from "./study.ts";
import { type Row, tableOf } from "./table.ts";

/** Two cells that are compared. */
export interface CellPair {
  /** The settings in which any of the compared cells differ, and their values in the first. */
  readonly a: Row;
  /** The same of the second. */
  readonly b: Row;
  /** Runs of both with the same seed. */
  readonly runs: readonly (readonly [a: Row, b: Row])[];
}

/**
 * Pairs runs of the same seed. Where the second side is one cell, every cell of the first is compared with
 * it; else each is compared with the one that equals it in every setting but those named.
 *
 * @param a rows of the table of runs
 * @param b rows of the same table
 * @param varying names of the settings that differ between runs
 * @param named settings by which `b` was chosen
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const run = (method: string, seed: number) => ({ id: `${method}${seed}`, method, seed });
 * const a = [run("poly", 0), run("poly", 1), run("poly", 2)];
 * const [pair] = pairCells(a, [run("shared", 1), run("shared", 0)], ["method", "seed"], ["method"]);
 * assert.deepEqual([pair!.a, pair!.b], [{ method: "poly" }, { method: "shared" }]);
 * assert.deepEqual(pair!.runs.map(([a, b]) => `${a.id} ${b.id}`), ["poly0 shared0", "poly1 shared1"]);
 * ```
 */
export function pairCells(
  a: readonly Row[],
  b: readonly Row[],
  varying: readonly string[],
  named: readonly string[],
): CellPair[] {
  const all = tableOf([...a, ...b]);
  const settings = varying.filter((key) => key !== "seed" && valuesOf(all, key).length > 1);
  const cellOf = (run: Row) => Object.fromEntries(settings.map((key) => [key, run[key]!]));
  const textOf = (run: Row, keys: readonly string[]) => JSON.stringify(keys.map((key) => run[key]));
  const isOneCell = new Set(b.map((run) => textOf(run, settings))).size === 1;
  const same = ["seed", ...isOneCell ? [] : settings.filter((key) => !named.includes(key))];
  const partners = new Map(b.map((run) => [textOf(run, same), run]));
  const pairs = new Map<string, { a: Row; b: Row; runs: [Row, Row][] }>();
  for (const run of a) {
    const partner = partners.get(textOf(run, same));
    if (partner === undefined) continue;
    const cell = textOf(run, settings);
    const pair = pairs.get(cell) ?? { a: cellOf(run), b: cellOf(partner), runs: [] };
    pair.runs.push([run, partner]);
    pairs.set(cell, pair);
  }
  return [...pairs.values()];
}

/** How two answers to one example compare. */
export const PAIR_OUTCOMES = ["both_right", "only_a", "only_b", "both_wrong"] as const;

/** Which of two answers to one example is right. */
export type PairOutcome = typeof PAIR_OUTCOMES[number];

/** Two answers to the same example. */
export interface AnswerPair {
  readonly outcome: PairOutcome;
  readonly a: KeptPrediction;
  readonly b: KeptPrediction;
}

/**
 * The answers of two runs to the same examples: those of one task, draw and place whose texts are equal.
 *
 * @returns null in place of a pair for each answer of the first run that has no such partner
 * @throws what {@linkcode answersOf} throws
 */
export async function* answerPairs(
  study: Pick<Study, "dir">,
  [a, b]: CellPair["runs"][number],
  filter: AnswerFilter,
): AsyncGenerator<AnswerPair | null> {
  const keyOf = ({ phase, task, split, example }: KeptPrediction) =>
    JSON.stringify([phase, task, split, example]);
  const partners = new Map<string, KeptPrediction>();
  for await (const kept of answersOf(study, b, filter)) partners.set(keyOf(kept), kept);
  for await (const kept of answersOf(study, a, filter)) {
    const partner = partners.get(keyOf(kept));
    const isSame = partner !== undefined && partner.input === kept.input &&
      JSON.stringify(partner.references) === JSON.stringify(kept.references);
    yield isSame ? { outcome: outcomeOf(kept, partner), a: kept, b: partner } : null;
  }
}

function outcomeOf(a: KeptPrediction, b: KeptPrediction): PairOutcome {
  if (isRight(a)) return isRight(b) ? "both_right" : "only_a";
  return isRight(b) ? "only_b" : "both_wrong";
}
