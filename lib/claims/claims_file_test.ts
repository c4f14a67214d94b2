import assert from "node:assert/strict";
import { claimsHead, ROUTING_IS_BETTER } from "../testing/samples/claims_yaml.ts";
import { readClaims } from "./claims_file.ts";

/** A file of one claim, which tests change in one place. */
const YAML = claimsHead({
  set: "{ suite: planted, steps: 3 }",
  tune: "[{ setting: learning_rate, values: [0.01, 0.02], by: validation_loss }]",
  modes: "{ default: { says: All of it., looks: { numbers: [3, 5] } } }",
}) + ROUTING_IS_BETTER + `\
outside:
  - { id: C2, says: more, source: table 2, why: nothing here can tell }
`;

Deno.test("readClaims() reads what is written, and fills in no setting that is not", () => {
  const file = readClaims(YAML, "claims.yaml");
  assert.deepEqual(file.suites.numbers!.set, { suite: "planted", steps: 3 });
  assert.deepEqual(file.claims[0]!.measure, { kind: "metric" });
  assert.deepEqual(file.claims[0]!.sides[1]!.set, { method: "shared" });
  assert.deepEqual(file.claims[0]!.on.numbers, { set: {} });
});

for (
  const [what, from, to, message] of [
    ["an unknown key", "alpha: 0.05", "alfa: 0.05", /claims\.yaml:1:1.*alpha|alfa/],
    [
      "runs that stop early",
      "alpha: 0.05",
      "alpha: 0.05\nearly_stopping: halving",
      /claims\.yaml:\d+:1 early_stopping as claims rest on intervals over seeds/,
    ],
    ["an unknown setting", "method: poly", "metod: poly", /claims\.yaml:\d+:\d+ .*metod/],
    [
      "a wrong value of a setting",
      "steps: 3",
      "steps: -3",
      /claims\.yaml:7:\d+ suites.numbers.set.steps/,
    ],
    ["weights that leave something", "weight: -1", "weight: -2", /must add up to 0: got -1/],
    ["a tuning seed that confirms", "[0, 1]", "[0, 100]", /must lie below first_seed 100: got 100/],
    ["a suite that is not there", "on: { numbers", "on: { words", /there is no such suite/],
    ["looks that shrink", "[3, 5]", "[5, 3]", /numbers of seeds must grow/],
    ["looks at too few runs", "[3, 5]", "[2, 5]", /modes\.default\.looks\.numbers\.0/],
    [
      "a claim that a suite is not asked",
      "looks: { numbers: [3, 5] } }",
      "looks: { numbers: [3, 5] }, claims: { numbers: [C1, C2] } }",
      /claims\.yaml:\d+:\d+ modes\.default\.claims\.numbers as no claim C2 is asked of this suite/,
    ],
    [
      "claims of a suite that the mode does not look at",
      "looks: { numbers: [3, 5] } }",
      "looks: { numbers: [3, 5] }, claims: { words: [C1] } }",
      /modes\.default\.claims\.words as mode default does not look at this suite/,
    ],
    ["two claims of one name", "id: C2", "id: C1", /there are two claims C1/],
    ["a margin of nothing", "margin: 0.1", "margin: 0", /suites\.numbers\.margin/],
    ["a metric that no run has", "heldout_loss", "heldout_los", /heldout_los/],
  ] as const
) {
  Deno.test(`readClaims() refuses ${what}, by its place`, () => {
    assert.ok(YAML.includes(from));
    assert.throws(() => readClaims(YAML.replace(from, to), "claims.yaml"), {
      name: "SweepError",
      message,
    });
  });
}
