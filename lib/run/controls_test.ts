/**
 * Positive controls: what must hold of methods by their definitions, whatever is learned.
 */
import assert from "node:assert/strict";
import { Mlp } from "../models/mlp/model.ts";
import { seededNoise } from "../ops/noise.ts";
import { getPeftModel, type PeftModel } from "../peft/peft_model.ts";
import type { Adapter } from "../poly/adapter.ts";
import { PolyConfig } from "../poly/config.ts";
import { assertClose } from "../testing/assert_close.ts";
import { BATCH, fillWithWaves, smallLlama, smallT5 } from "../testing/models/small_models.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { wave } from "../testing/wave.ts";
import * as tf from "../tf.ts";
import { AdamW } from "../train/adamw.ts";
import { disposeGradients, lossAndGradients } from "../train/gradients.ts";
import { parseRunConfig, type RunConfigInput } from "./config.ts";
import { adaptationModel, multiTaskModel } from "./method.ts";

const T = 3;
const [I, HIDDEN, O] = [6, 8, 4];
const TASK_IDS = [2, 0, 1, 2];
const FEATURES = wave(TASK_IDS.length * 2 * I, 0.3);

type Rows = number[][];

function mlp(): Mlp {
  return Mlp.fromConfig({
    model_type: "mlp",
    in_features: I,
    hidden_features: [HIDDEN],
    out_features: O,
    activation: "silu",
    loss: "mse",
  }, { seed: 3 });
}

const settings = (input: RunConfigInput = {}) =>
  parseRunConfig({ suite: "planted", n_tasks: T, r: 2, n_skills: 5, ...input });

const adapterOf = (model: PeftModel<Mlp>) => model.adapters.get("default")!;

/** Two positions of four rows through a model. */
async function outputs(model: PeftModel<Mlp>, taskIds = TASK_IDS): Promise<Float32Array> {
  const logits = tf.tidy(() =>
    model.forward({ features: tf.tensor3d(FEATURES, [taskIds.length, 2, I]), taskIds }).logits
  );
  const values = Float32Array.from(await logits.data());
  logits.dispose();
  return values;
}

/**
 * The same by plain loops.
 *
 * @param factors A `[in, r]` and B `[r, out]` of a row's task in a layer
 */
async function plainOutputs(
  base: Mlp,
  factors: (layer: string, taskId: number) => Promise<{ A: Rows; B: Rows }>,
  taskIds = TASK_IDS,
): Promise<number[]> {
  const all: number[] = [];
  for (const [row, taskId] of taskIds.entries()) {
    for (let position = 0; position < 2; position++) {
      const start = (2 * row + position) * I;
      let x = Array.from(FEATURES.slice(start, start + I));
      for (const layer of ["layers.0", "layers.2"]) {
        const W = await base.parameters.get(`${layer}.weight`).array() as Rows;
        const b = await base.parameters.get(`${layer}.bias`).array() as number[];
        const { A, B } = await factors(layer, taskId);
        const r = B.length;
        const inner = B.map((_, k) => x.reduce((sum, value, i) => sum + value * A[i]![k]!, 0));
        const y = W.map((weights, o) =>
          b[o]! + x.reduce((sum, value, i) => sum + value * weights[i]!, 0) +
          inner.reduce((sum, value, k) => sum + value * B[k]![o]!, 0) / r
        );
        x = layer === "layers.0" ? y.map((value) => value / (1 + Math.exp(-value))) : y;
      }
      all.push(...x);
    }
  }
  return all;
}

/** A and B of one skill `[in, r]`, `[r, out]`, put together from its splits. */
async function skill(
  adapter: Adapter,
  layer: string,
  index: number,
): Promise<{ A: Rows; B: Rows }> {
  const { skillsA, skillsB } = adapter.layers.get(layer)!;
  const A = await skillsA.array() as number[][][][]; // [H, S, I/H, R]
  const B = await skillsB.array() as number[][][][]; // [H, S, R, O/H]
  return {
    A: A.flatMap((split) => split[index]!),
    B: B[0]![index]!.map((_, k) => B.flatMap((split) => split[index]![k]!)),
  };
}

