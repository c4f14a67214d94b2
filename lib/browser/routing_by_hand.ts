import type { PeftModel } from "../peft/peft_model.ts";
import { routersOf } from "../poly/adapter.ts";
import type { Router } from "../poly/router.ts";
import { learnedRouting } from "../routing/learned.ts";
import * as tf from "../tf.ts";

/** The mixing weights of one router for one task: for each of H splits the weights of S skills, sum 1. */
export type SplitWeights = readonly (readonly number[])[];

/** A weight below which a skill counts as not taken: its logit is as low as float32 tells it apart. */
const LEAST = 1e-7;

/**
 * Amounts as shares of their sum; equal shares when all are zero.
 *
 * @param amounts numbers of at least 0
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(sharesOf([3, 1]), [0.75, 0.25]);
 * assert.deepEqual(sharesOf([0, 0]), [0.5, 0.5]);
 * ```
 */
export function sharesOf(amounts: readonly number[]): number[] {
  const total = amounts.reduce((sum, amount) => sum + amount, 0);
  return amounts.map((amount) => total === 0 ? 1 / amounts.length : amount / total);
}

/**
 * The weights of several tasks mixed by amounts, split by split.
 *
 * @param tasks weights of each task, all of the same numbers of splits and skills
 * @param amounts one of each task, at least 0
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(mixtureOf([[[1, 0]], [[0, 1]]], [3, 1]), [[0.75, 0.25]]);
 * ```
 */
export function mixtureOf(tasks: readonly SplitWeights[], amounts: readonly number[]): number[][] {
  const shares = sharesOf(amounts);
  return tasks[0]!.map((row, split) =>
    row.map((_, skill) =>
      shares.reduce((sum, share, task) => sum + share * tasks[task]![split]![skill]!, 0)
    )
  );
}

/**
 * Routing logits z whose weights, σ(z) / Σₛ σ(z), are the given ones; split-major, `[H·S]`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(logitsOf([[0.5, 0.5]]), [0, 0]);
 * const [[first]] = weightsOf(logitsOf([[0.75, 0.25]]), 1) as [[number]];
 * assert.ok(Math.abs(first - 0.75) < 1e-9);
 * ```
 */
export function logitsOf(weights: SplitWeights): number[] {
  return weights.flat().map((weight) => {
    const held = Math.min(Math.max(weight, LEAST), 1 - LEAST);
    return Math.log(held / (1 - held));
  });
}

/** The mixing weights that routing logits of one task give, `[H][S]`. */
export function weightsOf(logits: ArrayLike<number>, nSplits: number): number[][] {
  const nSkills = logits.length / nSplits;
  return Array.from({ length: nSplits }, (_, split) => {
    const taken = Array.from(
      { length: nSkills },
      (_, skill) => 1 / (1 + Math.exp(-logits[split * nSkills + skill]!)),
    );
    const total = taken.reduce((sum, part) => sum + part, 0) + 1e-12;
    return taken.map((part) => part / total);
  });
}

/** Whether routing logits alone decide an adapter's weights, and can be set. */
export function canRouteByHand(model: PeftModel, adapterName = "default"): boolean {
  const adapter = model.adapters.get(adapterName)!;
  return adapter.config.settings.router_type === "logits" &&
    [...routersOf(adapter)].every(({ isLearned, isPlain }) => isLearned && isPlain);
}

/**
 * One more task of an adapter, whose routing is set by hand or learned from a few examples. It begins as
 * the average of all tasks.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { useBackend } from "../backend/backend.ts";
 * import { Mlp } from "../models/mlp/model.ts";
 * import { PolyConfig } from "../poly/config.ts";
 * import { getPeftModel } from "../peft/peft_model.ts";
 *
 * await useBackend("cpu");
 * const sizes = { in_features: 4, hidden_features: [], out_features: 2 };
 * const base = Mlp.fromConfig({ model_type: "mlp", ...sizes }, { seed: 0 });
 * const config = new PolyConfig({ target_modules: ["0"], n_tasks: 3, n_skills: 2 });
 * const routing = await RoutingByHand.add(getPeftModel(base, config));
 * routing.set("layers.0", [[0.9, 0.1]]);
 * assert.equal(routing.task, 3);
 * assert.ok(Math.abs(routing.weights("layers.0")[0]![0]! - 0.9) < 1e-6);
 * ```
 */
export class RoutingByHand {
  readonly #model: PeftModel;
  readonly #logits: Map<string, number[][]>;

  private constructor(model: PeftModel, readonly task: number, logits: Map<string, number[][]>) {
    this.#model = model;
    this.#logits = logits;
  }

  /**
   * Gives the adapter `default` of a model one more task.
   *
   * @throws {RangeError} when its routing is not what logits alone decide
   */
  static async add(model: PeftModel): Promise<RoutingByHand> {
    const task = model.adapters.get("default")!.config.n_tasks;
    if (!canRouteByHand(model)) {
      throw new RangeError(
        "Cannot route by hand as the adapter's routing must be learned logits of its tasks, " +
          "normalised over skills",
      );
    }
    model.resizeTasks(task + 1);
    const routing = new RoutingByHand(model, task, await logitsByRouter(model));
    for (const name of routing.names) {
      const tasks = Array.from({ length: task }, (_, id) => routing.weights(name, id));
      routing.set(name, mixtureOf(tasks, tasks.map(() => 1)));
    }
    return routing;
  }

  /** The names of the routers, in the order of the model's layers. */
  get names(): string[] {
    return [...this.#logits.keys()];
  }

  /** The weights of a router for a task, by default that of the hand: `[H][S]`. */
  weights(name: string, task: number = this.task): number[][] {
    return weightsOf(this.#logits.get(name)![task]!, this.#router(name).nSplits);
  }

  /** Sets the weights of a router for the task of the hand. */
  set(name: string, weights: SplitWeights): void {
    const rows = this.#logits.get(name)!;
    rows[this.task] = logitsOf(weights);
    const values = tf.tensor2d(rows);
    this.#router(name).moduleLogits.assign(values);
    values.dispose();
  }

  /** Reads the logits again, after they were trained. */
  async read(): Promise<void> {
    for (const [name, rows] of await logitsByRouter(this.#model)) this.#logits.set(name, rows);
  }

  #router(name: string): Router {
    return [...routersOf(this.#model.adapters.get("default")!)].find((router) =>
      router.name === name
    )!;
  }
}

async function logitsByRouter(model: PeftModel): Promise<Map<string, number[][]>> {
  const learned = await learnedRouting(model.adapters.get("default")!);
  return new Map(learned.map(({ name, moduleLogits }) => [
    name,
    moduleLogits.map((row) => Array.from(row)),
  ]));
}
