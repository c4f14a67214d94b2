import assert from "node:assert/strict";
import { assertClose } from "../testing/assert_close.ts";
import {
  CHOICE_CASES,
  CHOICE_EXAMPLES,
  CHOICE_WEIGHTS,
  choiceCaseEncoding,
  choiceCaseModel,
} from "../testing/cases/choice_case.ts";
import { finiteDifferences } from "../testing/finite_differences.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { wave } from "../testing/wave.ts";
import * as tf from "../tf.ts";
import { type ChoiceBatch, encodeChoices } from "./choice_batch.ts";
import { type ChoiceWeights, withChoiceLoss } from "./choice_loss.ts";
import { disposeGradients, lossAndGradients } from "./gradients.ts";
import type { MultiTaskModel } from "./multi_task_model.ts";
import { encodeExamples } from "./task_batch.ts";

const asTasks = CHOICE_EXAMPLES.map((example, i) => ({ taskId: i % 2, example }));
const only = (weights: Partial<ChoiceWeights>) => ({
  unlikelihood: 0,
  lengthNormalisedChoice: 0,
  ...weights,
});

for (const [name, of] of CHOICE_CASES) {
  onEachBackend(
    `T-Few's losses of ${name} and their gradient equal PyTorch's`,
    async ({ tolerance }) => {
      const model = choiceCaseModel(of);
      const encoding = choiceCaseEncoding(of);
      const batch = encodeChoices(asTasks, encoding);
      const plain: Pick<MultiTaskModel, "forward" | "trainableParameters"> = {
        forward: ({ taskIds: _, ...inputs }) => model.forward(inputs),
        trainableParameters: () => new Map(),
      };
      const loss = async (weights: ChoiceWeights) => {
        const { loss } = withChoiceLoss(plain, weights, encoding.isEncoderDecoder).forward(batch);
        const [value] = await loss.data();
        loss.dispose();
        return value!;
      };
      const { lm, unlikelihood, choice, all } = of.losses;
      const data = [
        await loss(only({})),
        await loss(only({ unlikelihood: 1 })),
        await loss(only({ lengthNormalisedChoice: 1 })),
      ];
      const expected = [lm, lm + unlikelihood, lm + choice];
      await assertClose({ shape: [3], data }, { shape: [3], data: expected }, 2 * tolerance);
      const weight = model.parameters.get(of.weight);
      const trained = withChoiceLoss(plain, CHOICE_WEIGHTS, encoding.isEncoderDecoder);
      const result = lossAndGradients(() => trained.forward(batch).loss, new Map([["w", weight]]));
      await assertClose(result.loss, { shape: [], data: [all] }, 2 * tolerance);
      const { shape } = weight;
      await assertClose(result.gradients.get("w")!, { shape, data: of.gradient }, 20 * tolerance);
      disposeGradients(result);
      model.dispose();
    },
  );
}

/** Rows of three examples; of the second there is the right answer alone. Two tokens are ignored. */
const BATCH: ChoiceBatch = {
  inputIds: [],
  attentionMask: [],
  labels: [[3, 1, -100], [2, 0, 1], [1, 3, -100], [0, 2, 1], [2, 2, 1], [3, 1, 0]],
  taskIds: [0, 0, 1, 1, 1, 1],
  examples: [0, 0, 1, 2, 2, 2],
};
const [B, M, V] = [6, 3, 4];

/** T-Few's loss by plain loops over the logits of {@linkcode BATCH}. */
function plainLoss(
  logits: ArrayLike<number>,
  { unlikelihood, lengthNormalisedChoice }: ChoiceWeights,
) {
  const log = BATCH.labels.map((row, b) =>
    row.flatMap((label, m) => {
      if (label < 0) return [];
      const at = (v: number) => logits[(b * M + m) * V + v]!;
      return [at(label) - Math.log([0, 1, 2, 3].reduce((sum, v) => sum + Math.exp(at(v)), 0))];
    })
  );
  const meanOf = (values: readonly number[]) =>
    values.reduce((sum, x) => sum + x, 0) / values.length;
  const right = meanOf([...log[0]!, ...log[2]!, ...log[3]!]);
  const wrong = [...log[1]!, ...log[4]!, ...log[5]!].map((x) => Math.log(1 - Math.exp(x) + 0.01));
  const beta = log.map(meanOf);
  const choice = (first: number, last: number) =>
    beta[first]! - Math.log(beta.slice(first, last).reduce((sum, x) => sum + Math.exp(x), 0));
  const choices = meanOf([choice(0, 2), choice(2, 3), choice(3, 6)]);
  return -right - unlikelihood * meanOf(wrong) - lengthNormalisedChoice * choices;
}