/** The weighted sum of skills, A and B each on its own. */
async function mixture(adapter: Adapter, layer: string, weights: number[]) {
  const skills = await Promise.all(weights.map((_, s) => skill(adapter, layer, s)));
  const mix = (matrices: Rows[]): Rows =>
    matrices[0]!.map((row, i) =>
      row.map((_, j) => matrices.reduce((sum, matrix, s) => sum + weights[s]! * matrix[i]![j]!, 0))
    );
  return { A: mix(skills.map(({ A }) => A)), B: mix(skills.map(({ B }) => B)) };
}

async function assertOutputs(
  model: PeftModel<Mlp>,
  expected: ArrayLike<number>,
  tolerance: number,
  taskIds = TASK_IDS,
): Promise<void> {
  const actual = { shape: [expected.length], data: await outputs(model, taskIds) };
  await assertClose(actual, { shape: [expected.length], data: expected }, tolerance);
}

/** Three steps of training, with noise where the method draws. */
function trainBriefly(model: PeftModel<Mlp>): void {
  const parameters = model.trainableParameters();
  const optimizer = new AdamW([{ parameters, learningRate: 0.05 }]);
  const noise = seededNoise(1);
  for (let step = 0; step < 3; step++) {
    const result = lossAndGradients(() => {
      const features = tf.tensor3d(FEATURES, [TASK_IDS.length, 2, I]);
      const labels = tf.tensor3d(wave(TASK_IDS.length * 2 * O, step), [TASK_IDS.length, 2, O]);
      const inputs = { features, labels, taskIds: TASK_IDS, training: true, noise };
      return model.forward(inputs).loss as tf.Scalar;
    }, parameters);
    optimizer.step(result.gradients);
    disposeGradients(result);
  }
  optimizer.dispose();
}

onEachBackend("MHR of one split is Poly, bit for bit, also through training", async () => {
  const base = mlp();
  const mhr = multiTaskModel(base, settings({ n_splits: 1 }), null);
  // A Poly adapter as PEFT's users make it, who know no splits.
  const poly = getPeftModel(
    base,
    new PolyConfig({ n_tasks: T, n_skills: 5, r: 2, target_modules: "all-linear" }),
  );
  trainBriefly(mhr);
  trainBriefly(poly);
  assert.deepEqual(await outputs(mhr), await outputs(poly));
  mhr.dispose();
  poly.dispose();
  base.dispose();
}, { only: ["wasm", "cpu"] });

onEachBackend("Poly mixes A and B each on its own, as in plain loops", async ({ tolerance }) => {
  const base = mlp();
  const model = multiTaskModel(base, settings(), null);
  const adapter = adapterOf(model);
  fillWithWaves(adapter);
  const expected = await plainOutputs(base, async (layer, taskId) => {
    const Z = await adapter.layers.get(layer)!.router.moduleLogits.array() as Rows;
    const p = Z[taskId]!.map((z) => 1 / (1 + Math.exp(-z)));
    const total = p.reduce((sum, value) => sum + value, 0);
    return await mixture(adapter, layer, p.map((value) => value / total));
  });
  await assertOutputs(model, expected, 10 * tolerance);
  model.dispose();
  base.dispose();
}, { only: ["wasm", "cpu"] });

for (
  const [input, r] of [
    [{ n_skills: 1 }, 2],
    [{ method: "shared" }, 2],
    [{ method: "shared_equal_budget" }, 10],
  ] as const
) {
  onEachBackend(`One skill is LoRA: ${JSON.stringify(input)}`, async ({ tolerance }) => {
    const base = mlp();
    const model = multiTaskModel(base, settings(input), null);
    const adapter = adapterOf(model);
    fillWithWaves(adapter);
    assert.equal(adapter.layers.get("layers.0")!.rank, r);
    const lora = await plainOutputs(base, (layer) => skill(adapter, layer, 0));
    await assertOutputs(model, lora, 10 * tolerance);
    model.dispose();
    base.dispose();
  }, { only: ["wasm", "cpu"] });
}

