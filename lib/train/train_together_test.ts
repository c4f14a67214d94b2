/** Owners that are trained together are as if each had been trained alone. */
import assert from "node:assert/strict";
import { useBackend } from "../backend/backend.ts";
import { T5ForConditionalGeneration } from "../models/t5/model.ts";
import { seededNoise } from "../ops/noise.ts";
import { getPeftModel, type PeftModel } from "../peft/peft_model.ts";
import { stackModels, unstackModels } from "../peft/stack_models.ts";
import { PolyConfig, type PolyConfigOptions } from "../poly/config.ts";
import { assertClose } from "../testing/assert_close.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import * as tf from "../tf.ts";
import { randomStream } from "../util/random.ts";
import { DivergedError, train, type TrainContext, type TrainSettings } from "./train.ts";
import { canTrainTogether, sizesOf, trainTogether } from "./train_together.ts";

const BATCH = 3;
const SETTINGS: TrainSettings = {
  steps: 4,
  batchSize: BATCH,
  learningRate: 0.02,
  routerLearningRate: 0.1,
  weightDecay: 0.1,
  clip: 0.5,
};

interface Batch {
  readonly inputIds: readonly (readonly number[])[];
  readonly attentionMask: readonly (readonly number[])[];
  readonly labels: readonly (readonly number[])[];
  readonly taskIds: readonly number[];
}

function tinyBase(dropout_rate = 0): T5ForConditionalGeneration {
  return T5ForConditionalGeneration.fromConfig({
    vocab_size: 37,
    d_model: 20,
    d_kv: 6,
    d_ff: 28,
    num_heads: 2,
    num_layers: 2,
    feed_forward_proj: "gated-gelu",
    tie_word_embeddings: false,
    dropout_rate,
  }, { seed: 0 });
}

/** Adapters of one task with values of their own. */
function models(
  base: T5ForConditionalGeneration,
  count: number,
  options: PolyConfigOptions,
): PeftModel<T5ForConditionalGeneration>[] {
  const config = { target_modules: "all-linear", n_tasks: 1, init_weights: false, ...options };
  return Array.from(
    { length: count },
    (_, seed) => getPeftModel(base, new PolyConfig(config), { seed }),
  );
}

/** Batches of an owner, whose lengths may change from step to step, and its noise. */
function context(owner: number, lengths: readonly number[]): TrainContext<Batch> {
  const stream = randomStream(owner, "batches");
  let step = 0;
  return {
    noise: seededNoise(owner),
    nextBatch(count) {
      const length = lengths[step++ % lengths.length]!;
      const rows = () =>
        Array.from(
          { length: count },
          () => Array.from({ length }, () => 2 + stream.integer(35)),
        );
      const [inputIds, labels] = [rows(), rows()];
      return {
        inputIds,
        attentionMask: inputIds.map((row, b) => row.map((_, i) => i < length - b ? 1 : 0)),
        labels: labels.map((row, b) =>
          row.map((id, i) => i < length - (b + owner) % 2 ? id : -100)
        ),
        taskIds: new Array<number>(count).fill(0),
      };
    },
  };
}

type Told = { loss: number; gradientNorm: number };

async function alone(
  model: PeftModel<T5ForConditionalGeneration>,
  given: TrainContext<Batch>,
): Promise<Told[]> {
  const told: Told[] = [];
  for await (const { loss, gradientNorm } of train(model, SETTINGS, given)) {
    told.push({ loss, gradientNorm });
  }
  return told;
}

async function values(model: PeftModel): Promise<Map<string, Float32Array>> {
  const read = new Map<string, Float32Array>();
  for (const [name, variable] of model.trainableParameters()) {
    read.set(name, Float32Array.from(await variable.data()));
  }
  return read;
}

const CASES: Readonly<Record<string, PolyConfigOptions>> = {
  "Poly without noise": { n_skills: 3, r: 3, settings: { router_noise: "none" } },
  "MHR with noise": { n_skills: 5, n_splits: 2, r: 2 },
  "one router for a block": { n_skills: 2, r: 4, settings: { router_granularity: "block" } },
  "a fixed allocation": { n_skills: 3, r: 2, settings: { router_allocation: [[1, 0, 2]] } },
};

