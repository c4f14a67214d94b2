import assert from "node:assert/strict";
import { stalledAt, type TrainingCourse } from "./stalled.ts";

const at = (course: Partial<TrainingCourse>, learning_rate = 0.01) =>
  stalledAt({ learning_rate }, {
    losses: [4, 3, 2, 1],
    gradientNorms: [1, 1, 1, 1],
    validationLosses: [3, 2],
    ...course,
  });

Deno.test("stalledAt() finds a gradient that is exactly zero to the end", () => {
  const losses = [4, 5, 5, 5];
  assert.equal(at({ losses, gradientNorms: [1, 0, 0, 0] }), 2);
  assert.equal(at({ losses, gradientNorms: [0, 0, 0, 0] }), 1);
  assert.equal(at({ losses, gradientNorms: [1, 1, 0, 0] }), 3, "with a loss that is not constant");
  assert.equal(at({ gradientNorms: [1, 0, 0, 1] }), null, "it went on");
  assert.equal(at({ gradientNorms: [1, 1, 1, 0] }), null, "one batch may be an accident");
  assert.equal(at({ gradientNorms: [1e-30, 1e-30, 1e-30, 1e-30] }), null, "it is not zero");
});

Deno.test("stalledAt() finds a loss that does not move from its start", () => {
  assert.equal(at({ losses: [4, 5, 5, 5] }), 2, "after the first step all are the same");
  assert.equal(at({ losses: [4, 5, 5] }), null, "two may be an accident");
  assert.equal(at({ losses: [4, 3, 2, 2, 2, 2] }), null, "it did move");
  assert.equal(at({ losses: [4, 5, 5, 5.000001] }), null);
  assert.equal(at({ validationLosses: [3, 3] }), 1, "while batches differ");
  assert.equal(at({ validationLosses: [3, 3, 3, 2.9] }), null);
  assert.equal(at({ validationLosses: [3] }), null, "of one evaluation nothing is known");
  assert.equal(at({ validationLosses: [] }), null);
});

Deno.test("stalledAt() leaves short, slow, worse and finished training alone", () => {
  const none = { gradientNorms: [], validationLosses: [] };
  assert.equal(at({ losses: [], ...none }), null, "no step was asked for");
  assert.equal(at({ losses: [4], gradientNorms: [1], validationLosses: [4] }), null);
  assert.equal(at({ losses: [4, 4], gradientNorms: [1, 1], validationLosses: [4] }), null);
  assert.equal(at({ losses: [4, 4.1, 4.2, 4.3], validationLosses: [4.1, 4.2] }), null);
  assert.equal(
    at({ losses: [4, 1, 0, 0, 0], gradientNorms: [1, 1, 0, 0, 0], validationLosses: [0, 0] }),
    null,
    "everything is learned",
  );
  assert.equal(at({ validationLosses: [3, 3] }, 0), null, "a learning rate of 0 was asked for");
  assert.equal(
    at({ losses: [0, 0, 0], gradientNorms: [0, 0, 0] }),
    null,
    "there is nothing to learn",
  );
});