onEachBackend(
  "MHR whose splits route alike is Poly with the same skills",
  async ({ tolerance }) => {
    const base = mlp();
    const mhr = multiTaskModel(base, settings({ n_splits: 2 }), null);
    const poly = multiTaskModel(base, settings({ n_splits: 1 }), null);
    fillWithWaves(adapterOf(mhr));
    const [H, S] = [2, 5];
    for (const [name, { skillsA, skillsB, router }] of adapterOf(poly).layers) {
      const whole = await Promise.all(
        Array.from({ length: S }, (_, s) => skill(adapterOf(mhr), name, s)),
      );
      const Z = wave(T * S, 0.9, 2);
      const rowsTwice = Array.from(
        { length: T * H * S },
        (_, i) => Z[Math.floor(i / (H * S)) * S + i % S]!,
      );
      tf.tidy(() => {
        skillsA.assign(tf.tensor4d([whole.map(({ A }) => A)]));
        skillsB.assign(tf.tensor4d([whole.map(({ B }) => B)]));
        router.moduleLogits.assign(tf.tensor(Z, [T, S]));
        adapterOf(mhr).layers.get(name)!.router.moduleLogits.assign(
          tf.tensor(rowsTwice, [T, H * S]),
        );
      });
    }
    await assertOutputs(mhr, await outputs(poly), 10 * tolerance);
    // And no longer when one split routes otherwise.
    tf.tidy(() => {
      const { moduleLogits } = adapterOf(mhr).layers.get("layers.0")!.router;
      moduleLogits.assign(tf.tensor(wave(T * H * S, 0.9, 2), [T, H * S]));
    });
    await assert.rejects(assertOutputs(mhr, await outputs(poly), 1e-2));
    for (const part of [mhr, poly, base]) part.dispose();
  },
  { only: ["wasm", "cpu"] },
);

onEachBackend("Uniform routing is the averaged adapter", async ({ tolerance }) => {
  const base = mlp();
  const uniform = multiTaskModel(base, settings({ method: "uniform" }), null);
  fillWithWaves(adapterOf(uniform));
  const fifth = new Array<number>(5).fill(1 / 5);
  const expected = await plainOutputs(base, (layer) => mixture(adapterOf(uniform), layer, fifth));
  await assertOutputs(uniform, expected, 10 * tolerance);
  const config = settings({ method: "uniform", adaptation: "average" });
  const average = adaptationModel(base, config, adapterOf(uniform), null, 7);
  assert.deepEqual(adapterOf(average).layers.get("layers.0")!.skillsA.shape, [1, 1, I, 2]);
  await assertOutputs(average, await outputs(uniform), 10 * tolerance, [0, 0, 0, 0]);
  for (const part of [average, uniform, base]) part.dispose();
}, { only: ["wasm", "cpu"] });

for (const [kind, makeBase] of [["T5", smallT5], ["Llama", smallLlama]] as const) {
  onEachBackend(
    `Adaptation of MHR, -z and -μ starts from the same function of a ${kind}`,
    async () => {
      const base = makeBase();
      const config = (adaptation: "full" | "routing" | "average" | "random") =>
        settings({ n_splits: 2, adaptation, suite: "skills" });
      const trained = multiTaskModel(base, config("full"), null);
      const source = trained.adapters.get("default")!;
      fillWithWaves(source);
      // Waves of skills would cancel in their mean.
      const noise = seededNoise(4);
      for (const [name, { skillsA, skillsB }] of source.layers) {
        for (const skills of [skillsA, skillsB]) {
          tf.tidy(() => skills.assign(tf.sub(noise.uniform(name, skills.shape), 0.3)));
        }
      }
      const logitsOf = async (model: typeof trained, taskIds = [0, 0, 0]) => {
        const logits = tf.tidy(() => model.forward({ ...BATCH, taskIds }).logits);
        const values = await logits.array();
        logits.dispose();
        return values.flat(2);
      };
      const starts = new Map<string, number[]>();
      for (const adaptation of ["full", "routing", "average", "random"] as const) {
        const model = adaptationModel(base, config(adaptation), source, null, 11);
        starts.set(adaptation, await logitsOf(model));
        model.dispose();
      }
      const distance = (a: number[], b: number[]) =>
        Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
      const full = starts.get("full")!;
      assert.ok(distance(full, starts.get("routing")!) === 0);
      const toAverage = distance(full, starts.get("average")!);
      assert.ok(toAverage < 1e-3, `${toAverage}`);
      // What they start from is neither a training task's function nor the base's.
      assert.ok(distance(full, await logitsOf(trained)) > 0.02);
      assert.ok(distance(full, starts.get("random")!) > 0.02);
      trained.dispose();
      base.dispose();
    },
    { only: ["wasm", "cpu"] },
  );
}

