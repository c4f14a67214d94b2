import * as tf from "../tf.ts";
import { randomStream } from "../util/random.ts";
import { type Adapter, routersOf } from "./adapter.ts";
import { Router } from "./router.ts";

/** Options of {@linkcode resizeTasks}. */
export interface ResizeOptions {
  /** Tasks to keep, in their new order; when absent, all of them, for which `n` must do. */
  readonly keep?: readonly number[];
  /**
   * Initial routing of a new task: `fresh` draws its logits from U(−0.001, 0.001), which mixes all
   * skills almost equally; `copyFrom` copies the routing of an old task.
   */
  readonly init?: "fresh" | { readonly copyFrom: number };
  /** Seed of the fresh logits; 0 when absent. */
  readonly seed?: number;
}

/**
 * Makes an adapter with another number of tasks: the same skills, and routing for `n` tasks, of
 * which the first are those kept. It shares everything except its routers with `adapter`; the
 * caller disposes the old routers.
 *
 * @param n number of tasks of the result; above 0
 * @throws {TypeError} when a number is not an integer
 * @throws {RangeError} when more tasks are kept than `n`, when one does not exist or is kept twice,
 * when a fixed allocation has no amounts for a fresh task, or when a hyper-network routes
 *
 * Source: mttl, models/modifiers/routing.py, `resize_module_logits`; tuners/poly/router.py of PEFT,
 * `reset`, for the range of fresh logits
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Mlp } from "../models/mlp/model.ts";
 * import * as tf from "../tf.ts";
 * import { PolyConfig } from "./config.ts";
 * import { makeAdapter } from "./make_adapter.ts";
 *
 * await tf.setBackend("cpu");
 * const sizes = { in_features: 4, hidden_features: [], out_features: 2 };
 * const base = Mlp.fromConfig({ model_type: "mlp", ...sizes }, { seed: 0 });
 * const { adapter } = makeAdapter(base, "a", new PolyConfig({ target_modules: ["0"], n_tasks: 5 }), 0);
 * const resized = resizeTasks(adapter, 3, { keep: [4], init: "fresh", seed: 1 });
 * assert.equal(resized.config.n_tasks, 3);
 * assert.deepEqual(resized.layers.get("layers.0")!.router.moduleLogits.shape, [3, 4]);
 * ```
 */
export function resizeTasks(
  adapter: Adapter,
  n: number,
  { keep, init = "fresh", seed = 0 }: ResizeOptions = {},
): Adapter {
  const { n_tasks: T, settings } = adapter.config;
  if (settings.router_type !== "logits") {
    throw new RangeError(
      `Cannot resize adapter "${adapter.name}" as its tasks have no routing logits: router_type is ` +
        `"${settings.router_type}"; make an adapter of ${n} tasks and copy the skills`,
    );
  }
  const kept = keep ?? Array.from({ length: T }, (_, task) => task);
  const copied = init === "fresh" ? [] : [init.copyFrom];
  checkSizes(adapter, n, kept, copied);

  const source: (number | null)[] = [
    ...kept,
    ...Array.from({ length: n - kept.length }, () => copied[0] ?? null),
  ];
  if (settings.router_allocation !== null && source.includes(null)) {
    throw new RangeError(
      `Cannot resize adapter "${adapter.name}" to ${n} tasks as its allocation is fixed: a fresh task ` +
        `would have no amounts; use init: { copyFrom: task }`,
    );
  }
  const router_allocation = settings.router_allocation === null
    ? null
    : source.map((task) => settings.router_allocation![task!]!);
  const config = adapter.config.with({ n_tasks: n, settings: { router_allocation } });

  const routers = new Map(
    [...routersOf(adapter)].map((old) => [
      old,
      new Router(old.name, resized(old, source, seed), old.nSkills, old.nSplits, config.settings),
    ]),
  );
  const layers = new Map(
    [...adapter.layers].map((
      [name, layer],
    ) => [name, { ...layer, router: routers.get(layer.router)! }]),
  );
  const formLayers = new Map(
    [...adapter.formLayers].map((
      [name, layer],
    ) => [name, layer.withRouter(routers.get(layer.router)!)]),
  );
  return { ...adapter, config, layers, formLayers };
}

/** Routing logits whose row `i` is row `source[i]` of the old ones, or fresh. */
function resized(
  { name, moduleLogits }: Router,
  source: readonly (number | null)[],
  seed: number,
): tf.Variable {
  const [T, width] = moduleLogits.shape as [number, number];
  const stream = randomStream(seed, `resize_tasks/${name}`);
  return tf.tidy(() => {
    // Old rows are taken by a product with one-hot rows: 1·z + 0 equals z to the last bit.
    const pick = tf.tensor2d(
      source.flatMap((task) => Array.from({ length: T }, (_, old) => old === task ? 1 : 0)),
      [source.length, T],
    );
    const fresh = tf.tensor2d(
      source.flatMap((task) =>
        Array.from({ length: width }, () => task === null ? (2 * stream.uniform() - 1) * 1e-3 : 0)
      ),
      [source.length, width],
    );
    const old = tf.matMul(pick, moduleLogits as unknown as tf.Tensor2D);
    return tf.variable(tf.add(old, fresh), moduleLogits.trainable);
  });
}

function checkSizes(
  { name, config }: Adapter,
  n: number,
  kept: readonly number[],
  copied: readonly number[],
): void {
  const cannot = `Cannot resize adapter "${name}" to ${n} tasks as`;
  if (![n, ...kept, ...copied].every(Number.isInteger)) {
    throw new TypeError(
      `${cannot} task numbers must be integers: got ${[n, ...kept, ...copied].join(", ")}`,
    );
  }
  if (n < 1) throw new RangeError(`${cannot} there must be at least one task`);
  const T = config.n_tasks;
  const absent = [...kept, ...copied].find((task) => task < 0 || task >= T);
  if (absent !== undefined) {
    throw new RangeError(`${cannot} old tasks must be in [0, ${T}): got ${absent}`);
  }
  if (new Set(kept).size !== kept.length) {
    throw new RangeError(
      `${cannot} each task must be kept once at most: got keep ${kept.join(", ")}`,
    );
  }
  if (kept.length > n) {
    throw new RangeError(
      `${cannot} at most ${n} must be kept: got ${kept.length}; name those to keep, ` +
        `such as keep: [${kept.at(-1)}], or keep: [] for none`,
    );
  }
}