onEachBackend(
  "withChoiceLoss() and its gradient equal plain loops, part by part",
  async ({ tolerance }) => {
    const values = wave(B * M * V, 0.7, 2);
    const logits = tf.tidy(() => tf.variable(tf.tensor(values, [B, M, V])));
    const parameters = new Map([["logits", logits]]);
    const model = (copies: number): Pick<MultiTaskModel, "forward" | "trainableParameters"> => ({
      forward: () => ({
        loss: tf.scalar(0),
        logits: tf.concat(new Array(copies).fill(logits)) as tf.Tensor3D,
      }),
      trainableParameters: () => parameters,
    });
    for (
      const weights of [
        only({}),
        only({ unlikelihood: 2 }),
        only({ lengthNormalisedChoice: 3 }),
        CHOICE_WEIGHTS,
      ]
    ) {
      const trained = withChoiceLoss(model(1), weights, true);
      const result = lossAndGradients(() => trained.forward(BATCH).loss, parameters);
      const of = (x: ArrayLike<number>) => plainLoss(x, weights);
      await assertClose(result.loss, { shape: [], data: [of(values)] }, tolerance);
      const expected = { shape: [B, M, V], data: finiteDifferences(of, values) };
      await assertClose(result.gradients.get("logits")!, expected, 20 * tolerance);
      // Twice the same batch as two parts: two losses of the same bytes, and twice the gradient.
      const twice = Object.fromEntries(
        Object.entries(BATCH).map(([key, rows]) => [key, [...rows, ...rows]]),
      ) as unknown as ChoiceBatch;
      const { loss, losses } = withChoiceLoss(model(2), weights, true).forward({
        ...twice,
        parts: 2,
      });
      const alone = (await result.loss.data())[0]!;
      assert.deepEqual([...await losses!.data()], [alone, alone]);
      tf.dispose([loss, losses!]);
      disposeGradients(result);
    }
    logits.dispose();
  },
);

onEachBackend(
  "withChoiceLoss() is finite where a wrong choice is certain, and without wrong choices",
  async () => {
    const loss = async (batch: ChoiceBatch, logits: number[][][]) => {
      const model = {
        forward: () => ({ loss: tf.scalar(0), logits: tf.tensor3d(logits) }),
        trainableParameters: () => new Map(),
      };
      const { loss } = withChoiceLoss(model, { unlikelihood: 1, lengthNormalisedChoice: 1 }, true)
        .forward(batch);
      const [value] = await loss.data();
      loss.dispose();
      return value!;
    };
    const rows = { inputIds: [], attentionMask: [], taskIds: [0, 0] };
    const sure = [[[0, 0, 300]], [[0, 0, 300]]];
    const certain = await loss({ ...rows, labels: [[0], [2]], examples: [0, 0] }, sure);
    assert.ok(Math.abs(certain - (300 - Math.log(0.01) + 300)) < 0.01, `${certain}`);
    const alone = await loss({ ...rows, labels: [[2], [2]], examples: [0, 1] }, sure);
    assert.equal(Math.abs(alone), 0);
  },
  { only: ["wasm", "cpu"] },
);

Deno.test("encodeChoices() has a row for each wrong choice, behind the right answer", () => {
  const [, t5] = CHOICE_CASES[0]!;
  const encoding = choiceCaseEncoding(t5);
  const without = { taskId: 5, example: { input: "6", targets: ["8", "9"] } };
  const batch = encodeChoices([...asTasks, without], encoding);
  assert.deepEqual(batch.examples, [0, 0, 0, 1, 1, 2, 2, 2, 2, 3]);
  assert.deepEqual(batch.taskIds, [0, 0, 0, 1, 1, 0, 0, 0, 0, 5]);
  const answers = batch.labels.map((row) => row.filter((id) => id >= 0).slice(0, -1).join(" "));
  assert.deepEqual(answers, [
    "5 6 11 8",
    "5 6",
    "10",
    "7 7 0 12",
    "9",
    "0 10 11",
    "6",
    "4",
    "12 5",
    "8",
  ]);
  const { examples: _, ...rows } = encodeChoices([without], encoding);
  assert.deepEqual(rows, encodeExamples([without], encoding));
});
