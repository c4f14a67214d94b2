import assert from "node:assert/strict";
import { useBackend } from "../backend/backend.ts";
import { T5ForConditionalGeneration } from "../models/t5/model.ts";
import { ByteTokenizer } from "../models/tokenizers/byte_tokenizer.ts";
import { seededNoise } from "../ops/noise.ts";
import { wholeModel } from "../run/pretrain.ts";
import { parseRunConfig } from "../run/config.ts";
import { skillsSuite } from "../tasks/skills.ts";
import type { Task } from "../tasks/task.ts";
import { assertClose } from "../testing/assert_close.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import * as tf from "../tf.ts";
import { randomStream } from "../util/random.ts";
import { answer, evaluateTokens } from "./evaluate.ts";
import type { MultiTaskModel } from "./multi_task_model.ts";
import { taskSampler } from "./sampler.ts";
import { encodeExamples, type Encoding, type TaskBatch } from "./task_batch.ts";
import { train, TRAIN_DEFAULTS, type TrainContext, type TrainSettings } from "./train.ts";

const SUITE = skillsSuite({
  n_tasks: 2,
  n_heldout_tasks: 0,
  n_train: 6,
  n_validation: 0,
  n_test: 5,
  max_skills: 1,
  seed: 0,
});
const ENCODING: Encoding = {
  tokenizer: new ByteTokenizer(),
  isEncoderDecoder: true,
  maxInputTokens: 16,
  maxTargetTokens: 16,
};

/** A byte-level T5 of the smallest sizes, all of it trainable. */
function tinyT5(): MultiTaskModel & { dispose(): void } {
  const base = T5ForConditionalGeneration.fromConfig({
    model_type: "t5",
    d_model: 12,
    d_kv: 4,
    d_ff: 16,
    num_layers: 1,
    num_heads: 2,
    vocab_size: 384,
    feed_forward_proj: "gated-gelu",
    tie_word_embeddings: false,
    dropout_rate: 0,
    pad_token_id: 0,
    eos_token_id: 1,
    decoder_start_token_id: 0,
  }, { seed: 0 });
  return { ...wholeModel(base), dispose: () => base.dispose() };
}
const SETTINGS: TrainSettings = {
  steps: 3,
  batchSize: 4,
  accumulation: 1,
  optimizer: "adamw",
  learningRate: 1e-2,
  routerLearningRate: 0,
  weightDecay: 0,
  warmup: 0,
  schedule: "constant",
  clip: 1,
  labelSmoothing: 0,
};

function batches(tasks: readonly Pick<Task, "train">[]): (count: number) => TaskBatch {
  const sampler = taskSampler(tasks, randomStream(0, "shuffle"));
  return (count) => encodeExamples(sampler.next(count), ENCODING);
}

function context(): TrainContext<TaskBatch> {
  return {
    nextBatch: batches(SUITE.training),
    noise: seededNoise(0),
  };
}

async function losses(settings: TrainSettings): Promise<number[]> {
  const model = tinyT5();
  const values: number[] = [];
  for await (const { loss } of train(model, settings, context())) values.push(loss);
  model.dispose();
  return values;
}

Deno.test("train() watched by validation takes the same steps, tells each, and ends with its best", async () => {
  await useBackend("wasm");
  const plain = await losses(SETTINGS);
  const model = tinyT5();
  const [seen, told]: [number[], number[]] = [[], []];
  const held: number[] = [];
  const loss = async () => {
    const task = { name: "a", taskId: 0, examples: SUITE.training[0]!.test };
    const { loss } = await evaluateTokens(model, task, ENCODING, 8);
    held.push(loss);
    return loss;
  };
  const onStep = ({ step }: { step: number }) => void told.push(step);
  const validation = { loss, every: 1 };
  for await (const step of train(model, SETTINGS, { ...context(), validation, onStep })) {
    seen.push(step.loss);
    assert.equal(step.validationLoss, held.at(-1));
  }
  assert.deepEqual([seen, told], [plain, [1, 2, 3]]);
  const best = Math.min(...held);
  assert.equal(await loss(), best, "the model is that of its best step");
  model.dispose();
});