onEachBackend("Every split's weights sum to 1, with noise and without", async () => {
  const base = mlp();
  const noise = seededNoise(5);
  for (const router_straight_through of [false, true]) {
    const config = settings({ n_splits: 2, router_straight_through });
    const model = multiTaskModel(base, config, null);
    fillWithWaves(adapterOf(model));
    for (const { router } of adapterOf(model).layers.values()) {
      for (const training of [false, true]) {
        const weights = router.mixingWeights({ taskIds: TASK_IDS, training, noise });
        for (const row of (await weights.array()).flat()) {
          const sum = row.reduce((total, weight) => total + weight, 0);
          // Rounding may leave a split without any skill.
          const isNone = router_straight_through && row.every((weight) => weight === 0);
          assert.ok(Math.abs(sum - 1) < 1e-6 || isNone, `${row}`);
        }
        weights.dispose();
      }
    }
    model.dispose();
  }
  base.dispose();
}, { only: ["wasm", "cpu"] });

onEachBackend("Private adapters are separate: values, and gradients", async ({ tolerance }) => {
  const base = mlp();
  const model = multiTaskModel(base, settings({ method: "private" }), null);
  const adapter = adapterOf(model);
  fillWithWaves(adapter);
  const expected = await plainOutputs(base, (layer, taskId) => skill(adapter, layer, taskId));
  await assertOutputs(model, expected, 10 * tolerance);
  const parameters = model.trainableParameters();
  const result = lossAndGradients(() => {
    const features = tf.tensor3d(FEATURES, [TASK_IDS.length, 2, I]);
    const labels = tf.zeros([TASK_IDS.length, 2, O]) as tf.Tensor3D;
    return model.forward({ features, labels, taskIds: [1, 1, 1, 1] }).loss as tf.Scalar;
  }, parameters);
  assert.equal(result.gradients.size, 4);
  for (const [name, gradient] of result.gradients) {
    const bySkill = (await gradient.array() as number[][][][])[0]!;
    bySkill.forEach((values, task) => {
      const moves = values.flat().some((value) => value !== 0);
      assert.equal(moves, task === 1, `${name} of task ${task}`);
    });
  }
  disposeGradients(result);
  // A held-out task has none, so it starts afresh: from the base.
  const fresh = adaptationModel(base, settings({ method: "private" }), adapter, null, 1);
  const zeros = (rows: number, columns: number) =>
    Array.from({ length: rows }, () => new Array<number>(columns).fill(0));
  const plain = await plainOutputs(base, (layer) =>
    Promise.resolve(
      layer === "layers.0"
        ? { A: zeros(I, 2), B: zeros(2, HIDDEN) }
        : { A: zeros(HIDDEN, 2), B: zeros(2, O) },
    ));
  await assertOutputs(fresh, plain, 10 * tolerance, [0, 0, 0, 0]);
  for (const part of [fresh, model, base]) part.dispose();
}, { only: ["wasm", "cpu"] });

onEachBackend(
  "Expert routes by the true allocation, of skills that are used",
  async ({ tolerance }) => {
    const base = mlp();
    const config = settings({ method: "expert" });
    // No training task has the third skill.
    const truth = [[1, 0, 0, 1], [0, 1, 0, 0], [1, 1, 0, 1]];
    const weights = [[1 / 2, 0, 1 / 2], [0, 1, 0], [1 / 3, 1 / 3, 1 / 3]];
    const model = multiTaskModel(base, config, truth);
    const adapter = adapterOf(model);
    fillWithWaves(adapter);
    assert.deepEqual(adapter.layers.get("layers.0")!.skillsA.shape, [1, 3, I, 2]);
    const expected = await plainOutputs(
      base,
      (layer, taskId) => mixture(adapter, layer, weights[taskId]!),
    );
    await assertOutputs(model, expected, 10 * tolerance);
    assert.ok(
      [...model.trainableParameters().keys()].every((name) => !name.includes("poly_router")),
    );
    // A held-out task has its own combination; one of skills nobody has seen takes all alike.
    for (
      const [heldOut, mixed] of [[[0, 1, 1, 1], [0, 1 / 2, 1 / 2]], [[0, 0, 1, 0], [
        1 / 3,
        1 / 3,
        1 / 3,
      ]]] as const
    ) {
      const adapted = adaptationModel(base, config, adapter, { training: truth, heldOut }, 1);
      const outputsOfMix = await plainOutputs(base, (layer) => mixture(adapter, layer, [...mixed]));
      await assertOutputs(adapted, outputsOfMix, 10 * tolerance, [0, 0, 0, 0]);
      adapted.dispose();
    }
    model.dispose();
    base.dispose();
  },
  { only: ["wasm", "cpu"] },
);