for (const [name, options] of Object.entries(CASES)) {
  onEachBackend(
    `trainTogether() trains each owner as train() does alone: ${name}`,
    async (on) => {
      // Owner 1 has other lengths in some steps, owner 2 always: those pass the model on their own.
      const lengths = [[7], [7, 6], [5], [7]];
      const base = tinyBase(0.1);
      const [ofAlone, ofTogether] = [models(base, 4, options), models(base, 4, options)];
      const expected: Told[][] = [];
      for (const [owner, model] of ofAlone.entries()) {
        expected.push(await alone(model, context(owner, lengths[owner]!)));
      }
      const stack = stackModels(ofTogether);
      const actual: Told[][] = ofTogether.map(() => []);
      const contexts = ofTogether.map((_, owner) => context(owner, lengths[owner]!));
      for await (const step of trainTogether(stack, SETTINGS, contexts)) {
        for (const [owner, outcome] of step.entries()) {
          assert.ok(outcome !== null && !(outcome instanceof DivergedError));
          const { loss, gradientNorm } = outcome;
          actual[owner]!.push({ loss, gradientNorm });
        }
      }
      unstackModels(stack, ofTogether);
      if (on.name !== "webgpu") assert.deepEqual(actual, expected);
      for (const [owner, model] of ofAlone.entries()) {
        const others = await values(ofTogether[owner]!);
        for (const [parameter, data] of await values(model)) {
          const other = others.get(parameter)!;
          const what = `${parameter} of owner ${owner}`;
          if (on.name !== "webgpu") assert.deepEqual(other, data, what);
          const shape = [data.length];
          await assertClose({ shape, data: other }, { shape, data }, 10 * on.tolerance, what);
        }
      }
      for (const model of [stack, ...ofAlone, ...ofTogether]) model.dispose();
      base.dispose();
    },
    // Others take long: one case, which has everything that the others have, stands for all.
    name === "MHR with noise" ? {} : { only: ["wasm"] },
  );
}

onEachBackend("trainTogether() goes on with the others when an owner diverges", async (on) => {
  const base = tinyBase();
  const options = { n_skills: 3, r: 3 };
  const [ofAlone, ofTogether] = [models(base, 3, options), models(base, 3, options)];
  const contexts = () => [0, 1, 2].map((owner) => context(owner, [6]));
  const poison = (model: PeftModel) =>
    [...model.trainableParameters("skills").values()][0]!.assign(
      tf.tidy(() => tf.fill([...model.trainableParameters("skills").values()][0]!.shape, NaN)),
    );
  const expected = [await alone(ofAlone[0]!, contexts()[0]!), [], [
    ...await alone(ofAlone[2]!, contexts()[2]!),
  ]];
  tf.tidy(() => poison(ofTogether[1]!));
  // Where nobody looks at a step, its losses are read with those of the next at which somebody does.
  const late = (step: number) => step === 3;
  const seen: unknown[][] = [[], [], []];
  for (const looks of [() => true, ...on.name === "wasm" ? [late] : []]) {
    const stack = stackModels(ofTogether);
    seen.forEach((steps) => steps.length = 0);
    const owners = contexts().map((own) => ({ ...own, looks }));
    for await (const step of trainTogether(stack, SETTINGS, owners)) {
      for (const [owner, outcome] of step.entries()) seen[owner]!.push(outcome);
    }
    const [error, ...later] = seen[1]!;
    assert.ok(error instanceof DivergedError && error.step === 1);
    assert.deepEqual(later, [null, null, null]);
    stack.dispose();
  }
  for (const owner of [0, 2]) {
    const told = (seen[owner] as Told[]).map(({ loss, gradientNorm }) => ({ loss, gradientNorm }));
    if (on.name === "wasm") assert.deepEqual(told, expected[owner]);
    const [ofTogether, ofAlone] = [told, expected[owner]!].map((steps) => ({
      shape: [steps.length],
      data: Float32Array.from(steps, ({ loss }) => loss),
    }));
    await assertClose(ofTogether!, ofAlone!, on.tolerance, `losses of owner ${owner}`);
  }
  for (const model of [...ofAlone, ...ofTogether]) model.dispose();
  base.dispose();
}, { only: ["wasm", "webgpu"] });

onEachBackend("trainTogether() refuses settings that look at a parameter as a whole", async () => {
  assert.ok(!canTrainTogether({ steps: 1 }), "without kernels");
  await useBackend("wasm");
  assert.ok(canTrainTogether({ steps: 1 }));
  assert.ok(!canTrainTogether({ steps: 1, optimizer: "adafactor" }));
  assert.ok(!canTrainTogether({ steps: 1, accumulation: 2 }));
  await useBackend("cpu");
  const base = tinyBase();
  const [model] = models(base, 1, {});
  const steps = trainTogether(model!, { ...SETTINGS, optimizer: "adafactor" }, [context(0, [3])]);
  await assert.rejects(() => steps.next(), /Cannot train owners together as optimizer must be/);
  model!.dispose();
  base.dispose();
}, { only: ["cpu"] });

Deno.test("sizesOf() tells batches apart that cannot be joined", () => {
  const taskIds = [0, 0];
  assert.equal(sizesOf({ x: [[1, 2], [3, 4]], taskIds }), "x 2×2, taskIds 2");
  assert.notEqual(sizesOf({ x: [[1], [3]], taskIds }), sizesOf({ x: [[1, 2], [3, 4]], taskIds }));
  assert.equal(sizesOf({ x: new Float32Array(6), taskIds }), "x 6, taskIds 2");
});
