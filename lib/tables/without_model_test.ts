import assert from "node:assert/strict";
import { Study } from "./study.ts";
import { sweepReport } from "./files.ts";
import { reportPage } from "../report/page/page.ts";
import { pageData } from "../report/page_data.ts";
import { runResult } from "../testing/samples/run_result.ts";
import { tableOf } from "./table.ts";
import { withoutModel } from "./without_model.ts";

/** A done run of a method whose score stands beside what needs no model. */
const run = (method: "poly" | "shared", score: number, whole = 1) => ({
  ...runResult({ method }),
  metrics: {
    heldout_rouge_l: score,
    constant_heldout_rouge_l: 0.2,
    copied_heldout_rouge_l: 0.25,
    trivial_heldout_rouge_l: 0.3,
    whole_instances: whole,
    whole_targets: 1,
  },
});

const studyOf = (results: ReturnType<typeof run>[]) =>
  new Study(
    "mine",
    {
      schema: 1,
      name: "mine",
      question: "",
      metric: "heldout_rouge_l",
      baseline: null,
      varying: ["method"],
      runs: [],
    } as unknown as ConstructorParameters<typeof Study>[1],
    results,
  );

Deno.test("withoutModel() says where nothing beats what needs no model, in table and page", async () => {
  const scores =
    "Without a model, heldout_rouge_l is 0.2 by one answer of the shots for all, 0.25 by " +
    "answering with the question, and 0.3 by whichever of both the shots are for.";
  const none = studyOf([run("poly", 0.3), run("shared", 0.1)]);
  const verdict =
    "No setting beats that, so the table says nothing about how well tasks are learned.";
  assert.deepEqual(withoutModel(none), [scores, verdict]);
  assert.ok(sweepReport(none).replaceAll("\\", "").includes(`${scores}\n\n${verdict}`));
  const page = await reportPage(await pageData(none));
  assert.ok(page.includes(`<p>${scores}</p><p>${verdict}</p>`));
  const one = studyOf([run("poly", 0.31), run("shared", 0.1)]);
  assert.deepEqual(withoutModel(one), [scores, "Of the 2 settings, 1 beats that."]);
  assert.deepEqual(withoutModel(studyOf([run("poly", 0.4), run("shared", 0.31)])), [scores]);
});

Deno.test("withoutModel() says what was cut away, and nothing of runs that do not", () => {
  const [, , cut] = withoutModel(studyOf([run("poly", 0.1, 0.999), run("shared", 0.1, 0.17)]));
  assert.equal(
    cut,
    "The model reads 17 to 99 % of the questions whole, and 100 % of the answers to learn; the rest is " +
      "cut after max_input_tokens and max_target_tokens.",
  );
  const earlier = tableOf([{ status: "done", seed: 0, heldout_rouge_l: 0.1 }]);
  assert.deepEqual(withoutModel({ runs: earlier, metric: "heldout_rouge_l" }), []);
});
