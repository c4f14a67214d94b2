/** Methods beside an oracle of plain loops: outputs, loss and gradients. */
import assert from "node:assert/strict";
import type { Mlp } from "../models/mlp/model.ts";
import { seededNoise } from "../ops/noise.ts";
import type { PeftModel } from "../peft/peft_model.ts";
import { ibpPenalty } from "../poly/ibp_prior.ts";
import type { PolyLayer } from "../poly/layer.ts";
import { assertClose } from "../testing/assert_close.ts";
import { fillWithWaves } from "../testing/models/small_models.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { assertAsPlain, PLAIN_TASKS, plainBase } from "../testing/plain_poly.ts";
import { wave } from "../testing/wave.ts";
import * as tf from "../tf.ts";
import { parseRunConfig, type RunConfigInput } from "./config.ts";
import { withIbpPrior } from "./stages/ibp_prior.ts";
import { adaptationModel, averagedModel, multiTaskModel } from "./method.ts";

const [T, H, S, R] = [PLAIN_TASKS, 2, 3, 5];

const settings = (input: RunConfigInput) =>
  parseRunConfig({ suite: "planted", n_tasks: T, n_skills: S, r: R, ...input });

const adapterOf = (model: PeftModel<Mlp>) => model.adapters.get("default")!;

/** σ of logits, scaled to sum 1. */
function learned(logits: number[]): number[] {
  const p = logits.map((z) => 1 / (1 + Math.exp(-z)));
  const total = p.reduce((sum, value) => sum + value, 0);
  return p.map((value) => value / total);
}

/** Overwrites skills, and leaves routing logits as they are. */
async function fillSkills(model: PeftModel<Mlp>): Promise<void> {
  const { router } = adapterOf(model).layers.get("layers.0")!;
  const logits = await router.moduleLogits.array();
  fillWithWaves(adapterOf(model));
  tf.tidy(() => router.moduleLogits.assign(tf.tensor(logits)));
}

const countOf = (model: PeftModel<Mlp>) => model.getNbTrainableParameters()[0];

onEachBackend(
  "random routes by subsets drawn once, which nothing trains",
  async ({ tolerance }) => {
    const base = plainBase();
    const config = settings({ method: "random", n_splits: H, router_straight_through: true });
    const model = multiTaskModel(base, config, null);
    const { moduleLogits } = adapterOf(model).layers.get("layers.0")!.router;
    const Z = await moduleLogits.array() as number[][];
    const subsets = Z.flatMap((row) => [row.slice(0, S), row.slice(S)]);
    assert.ok(subsets.every((row) => row.includes(0) && row.every((z) => z === 0 || z === -200)));
    assert.ok(new Set(subsets.map(String)).size > 3, "splits and tasks have subsets of their own");
    await fillSkills(model);
    // Noise in training changes nothing, and no gradient reaches the routing.
    const training = { noise: seededNoise(1) };
    const shares = (logits: number[]) => {
      const taken = logits.filter((z) => z === 0).length;
      return logits.map((z) => z === 0 ? 1 / taken : 0);
    };
    for (const options of [{}, { training }]) {
      await assertAsPlain(model, { weights: shares }, tolerance, options);
    }
    const [I, O] = [16, 12];
    assert.equal(countOf(model), S * R * (I + O));
    assert.ok([...model.trainableParameters().keys()].every((name) => !name.includes("router")));

    const again = multiTaskModel(base, config, null);
    const other = multiTaskModel(base, { ...config, seed: 1 }, null);
    const logitsOf = (model: PeftModel<Mlp>) =>
      adapterOf(model).layers.get("layers.0")!.router.moduleLogits.array();
    assert.deepEqual(await logitsOf(again), Z);
    assert.notDeepEqual(await logitsOf(other), Z);

    // A new task has what it has under poly: a fresh row that is learned.
    for (
      const [adaptation, trained] of [
        ["full", S * R * (I + O) + H * S],
        ["routing", H * S],
        ["average", R * (I + O)],
      ] as const
    ) {
      const of = (method: "random" | "poly") =>
        adaptationModel(base, { ...config, method, adaptation }, adapterOf(model), null, 5);
      const [random, poly] = [of("random"), of("poly")];
      assert.equal(countOf(random), trained);
      const values = async (model: PeftModel<Mlp>) =>
        await Promise.all(
          [...model.trainableParameters()].map(async ([name, v]) => [name, await v.array()]),
        );
      assert.deepEqual(await values(random), await values(poly));
      random.dispose();
      poly.dispose();
    }
    for (const part of [model, again, other, base]) part.dispose();
  },
);

