/**
 * Adds one task's update to the base model's weights, and takes it back to the last bit. Until then
 * only that task can be computed.
 */
import type { BaseModel } from "../models/base_model.ts";
import * as tf from "../tf.ts";
import { type Adapter, requireLowRank } from "../poly/adapter.ts";
import { checkTask, fixedFactors } from "../poly/fixed_factors.ts";

/** Thrown when weights cannot be merged, or when a merged model cannot do something. */
export class MergeError extends Error {
  /** The name of the class. */
  override readonly name = "MergeError";
}

// deno-lint-ignore no-explicit-any -- the model's inputs and outputs do not matter here
type AnyBase = BaseModel<any, any>;

/**
 * One task of an adapter, merged into the base model's weights until that is undone.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Mlp } from "../models/mlp/model.ts";
 * import * as tf from "../tf.ts";
 * import { PolyConfig } from "../poly/config.ts";
 * import { makeAdapter } from "../poly/make_adapter.ts";
 *
 * await tf.setBackend("cpu");
 * const sizes = { in_features: 4, hidden_features: [], out_features: 2 };
 * const base = Mlp.fromConfig({ model_type: "mlp", ...sizes }, { seed: 0 });
 * const config = new PolyConfig({ target_modules: ["0"], init_weights: false });
 * const { adapter } = makeAdapter(base, "a", config, 0);
 * const weight = base.parameters.get("layers.0.weight");
 * const before = await weight.array();
 * const merge = new Merge(base, adapter, 0);
 * assert.notDeepEqual(await weight.array(), before);
 * merge.undo();
 * assert.deepEqual(await weight.array(), before);
 * ```
 */
export class Merge {
  readonly #originals = new Map<tf.Variable, tf.Tensor>();

  /**
   * Adds ΔW = (A·B)ᵀ / R of a task to the weight of every adapted layer.
   *
   * Source: tuners/lora/layer.py of PEFT, `get_delta_weight`; PEFT's Poly cannot merge
   *
   * @throws {TypeError} when `task` is not an integer
   * @throws {RangeError} when the adapter has no such task, or its skills are no low-rank factors
   * @throws {MergeError} when an adapted weight is tied to another, which would change too
   */
  constructor(base: AnyBase, readonly adapter: Adapter, readonly task: number) {
    checkTask("merge a task", adapter, task);
    requireLowRank("merge a task", adapter);
    for (const name of adapter.layers.keys()) refuseTied(base, `${name}.weight`);
    try {
      for (const [name, layer] of adapter.layers) {
        const weight = base.parameters.get(`${name}.weight`); // [O, I]
        const { A, B } = fixedFactors(layer, { task });
        const merged = tf.tidy(() => tf.add(weight, tf.div(tf.matMul(B, A, true, true), layer.rank)) // [O, I]
        );
        tf.dispose([A, B]);
        this.#originals.set(weight, tf.clone(weight));
        weight.assign(merged);
        merged.dispose();
      }
    } catch (error) {
      this.undo();
      throw error;
    }
  }

  /** Restores every weight exactly. */
  undo(): void {
    for (const [weight, original] of this.#originals) weight.assign(original);
    this.keep();
  }

  /** Keeps the changed weights for good. */
  keep(): void {
    tf.dispose([...this.#originals.values()]);
    this.#originals.clear();
  }

  /**
   * Throws unless all rows are of the merged task.
   *
   * @throws {MergeError} when a row has another task
   */
  checkTaskIds(taskIds: readonly number[]): void {
    const other = taskIds.find((id) => id !== this.task);
    if (other !== undefined) {
      throw new MergeError(
        `Cannot compute task ${other} as task ${this.task} of adapter "${this.adapter.name}" is ` +
          `merged into the weights; call unmergeAdapter() first`,
      );
    }
  }
}

/**
 * Replaces modules of the base model by the adapter's copies of the modules saved as a whole.
 *
 * @throws {MergeError} when one of them is tied to another parameter, which would change too
 */
export function replaceSavedModules(base: AnyBase, adapter: Adapter): void {
  for (const name of adapter.savedModules.keys()) refuseTied(base, name);
  for (const [name, saved] of adapter.savedModules) base.parameters.get(name).assign(saved);
}

/**
 * Throws when a parameter is tied to another.
 *
 * @throws {MergeError} when it is tied
 */
function refuseTied({ parameters }: AnyBase, name: string): void {
  const storage = parameters.storage(name);
  const names = [storage, ...parameters.aliases.keys()]
    .filter((other) => parameters.storage(other) === storage);
  if (names.length > 1) {
    throw new MergeError(
      `Cannot merge into ${name} as it is tied: ${
        names.join(" and ")
      } are one tensor, and all would ` +
        `change; load the base model with tie_word_embeddings false`,
    );
  }
}
