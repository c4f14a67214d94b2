import assert from "node:assert/strict";
import { type Noise, seededNoise } from "../ops/noise.ts";
import { assertClose } from "../testing/assert_close.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { fillWithWaves } from "../testing/models/small_models.ts";
import { toyInput, ToyModel } from "../testing/models/toy_model.ts";
import * as tf from "../tf.ts";
import type { Adapter } from "./adapter.ts";
import { disposeAdapter } from "./adapter.ts";
import { PolyConfig, type PolyConfigOptions } from "./config.ts";
import { makeAdapter } from "./make_adapter.ts";
import { PolyCall } from "./call.ts";

const UP = "block.0.mlp.up";

function adapted(base: ToyModel, options: PolyConfigOptions, phase = 0, name = "default"): Adapter {
  const config = new PolyConfig({ target_modules: ["up"], n_tasks: 3, n_skills: 2, ...options });
  const { adapter } = makeAdapter(base, name, config, 0);
  fillWithWaves(adapter, phase);
  return adapter;
}

/** x·A·B / R of one row in plain loops, from the adapter's own numbers. */
async function updateByLoops(
  adapter: Adapter,
  x: readonly (readonly number[])[],
  task: number,
): Promise<number[][]> {
  const layer = adapter.layers.get(UP)!;
  const { n_splits: H, n_skills: S, r: R } = adapter.config;
  const [I, O] = [layer.inFeatures, layer.outFeatures];
  const [A, B, Z] = await Promise.all(
    [layer.skillsA, layer.skillsB, layer.router.moduleLogits].map((variable) => variable.data()),
  ) as [Float32Array, Float32Array, Float32Array];
  const weight = (h: number, s: number) => {
    const amounts = Array.from(
      { length: S },
      (_, k) => 1 / (1 + Math.exp(-Z[(task * H + h) * S + k]!)),
    );
    return amounts[s]! / (amounts.reduce((sum, amount) => sum + amount, 0) + 1e-12);
  };
  const sumOver = (n: number, term: (i: number) => number) =>
    Array.from({ length: n }, (_, i) => term(i)).reduce((sum, each) => sum + each, 0);
  const mixedA = (i: number, r: number) => {
    const [h, inner] = [Math.floor(i / (I / H)), i % (I / H)];
    return sumOver(S, (s) => weight(h, s) * A[((h * S + s) * (I / H) + inner) * R + r]!);
  };
  const mixedB = (r: number, o: number) => {
    const [h, inner] = [Math.floor(o / (O / H)), o % (O / H)];
    return sumOver(S, (s) => weight(h, s) * B[((h * S + s) * R + r) * (O / H) + inner]!);
  };
  return x.map((features) =>
    Array.from(
      { length: O },
      (_, o) =>
        sumOver(R, (r) => sumOver(I, (i) => features[i]! * mixedA(i, r)) * mixedB(r, o)) / R,
    )
  );
}

onEachBackend(
  "PolyCall.linear() adds the update of each row's own task, in plain loops",
  async (on) => {
    const base = new ToyModel();
    const x = toyInput();
    const rows = await x.array();
    for (const [n_splits, taskIds] of [[1, [2, 0, 1]], [2, [1, 1, 2]]] as const) {
      const adapter = adapted(base, { n_splits, r: 3 });
      const call = PolyCall.of(base.parameters, { taskIds, adapters: [adapter] });
      const [y, plain] = [call.linear(UP, x), base.plainCall().linear(UP, x)];
      const updates = await Promise.all(
        taskIds.map((task, row) => updateByLoops(adapter, rows[row]!, task)),
      );
      const added = tf.sub(y, plain);
      await assertClose(added, { shape: [3, 2, 8], data: updates.flat(2) }, 3 * on.tolerance);
      tf.dispose([y, plain, added]);
      call.dispose();
      disposeAdapter(adapter);
    }
    x.dispose();
    base.dispose();
  },
);

onEachBackend("F13 PolyCall.linear() of a mixed batch equals each row by itself", async (on) => {
  const base = new ToyModel();
  const adapter = adapted(base, { n_splits: 2 });
  const taskIds = [2, 0, 2];
  const x = toyInput();
  const call = PolyCall.of(base.parameters, { taskIds, adapters: [adapter] });
  const together = call.linear(UP, x);
  call.dispose();
  const alone: tf.Tensor3D[] = [];
  for (const [row, task] of taskIds.entries()) {
    const one = PolyCall.of(base.parameters, { taskIds: [task], adapters: [adapter] });
    alone.push(tf.tidy(() => one.linear(UP, tf.slice(x, [row, 0, 0], [1, 2, 6]))));
    one.dispose();
  }
  const joined = tf.concat(alone);
  await assertClose(together, joined, on.tolerance);
  tf.dispose([x, together, joined, ...alone]);
  disposeAdapter(adapter);
  base.dispose();
});