onEachBackend("expert may have to learn the row of a new task", async ({ tolerance }) => {
  const base = plainBase();
  const config = settings({
    method: "expert",
    adaptation_routing: "learned",
    router_noise: "none",
  });
  // Four skills of which no training task has the second, and a new task of that one alone.
  const truth = Array.from({ length: T }, (_, task) => [1, 0, task % 2, task < 3 ? 1 : 0]);
  const trained = multiTaskModel(base, config, truth);
  fillWithWaves(adapterOf(trained));
  const heldOut = { training: truth, heldOut: [0, 1, 0, 0] };
  for (
    const [adaptation, count] of [["full", 3 * R * (16 + 12) + 3], ["routing", 3]] as const
  ) {
    const model = adaptationModel(base, { ...config, adaptation }, adapterOf(trained), heldOut, 5);
    const { skillsA, skillsB, router } = adapterOf(model).layers.get("layers.0")!;
    const source = adapterOf(trained).layers.get("layers.0")!;
    assert.deepEqual(await skillsA.array(), await source.skillsA.array());
    assert.deepEqual(await skillsB.array(), await source.skillsB.array());
    const start = (await router.moduleLogits.array() as number[][])[0]!;
    assert.ok(start.length === 3 && start.every((z) => z !== 0 && Math.abs(z) <= 1e-3));
    assert.equal(countOf(model), count);
    tf.tidy(() => router.moduleLogits.assign(tf.tensor2d([[0.4, -1.1, 0.9]])));
    await assertAsPlain(model, { weights: learned }, tolerance, { onlyTask: true, training: {} });
    model.dispose();
  }
  trained.dispose();
  base.dispose();
});

onEachBackend(
  "poly may mix all skills of a new task alike, and train them",
  async ({ tolerance }) => {
    const base = plainBase();
    const config = settings({ n_splits: H, adaptation_routing: "uniform" });
    const trained = multiTaskModel(base, config, null);
    fillWithWaves(adapterOf(trained));
    const model = adaptationModel(base, config, adapterOf(trained), null, 5);
    const weights = () => new Array<number>(S).fill(1 / S);
    const training = { noise: seededNoise(1) };
    await assertAsPlain(model, { weights }, tolerance, { onlyTask: true, training });
    assert.equal(countOf(model), S * R * (16 + 12));
    for (const part of [model, trained, base]) part.dispose();
  },
);

onEachBackend("a soup is the mean of private adapters, tuned as one", async ({ tolerance }) => {
  const base = plainBase();
  const config = settings({ method: "private", adaptation: "soup" });
  const trained = multiTaskModel(base, config, null);
  assert.equal(countOf(trained), T * R * (16 + 12));
  fillWithWaves(adapterOf(trained));
  const model = adaptationModel(base, config, adapterOf(trained), null, 5);
  assert.equal(countOf(model), R * (16 + 12));
  const source = adapterOf(trained).layers.get("layers.0")!;
  const soup = adapterOf(model).layers.get("layers.0")!;
  for (const part of ["skillsA", "skillsB"] as const) {
    const [skills] = await source[part].array() as number[][][][];
    const mean = skills![0]!.map((row, i) =>
      row.map((_, j) => skills!.reduce((sum, skill) => sum + skill[i]![j]!, 0) / T)
    );
    const shape = soup[part].shape;
    await assertClose(soup[part], { shape, data: mean.flat() }, tolerance);
  }
  await assertAsPlain(model, { weights: () => [1] }, tolerance, { onlyTask: true, training: {} });
  for (const part of [model, trained, base]) part.dispose();
});