Deno.test("train() has the defaults of a run", () => {
  const config = parseRunConfig({});
  assert.deepEqual(TRAIN_DEFAULTS, {
    batchSize: config.batch_size,
    accumulation: config.accumulation,
    optimizer: config.optimizer,
    learningRate: config.learning_rate,
    routerLearningRate: config.router_learning_rate,
    weightDecay: config.weight_decay,
    warmup: config.warmup,
    schedule: config.schedule,
    clip: config.clip,
    labelSmoothing: config.label_smoothing,
  });
});

onEachBackend("train() learns, and the same seed gives the same losses", async () => {
  const first = await losses({ ...SETTINGS, steps: 60, learningRate: 2e-2 });
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
  assert.ok(mean(first.slice(-5)) < 0.5 * mean(first.slice(0, 2)), `${first}`);
  assert.deepEqual(await losses(SETTINGS), await losses(SETTINGS));
  assert.deepEqual((await losses(SETTINGS))[0], first[0], `on ${name}`);
}, { only: ["wasm", "cpu"] });

onEachBackend(
  "train() over accumulated batches equals one large batch of equal parts",
  async ({ tolerance }) => {
    // Each loss is a mean over tokens, so the parts must have equally many: one example, repeated.
    const one = SUITE.training[0]!.train.slice(0, 1);
    const run = async (batchSize: number, accumulation: number) => {
      const model = tinyT5();
      const nextBatch = batches([{ train: one }]);
      const settings = { ...SETTINGS, batchSize, accumulation, steps: 2 };
      for await (const _ of train(model, settings, { ...context(), nextBatch }));
      const values = [...await model.trainableParameters().get("shared.weight")!.data()];
      model.dispose();
      return { shape: [values.length], data: values };
    };
    await assertClose(await run(2, 3), await run(6, 1), 10 * tolerance);
  },
  { only: ["wasm", "cpu"] },
);

onEachBackend("train() says to the model that it trains, with noise and smoothing", async () => {
  const model = tinyT5();
  const said: unknown[] = [];
  const listening = {
    ...model,
    forward: (inputs: Parameters<typeof model.forward>[0]) => {
      said.push([inputs.training, inputs.labelSmoothing, inputs.noise !== undefined]);
      return model.forward(inputs);
    },
  };
  const smoothing = { ...SETTINGS, steps: 1, learningRate: 0 };
  const losses: number[] = [];
  for (const labelSmoothing of [0, 0.5]) {
    const steps = train(listening, { ...smoothing, labelSmoothing }, context());
    for await (const { loss } of steps) losses.push(loss);
  }
  assert.deepEqual(said, [[true, 0, true], [true, 0.5, true]]);
  assert.notEqual(losses[0], losses[1]);
  model.dispose();
}, { only: ["cpu"] });

onEachBackend("train() gives the router its own speed", async () => {
  const whole = tinyT5();
  // Here the decoder is called the router, at speed 0.
  const model: typeof whole = {
    ...whole,
    trainableParameters: (part) => {
      const entries = [...whole.trainableParameters()];
      return new Map(
        part === "router" ? entries.filter(([name]) => name.startsWith("decoder")) : entries,
      );
    },
  };
  const parameters = model.trainableParameters();
  const before = new Map([...parameters].map(([name, value]) => [name, value.clone()]));
  for await (const _ of train(model, SETTINGS, context()));
  for (const [name, value] of parameters) {
    const moved = tf.tidy(() => tf.max(tf.abs(tf.sub(value, before.get(name)!))).dataSync()[0]!);
    assert.equal(moved > 0, !name.startsWith("decoder"), `${name} moved by ${moved}`);
  }
  tf.dispose([...before.values()]);
  model.dispose();
}, { only: ["cpu"] });

