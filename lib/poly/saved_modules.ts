/**
 * Modules that an adapter trains and saves as a whole, such as the head of a classifier: which they
 * are, and the adapter's copies of them.
 */
import type { ModuleInfo } from "../models/base_model.ts";
import type { Parameters, ParameterSource } from "../models/parameters.ts";
import * as tf from "../tf.ts";
import type { TaskType } from "./config.ts";

/** Randomly initialised heads of each task type, which an adapter must train and save. */
const HEADS: Partial<Record<TaskType, readonly string[]>> = {
  SEQ_CLS: ["classifier", "score"],
  TOKEN_CLS: ["classifier", "score"],
  QUESTION_ANS: ["qa_outputs"],
};

/**
 * Adds the heads of the task type to `modules_to_save`.
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
 * The modules whose names end with one of `wanted`, with or without a dot before it; modules inside
 * another are left out. Names in `wanted` that match nothing are ignored, as in PEFT.
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

/** Copies the parameters of modules, by name; a tied parameter becomes a separate one. */
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

/** Parameters of the base model, with the adapters' copies in place of those of saved modules. */
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