onEachBackend("the average of poly is one adapter for all tasks", async ({ tolerance }) => {
  const base = plainBase();
  const config = settings({ n_splits: H });
  const trained = multiTaskModel(base, config, null);
  assert.equal(countOf(trained), S * R * (16 + 12) + T * S * H);
  fillWithWaves(adapterOf(trained));
  const average = averagedModel(base, config, adapterOf(trained));
  assert.equal(countOf(average), R * (16 + 12));
  const [{ skillsA, skillsB }, one] = [trained, average].map((model) =>
    adapterOf(model).layers.get("layers.0")!
  ) as [PolyLayer, PolyLayer];
  for (const [skills, mean] of [[skillsA, one.skillsA], [skillsB, one.skillsB]] as const) {
    const bySplit = await skills.array() as number[][][][]; // [H, S, …]
    const data = bySplit.flatMap((skills) =>
      skills[0]!.flatMap((row, i) =>
        row.map((_, j) => skills.reduce((sum, skill) => sum + skill[i]![j]!, 0) / S)
      )
    );
    await assertClose(mean, { shape: mean.shape, data }, tolerance);
  }
  await assertAsPlain(average, { weights: () => [1] }, tolerance, { training: {} });
  for (const part of [average, trained, base]) part.dispose();
});

onEachBackend("poly of two splits has the gradients of plain loops", async ({ tolerance }) => {
  const base = plainBase();
  const model = multiTaskModel(base, settings({ n_splits: H, router_noise: "none" }), null);
  fillWithWaves(adapterOf(model));
  await assertAsPlain(model, { weights: learned }, tolerance, { training: {} });
  model.dispose();
  base.dispose();
});

onEachBackend(
  "the prior joins the loss of training alone, by its weight",
  async ({ tolerance }) => {
    const base = plainBase();
    const model = multiTaskModel(base, settings({ router_noise: "none" }), null);
    const adapter = adapterOf(model);
    fillWithWaves(adapter);
    const { moduleLogits } = adapter.layers.get("layers.0")!.router;
    const inputs = {
      features: tf.tensor3d(new Float32Array(2 * 16).fill(0.3), [2, 1, 16]),
      labels: tf.zeros([2, 1, 12]) as tf.Tensor3D,
      taskIds: [0, 3],
    };
    const trainable = {
      forward: (
        { training, taskIds }: { readonly training?: boolean; readonly taskIds: number[] },
      ) => ({ loss: model.forward({ ...inputs, taskIds, training }).loss as tf.Scalar }),
      trainableParameters: () => model.trainableParameters(),
    };
    const gradientOf = async (loss: () => tf.Scalar): Promise<[number, Float32Array]> => {
      const { value, grads } = tf.variableGrads(loss, [moduleLogits]);
      const gradient = grads[moduleLogits.name]!;
      const found = [(await value.data())[0]!, await gradient.data() as Float32Array] as const;
      tf.dispose([value, gradient]);
      return [...found];
    };
    const taskIds = inputs.taskIds;
    const [weight, prior] = [0.7, withIbpPrior(trainable, adapter, 0.7)];
    const [alone, ofAlone] = await gradientOf(() => trainable.forward({ taskIds }).loss);
    const [extra, ofExtra] = await gradientOf(() => ibpPenalty(adapter));
    const [both, ofBoth] = await gradientOf(() => prior.forward({ taskIds, training: true }).loss);
    const [still] = await gradientOf(() => prior.forward({ taskIds }).loss);
    const shape = moduleLogits.shape;
    const data = ofAlone.map((value, i) => value + weight * ofExtra[i]!);
    await assertClose({ shape, data: ofBoth }, { shape, data }, tolerance);
    assert.ok(Math.abs(both - alone - weight * extra) < tolerance * Math.abs(both));
    assert.equal(still, alone);
    assert.equal(withIbpPrior(trainable, adapter, 0), trainable);
    tf.dispose([inputs.features, inputs.labels]);
    model.dispose();
    base.dispose();
  },
);

