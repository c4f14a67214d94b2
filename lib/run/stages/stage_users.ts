import { type StageFacts, stageKey } from "../../stages/stage.ts";
import type { RunConfig } from "../config.ts";
import {
  adaptationFacts,
  baseFacts,
  type Basis,
  checkpointFacts,
  multiTaskFacts,
  routingFacts,
  seenFacts,
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
 * const users = new StageUsers([four!]);
 * assert.ok(users.has(multiTaskFacts(four!, { cpu: "any" })));
 * assert.ok(!users.has(multiTaskFacts(eight!, { cpu: "any" })));
 * ```
 */
export class StageUsers {
  /** The keys of what the runs depend on, by the basis of a stage. */
  readonly #keys = new Map<string, ReadonlySet<string>>();

  constructor(readonly configs: readonly RunConfig[]) {}

  /** Whether one of the runs depends on a stage. */
  has(facts: StageFacts, bases: readonly Basis[] = basesOf([facts])): boolean {
    const key = stageKey(anyTask(facts));
    return bases.some((basis) => this.#keysOn(basis).has(key));
  }

  #keysOn(basis: Basis): ReadonlySet<string> {
    const name = JSON.stringify(basis);
    let keys = this.#keys.get(name);
    if (keys === undefined) {
      this.#keys.set(name, keys = new Set(this.configs.flatMap((config) => keysOf(config, basis))));
    }
    return keys;
  }
}

/** Every basis on which some stages were made; later stages name the multi-task phase in place of it. */
export function basesOf(stages: readonly StageFacts[]): Basis[] {
  const texts = stages.flatMap(({ basis }) => basis === undefined ? [] : [JSON.stringify(basis)]);
  return [...new Set(texts)].map((text) => JSON.parse(text) as Basis);
}

/** The keys of all stages of a run; a held-out task stands for each. */
function keysOf(config: RunConfig, basis: Basis): string[] {
  const multiTask = multiTaskFacts(config, basis);
  const key = stageKey(multiTask);
  const draws = config.n_heldout_tasks === 0 || config.adaptation === "none"
    ? []
    : Array.from({ length: config.shot_splits }, (_, split) => split);
  return [
    key,
    stageKey(checkpointFacts(multiTask)),
    stageKey(seenFacts(config, key)),
    ...config.method === "poly" ? [stageKey(routingFacts(key))] : [],
    ...config.n_heldout_tasks === 0 ? [] : [stageKey(baseFacts(config, basis))],
    ...draws.map((split) => stageKey(anyTask(adaptationFacts(config, key, ANY, split)))),
  ];
}

const ANY = { name: "", index: 0 };

/** The facts of a stage of one held-out task as those of any: what tasks there are is in files. */
function anyTask(facts: StageFacts): StageFacts {
  return facts.kind === "adaptation" ? { ...facts, task: ANY.name, index: ANY.index } : facts;
}