onEachBackend(
  "train() stops as diverged before a step that is not finite, and frees its tensors",
  async () => {
    const model = tinyT5();
    const weight = model.trainableParameters().get("shared.weight")!;
    tf.tidy(() => weight.assign(tf.mul(weight, NaN)));
    await assert.rejects(async () => {
      for await (const _ of train(model, SETTINGS, context()));
    }, { name: "DivergedError", message: "Training diverged at step 1: the loss is NaN" });
    model.dispose();
  },
  { only: ["cpu", "wasm"] },
);

onEachBackend("train() reads losses late where nobody looks, with the same numbers", async () => {
  const course = async (settings: TrainSettings, looks?: (step: number) => boolean) => {
    const model = tinyT5();
    const weight = model.trainableParameters().get("shared.weight")!;
    const found: unknown[] = [];
    try {
      const from = { ...context(), ...looks === undefined ? {} : { looks } };
      for await (const { state: _, ...step } of train(model, settings, from)) {
        found.push(step, ...step.step % 2 === 0 ? [await weight.data()] : []);
      }
    } catch (error) {
      found.push(`${error}`);
    }
    model.dispose();
    return found;
  };
  const steps = { ...SETTINGS, steps: 5 };
  const late = (step: number) => step === 2 || step === 4;
  assert.deepEqual(await course(steps, late), await course(steps));
  const hot = { ...steps, learningRate: 1e20, clip: 0, warmup: 0 };
  const told = (found: unknown[]) => found.filter((value) => !ArrayBuffer.isView(value));
  const expected = told(await course(hot));
  assert.match(`${expected.at(-1)}`, /^DivergedError: Training diverged at step [2-4]: /);
  assert.deepEqual(told(await course(hot, (step) => step === 5)), expected);
}, { only: ["wasm"] });

onEachBackend("train() frees its tensors when the caller stops early", async () => {
  const model = tinyT5();
  for await (const { step } of train(model, SETTINGS, context())) if (step === 2) break;
  model.dispose();
}, { only: ["cpu"] });

onEachBackend(
  "evaluateTokens() equals a computation by hand, whatever the size of batches",
  async ({ tolerance }) => {
    const model = tinyT5();
    const task = { name: "t", taskId: 0, examples: SUITE.training[1]!.test };
    const batch = encodeExamples(
      task.examples.map((example) => ({ taskId: 0, example })),
      ENCODING,
    );
    const logits = tf.tidy(() => model.forward(batch).logits);
    const rows = await logits.array();
    logits.dispose();
    let [loss, right, tokens] = [0, 0, 0];
    batch.labels.forEach((row, b) =>
      row.forEach((label, m) => {
        if (label < 0) return;
        const scores = rows[b]![m]!;
        const top = Math.max(...scores);
        const total = scores.reduce((sum, score) => sum + Math.exp(score - top), 0);
        loss += top + Math.log(total) - scores[label]!;
        right += scores.indexOf(top) === label ? 1 : 0;
        tokens++;
      })
    );
    for (const batchSize of [2, 5]) {
      const scores = await evaluateTokens(model, task, ENCODING, batchSize);
      assert.ok(Math.abs(scores.loss - loss / tokens) < 10 * tolerance * loss / tokens);
      assert.equal(scores.tokenAccuracy, right / tokens);
    }
    model.dispose();
  },
  { only: ["wasm", "cpu"] },
);

onEachBackend("answer() gives each task its texts in order, across batches", async () => {
  const tasks = SUITE.training.map(({ name, test }, taskId) => ({ name, taskId, examples: test }));
  // A model that answers with its input and the task's id.
  const echo = {
    ...tinyT5(),
    generate: (inputs: { inputIds: readonly (readonly number[])[]; taskIds: readonly number[] }) =>
      Promise.resolve(inputs.inputIds.map((row, i) => [0, ...row, 48 + 3 + inputs.taskIds[i]!])),
  };
  const texts = await answer(echo, tasks, ENCODING, { batchSize: 3, numBeams: 1 });
  assert.deepEqual(
    texts,
    tasks.map(({ examples, taskId }) => examples.map(({ input }) => `${input}${taskId}`)),
  );
  echo.dispose();
}, { only: ["cpu"] });