/** σ of logits and of the logistic noise of uniform numbers, as the relaxed Bernoulli samples at temperature 1. */
const sampled = (logits: number[], uniform: ArrayLike<number>) =>
  logits.map((z, s) => {
    const u = uniform[s]!;
    return 1 / (1 + Math.exp(-(z + Math.log(u) - Math.log(1 - u))));
  });
const toSum = (p: number[]) => p.map((value) => value / p.reduce((sum, value) => sum + value, 0));
const sigmoids = (logits: number[]) => logits.map((z) => 1 / (1 + Math.exp(-z)));
const shared = (p: number[]) => [...p.slice(0, -1), 1];

const OPTIONS: readonly {
  readonly input: RunConfigInput;
  /** The weights of a split from its amounts or, without noise in the papers' code either, its logits. */
  readonly weights: (p: number[], logits: number[]) => number[];
}[] = [
  { input: { router_shared_skill: true, n_splits: H }, weights: (p) => toSum(shared(p)) },
  {
    input: { router_normalization: "average_correction", n_splits: H },
    weights: (p) => p.map((value) => value * Math.sqrt(H) / Math.sqrt(S)),
  },
  {
    input: {
      router_normalization: "average_correction",
      router_shared_skill: true,
      composition: "products",
    },
    weights: (p) => shared(p).map((value) => value / Math.sqrt(S)),
  },
  {
    input: { router_normalization: "l2_norm", router_noise: "none", n_splits: H },
    weights: (_, logits) => logits.map((z) => z / Math.hypot(...logits)),
  },
  { input: { composition: "products" }, weights: toSum },
];

onEachBackend("routing goes over to the uniform average by a share", async ({ tolerance }) => {
  const base = plainBase();
  for (const input of [{ router_noise: "none", n_splits: H }, { method: "uniform" }] as const) {
    const model = multiTaskModel(base, settings(input), null);
    fillWithWaves(adapterOf(model));
    const own = (logits: number[]) => "method" in input ? logits.map(() => 1 / S) : learned(logits);
    const weights = (logits: number[]) => own(logits).map((w) => 0.7 * w + 0.3 / S);
    await assertAsPlain(model, { weights }, tolerance, { training: { uniformShare: 0.3 } });
    model.dispose();
  }
  base.dispose();
});

for (const { input, weights } of OPTIONS) {
  onEachBackend(
    `router option as in plain loops: ${JSON.stringify(input)}`,
    async ({ tolerance }) => {
      const base = plainBase();
      const model = multiTaskModel(base, settings(input), null);
      fillWithWaves(adapterOf(model));
      const sumsProducts = input.composition === "products";
      await assertAsPlain(
        model,
        { sumsProducts, weights: (logits) => weights(sigmoids(logits), logits) },
        tolerance,
      );
      if (input.router_noise !== "none") {
        // The noise of every row, split and skill.
        const [rows, splits] = [4, input.n_splits ?? 1];
        const uniform = wave(rows * splits * S, 0.9, 0.4).map((value) => value + 0.5);
        const noise = {
          uniform: (_: string, shape: readonly number[]) => tf.tensor(uniform, [...shape]),
        };
        const drawn = (logits: number[], _: number, split: number, row: number) => {
          const start = (row * splits + split) * S;
          return weights(sampled(logits, uniform.slice(start, start + S)), logits);
        };
        await assertAsPlain(model, { sumsProducts, weights: drawn }, tolerance, {
          training: { noise },
        });
      }
      const logits = (input.n_splits ?? 1) * S;
      assert.equal(countOf(model), S * R * (16 + 12) + T * logits);
      for (
        const [adaptation, count] of [["full", S * R * (16 + 12) + logits], [
          "routing",
          logits,
        ]] as const
      ) {
        const adapted = adaptationModel(
          base,
          settings({ ...input, adaptation }),
          adapterOf(model),
          null,
          5,
        );
        assert.equal(countOf(adapted), count);
        adapted.dispose();
      }
      model.dispose();
      base.dispose();
    },
  );
}
