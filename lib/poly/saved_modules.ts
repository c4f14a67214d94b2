import type { ModuleInfo } from "../models/base_model.ts";
import type { Parameters, ParameterSource } from "../models/parameters.ts";
import * as tf from "../tf.ts";
import type { TaskType } from "./config.ts";

/** Heads that start at random, so that an adapter for the task trains and saves them. */
const HEADS: Partial<Record<TaskType, readonly string[]>> = {
  SEQ_CLS: ["classifier", "score"],
  TOKEN_CLS: ["classifier", "score"],
  QUESTION_ANS: ["qa_outputs"],
};

/**
 * `modules_to_save` with the heads that the task adds.
 *
 * Source: peft_model.py of PEFT, `PeftModelForSequenceClassification` and its siblings
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(withHeads(["norm"], "SEQ_CLS"), ["norm", "classifier", "score"]);
 * assert.equal(withHeads(null, "CAUSAL_LM"), null);
 * ```
 */
export function withHeads(
  modulesToSave: readonly string[] | null,
  taskType: TaskType | null,
): readonly string[] | null {
  const heads = taskType === null ? undefined : HEADS[taskType];
  if (heads === undefined) return modulesToSave;
  return [...new Set([...modulesToSave ?? [], ...heads])];
}

/**
 * The modules whose names end with one of `wanted`, a dot before it or not; those inside another are
 * left out. What matches nothing is passed over, as in PEFT.
 *
 * Source: utils/other.py of PEFT, `_set_trainable`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const modules = ["mlp", "mlp.norm", "lm_head"].map((name) => ({ name, kind: "Module" }));
 * assert.deepEqual(savedModuleNames(modules, ["head"]), ["lm_head"]);
 * assert.deepEqual(savedModuleNames(modules, ["norm", "mlp"]), ["mlp"]);
 * ```
 */
export function savedModuleNames(
  modules: readonly ModuleInfo[],
  wanted: readonly string[] | null,
): string[] {
  const hits = modules.map(({ name }) => name).filter((name) =>
    (wanted ?? []).some((ending) => name.endsWith(ending))
  );
  return hits.filter((name) => !hits.some((outer) => name.startsWith(`${outer}.`)));
}

/** Copies of the modules' parameters by name; a tied parameter becomes one of its own. */
export function copyModules(
  parameters: Parameters,
  modules: readonly string[],
): Map<string, tf.Variable> {
  const names = [...parameters.names, ...parameters.aliases.keys()].sort();
  return new Map(
    names
      .filter((name) => modules.some((module) => name.startsWith(`${module}.`)))
      .map((name) => [name, tf.variable(parameters.get(name))]),
  );
}

/** The base model's parameters, with the adapters' own copies in place of the modules they save. */
export function withSavedModules(
  base: ParameterSource,
  adapters: readonly { readonly savedModules: ReadonlyMap<string, tf.Variable> }[],
): ParameterSource {
  const copies = new Map(adapters.flatMap(({ savedModules }) => [...savedModules]));
  return {
    has: (name) => base.has(name),
    get: (name) => copies.get(name) ?? base.get(name),
  };
}
