import assert from "node:assert/strict";
import { parseRunConfig } from "../config.ts";
import { costOf } from "./cost.ts";

const linear = (name: string, inFeatures: number, outFeatures: number) => ({
  name,
  kind: "Linear",
  inFeatures,
  outFeatures,
});
const LAYERS = [linear("encoder.q", 4, 6), linear("decoder.q", 4, 10)];
const BASE = { modules: [{ name: "shared", kind: "Embedding" }, ...LAYERS], weights: 500 };

Deno.test("costOf() counts training, adaptation and answers by the tokens that each layer reads", () => {
  const config = parseRunConfig({
    max_input_tokens: 3,
    max_target_tokens: 2,
    batch_size: 5,
    accumulation: 2,
    steps: 7,
    n_tasks: 4,
    n_heldout_tasks: 2,
    adaptation_steps: 11,
    adaptation_batch_size: 3,
    n_test: 13,
    num_beams: 1,
    n_skills: 2,
    n_splits: 1,
    r: 2,
  });
  // One example: 2 operations for each weight and token.
  const reading = 2 * (4 * 6 * 3 + 4 * 10 * 2);
  const adapter = 2 * 2 * (4 + 6) + 4 * 2; // two skills of rank 2, and logits of four tasks
  assert.deepEqual(costOf(config, { ...BASE, isEncoderDecoder: true }, LAYERS.slice(0, 1)), {
    bytes: (500 + 5 * (10 * 3 + 14 * 2)) * 4 + adapter * 16,
    step: 2 * reading * 10,
    run: 7 * 2 * reading * 10 + 2 * 11 * 3 * 2 * reading + 6 * 13 * reading,
  });
  // A decoder reads input and target with every layer; without adaptation there is none.
  const alone = costOf(
    { ...config, adaptation: "none" },
    { ...BASE, isEncoderDecoder: false },
    LAYERS.slice(0, 1),
  );
  const whole = 2 * (4 * 6 + 4 * 10) * 5;
  assert.equal(alone.run, 7 * 2 * whole * 10 + 6 * 13 * whole);
});
