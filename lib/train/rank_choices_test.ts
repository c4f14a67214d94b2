import assert from "node:assert/strict";
import { assertClose } from "../testing/assert_close.ts";
import {
  CHOICE_CASES,
  CHOICE_EXAMPLES,
  choiceCaseEncoding,
  choiceCaseModel,
} from "../testing/cases/choice_case.ts";
import cases from "../testing/cases/choice_cases.json" with { type: "json" };
import { lacking } from "../testing/lacking.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { HAS_PYTHON, runTorch } from "../testing/python.ts";
import type { MultiTaskModel } from "./multi_task_model.ts";
import { choiceLikelihoods, likeliest } from "./rank_choices.ts";

const TASK = { name: "t", taskId: 0, examples: CHOICE_EXAMPLES };

for (const [name, of] of CHOICE_CASES) {
  onEachBackend(
    `choiceLikelihoods() equal those of transformers' ${name}, in batches of any size`,
    async ({ tolerance }) => {
      const model = choiceCaseModel(of);
      const forward: MultiTaskModel["forward"] = ({ taskIds: _, ...inputs }) =>
        model.forward(inputs);
      const encoding = choiceCaseEncoding(of);
      for (const batchSize of [4, 20]) {
        const found = await choiceLikelihoods({ forward }, TASK, encoding, batchSize);
        assert.deepEqual(
          found.map(({ length }) => length),
          of.likelihoods.map(({ length }) => length),
        );
        const [data, expected] = [found.flat(), of.likelihoods.flat()];
        const shape = [expected.length];
        await assertClose({ shape, data }, { shape, data: expected }, 5 * tolerance);
        const answers = found.map((likelihoods, i) => likeliest(CHOICE_EXAMPLES[i]!, likelihoods));
        assert.deepEqual(answers, name === "t5" ? ["10", "7 7 0 12", "12 5"] : ["10", "9", "12 5"]);
      }
      model.dispose();
    },
    { only: ["wasm"] },
  );
}

onEachBackend(
  "choiceLikelihoods() refuses examples without choices, and choices that are cut to the same",
  async () => {
    const [[, of]] = CHOICE_CASES as [typeof CHOICE_CASES[number]];
    const forward = () => assert.fail("nothing may be computed");
    const refuse = async (examples: typeof CHOICE_EXAMPLES, message: RegExp) =>
      await assert.rejects(
        choiceLikelihoods({ forward }, { ...TASK, examples }, choiceCaseEncoding(of, 3), 4),
        message,
      );
    await refuse(
      [{ input: "4", targets: ["5"] }],
      /task "t" as each of its examples must have choices/,
    );
    const choices = ["5 6 11", "5 6 8"];
    await refuse(
      [{ input: "4", targets: choices, choices }],
      /must differ in their first 3 tokens: "5 6 8" does not; raise max_target_tokens/,
    );
  },
  { only: ["cpu"] },
);

Deno.test({
  name: `the cases of choices are what Python computes${lacking("PEFT_PYTHON", HAS_PYTHON)}`,
  ignore: !HAS_PYTHON,
  async fn() {
    const script = await Deno.readTextFile(
      new URL("../testing/cases/make_choice_cases.py", import.meta.url),
    );
    const made = JSON.parse(await runTorch(script, []));
    for (const [name, { likelihoods, gradient, losses }] of Object.entries(cases.cases)) {
      const found = made.cases[name];
      const of = (values: typeof found) => [
        ...values.likelihoods.flat(),
        ...values.gradient,
        ...Object.values(values.losses),
      ];
      const [data, expected] = [of(found), of({ likelihoods, gradient, losses })];
      await assertClose(
        { shape: [data.length], data },
        { shape: [data.length], data: expected },
        1e-5,
      );
    }
  },
});