onEachBackend(
  "A9 PolyCall.linear() sums active adapters and skips those without the layer",
  async (on) => {
    const base = new ToyModel();
    const first = adapted(base, {}, 0, "first");
    const second = adapted(base, { n_tasks: 4, r: 5, n_splits: 2 }, 1, "second");
    const elsewhere = adapted(base, { target_modules: ["gate"] }, 2, "elsewhere");
    const x = toyInput();
    const taskIds = [0, 2, 1];
    const of = (...adapters: Adapter[]) => {
      const call = PolyCall.of(base.parameters, { taskIds, adapters });
      const y = call.linear(UP, x);
      call.dispose();
      return y;
    };
    const [plain, a, b, both] = [
      of(elsewhere),
      of(first),
      of(second),
      of(first, elsewhere, second),
    ];
    const sum = tf.tidy(() => tf.sub(tf.add(a, b), plain));
    await assertClose(both, sum, on.tolerance);
    const apart = async (p: tf.Tensor, q: tf.Tensor) => {
      const difference = tf.tidy(() => tf.max(tf.abs(tf.sub(p, q))));
      const [value] = await difference.data();
      difference.dispose();
      return value!;
    };
    for (const other of [plain, a, b]) assert.ok(await apart(both, other) > 1e-3);
    tf.dispose([x, plain, a, b, both, sum]);
    [first, second, elsewhere].forEach(disposeAdapter);
    base.dispose();
  },
);

/** Counts what is drawn where. */
class Counted implements Noise {
  readonly drawn = new Map<string, number>();
  readonly #seeded = seededNoise(5);

  uniform(place: string, shape: readonly number[]): tf.Tensor {
    this.drawn.set(place, (this.drawn.get(place) ?? 0) + 1);
    return this.#seeded.uniform(place, shape);
  }
}

onEachBackend("PolyCall draws once per router and pass, shared or not", () => {
  const base = new ToyModel();
  const x = toyInput();
  const places = {
    linear: [UP, "block.0.mlp.down", "block.0.gate", "lm_head"],
    layer: ["block.0.mlp", "block.0.gate", "lm_head"],
    block: ["block.0", "lm_head"],
    coder: ["model"],
    model: ["model"],
  } as const;
  for (const [router_granularity, expected] of Object.entries(places)) {
    const adapter = adapted(base, {
      target_modules: "all-linear",
      settings: { router_granularity: router_granularity as "linear" },
    });
    const noise = new Counted();
    const pass = () => {
      const options = { taskIds: [0, 1, 2], adapters: [adapter], training: true, noise };
      const call = PolyCall.of(base.parameters, options);
      base.forward({ x }, call).logits.dispose();
      call.dispose();
    };
    pass();
    assert.deepEqual([...noise.drawn], expected.map((place) => [place, 1]));
    pass();
    assert.deepEqual([...noise.drawn.values()], expected.map(() => 2));
    disposeAdapter(adapter);
  }
  x.dispose();
  base.dispose();
});

onEachBackend("PolyCall keeps what it mixed until it is disposed, and selects rows", async (on) => {
  const base = new ToyModel();
  const adapter = adapted(base, { n_splits: 2 });
  const x = toyInput();
  const call = PolyCall.of(base.parameters, { taskIds: [2, 0, 1], adapters: [adapter] });
  const before = tf.memory().numTensors;
  const y = call.linear(UP, x);
  const kept = tf.memory().numTensors - before - 1;
  assert.equal(kept, on.name === "webgpu" ? 2 : 3); // A and B, and the weights where layers share them
  const again = call.linear(UP, x);
  assert.equal(tf.memory().numTensors - before, kept + 2);
  await assertClose(again, y, 0);

  const rows = [1, 1, 0, 2, 2];
  const beams = call.select(rows);
  call.dispose();
  assert.equal(tf.memory().numTensors - before, 2);
  const index = tf.tensor1d(rows, "int32");
  const wide = tf.gather(x, index);
  const [selected, expected] = [beams.linear(UP, wide), tf.gather(y, index)];
  await assertClose(selected, expected, on.tolerance);
  beams.dispose();
  tf.dispose([x, y, again, index, wide, selected, expected]);
  disposeAdapter(adapter);
  base.dispose();
});

onEachBackend("PolyCall refuses tasks and rows that do not fit, and leaves nothing behind", () => {
  const base = new ToyModel();
  const [adapter, smaller] = [adapted(base, {}), adapted(base, { n_tasks: 2 }, 1, "smaller")];
  const x = toyInput();
  const of = (taskIds: number[], ...adapters: Adapter[]) =>
    PolyCall.of(base.parameters, { taskIds, adapters });
  assert.throws(
    () => PolyCall.of(base.parameters, { taskIds: [0, 1], adapters: [adapter], rows: 3 }),
    /one task id for each row: got 2 task ids for 3 rows$/,
  );
  assert.throws(() => of([0, 3, 1], adapter), /Only 3 tasks available. Found task id = 3/);
  assert.throws(() => of([0, 2, 1], adapter, smaller), /Only 2 tasks available. Found task id = 2/);
  const before = tf.memory().numTensors;
  const call = of([0, 1], adapter);
  assert.throws(() => call.linear(UP, x), {
    name: "RangeError",
    message: /one task id for each row: got 2 task ids for 3 rows$/,
  });
  assert.equal(tf.memory().numTensors, before);
  const plain = call.linear("lm_head", x); // not adapted, so rows do not matter
  assert.deepEqual(plain.shape, [3, 2, 4]);
  call.dispose();
  tf.dispose([x, plain]);
  [adapter, smaller].forEach(disposeAdapter);
  base.dispose();
});
