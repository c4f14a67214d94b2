import { type StageFacts, stageKey } from "../../stages/stage.ts";
import type { RunConfig } from "../config.ts";
import {
  adaptationFacts,
  averageFacts,
  baseFacts,
  type Basis,
  checkpointFacts,
  multiTaskFacts,
  routingFacts,
  seenFacts,
  zeroShotFacts,
} from "./facts.ts";

/**
 * Tells which stages some runs depend on, whatever code and machine has made them.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "../config.ts";
 * import { multiTaskFacts } from "./facts.ts";
 *
 * const [four, eight] = [4, 8].map((n_skills) => parseRunConfig({ n_skills }));
 * const kept = [four!, eight!].map((config) => ({ facts: multiTaskFacts(config, { cpu: "any" }) }));
 * const users = new StageUsers([four!], kept);
 * assert.deepEqual(kept.map((stage) => users.has(stage)), [true, false]);
 * ```
 */
export class StageUsers {
  readonly #keys: ReadonlySet<string>;

  /**
   * @param configs of the runs
   * @param kept the stages that may be asked for; runs depend on them on every basis that one was made on
   */
  constructor(configs: readonly RunConfig[], kept: readonly MaybeStage[]) {
    const bases = basesOf(kept);
    this.#keys = new Set(
      configs.flatMap((config) => bases.flatMap((basis) => keysOf(config, basis))),
    );
  }

  /** Whether one of the runs depends on a file; on none that is no whole stage. */
  has({ facts }: MaybeStage): boolean {
    return facts !== null && this.#keys.has(stageKey(anyTask(facts)));
  }
}

/** A kept file, with what its stage depends on; null for one that is no whole stage. */
type MaybeStage = { readonly facts: StageFacts | null };

/** Every basis on which some stages were made; later stages name the multi-task phase in place of it. */
function basesOf(kept: readonly MaybeStage[]): Basis[] {
  const texts = kept.flatMap(({ facts }) =>
    facts?.basis === undefined ? [] : [JSON.stringify(facts.basis)]
  );
  return [...new Set(texts)].map((text) => JSON.parse(text) as Basis);
}

/** The keys of all stages of a run; a held-out task stands for each. */
function keysOf(config: RunConfig, basis: Basis): string[] {
  const multiTask = multiTaskFacts(config, basis);
  const key = stageKey(multiTask);
  const average = averageFacts(config, key);
  const isAveraged = config.average_steps > 0;
  const trained = isAveraged ? stageKey(average) : key;
  const draws = config.n_heldout_tasks === 0 || config.adaptation === "none"
    ? []
    : Array.from({ length: config.shot_splits }, (_, split) => split);
  return [
    key,
    stageKey(checkpointFacts(multiTask)),
    stageKey(seenFacts(config, key)),
    ...isAveraged
      ? [average, checkpointFacts(average), zeroShotFacts(config, trained)].map(stageKey)
      : [],
    ...config.method === "poly" ? [stageKey(routingFacts(key))] : [],
    ...config.n_heldout_tasks === 0 ? [] : [stageKey(baseFacts(config, basis))],
    ...draws.map((split) => stageKey(anyTask(adaptationFacts(config, trained, ANY, split)))),
  ];
}

const ANY = { name: "", index: 0 };

/** The facts of a stage of one held-out task as those of any: what tasks there are is in files. */
function anyTask(facts: StageFacts): StageFacts {
  return facts.kind === "adaptation" ? { ...facts, task: ANY.name, index: ANY.index } : facts;
}
