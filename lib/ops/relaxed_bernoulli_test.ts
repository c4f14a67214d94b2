import assert from "node:assert/strict";
import { assertClose } from "../testing/assert_close.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import * as tf from "../tf.ts";
import { relaxedBernoulli } from "./relaxed_bernoulli.ts";

// RelaxedBernoulli(temperature, logits).rsample() of torch 2.13 with torch.rand giving UNIFORM, and
// its gradient with respect to the logits.
// deno-fmt-ignore
const LOGITS = [-200, -16.5, -15.7, -3.25, -0.5, 0, 0.001, 0.7, 2.5, 6, 15, 16.5, 100, 0.3, 16.5, -17];
// deno-fmt-ignore
const UNIFORM = [0.5, 0.5, 0.25, 0.9, 0.125, 0.5, 0, 0.3, 0.75, 0.99, 0.01, 0.999, 0.5, 0, 0.0078125, 0.9921875];
// deno-fmt-ignore
const BY_TORCH: Record<number, { samples: number[]; gradients: number[] }> = {
  1: {
    samples: [1.1920933e-07, 1.1920933e-07, 5.0635517e-08, 0.25869247, 0.07973814, 0.5, 1.1932853e-07, 0.46324193, 0.97336709, 0.99997497, 0.99996459, 0.99999988, 0.99999988, 1.6091563e-07, 0.99998486, 1.5139352e-05],
    gradients: [0.0, 0.0, 5.0635514e-08, 0.19177067, 0.073379964, 0.25, 1.1932852e-07, 0.24864884, 0.025923593, 2.5033321e-05, 3.5403908e-05, 0.0, 0.0, 1.6091559e-07, 1.5139351e-05, 0.0],
  },
  0.5: {
    samples: [1.4210868e-14, 1.4210868e-14, 2.5639556e-15, 0.10855845, 0.0074517964, 0.5, 1.4239301e-14, 0.42687902, 0.9992519, 0.99999988, 0.99999988, 0.99999988, 0.99999988, 2.589385e-14, 0.99999988, 2.2920693e-10],
    gradients: [0.0, 0.0, 5.1279108e-15, 0.19354703, 0.014792535, 0.5, 2.8478603e-14, 0.48930666, 0.0014950765, 0.0, 0.0, 0.0, 0.0, 5.1787696e-14, 0.0, 0.0],
  },
  2: {
    samples: [0.00034514788, 0.00034514788, 0.00022497274, 0.37135977, 0.22741683, 0.5, 0.00034532035, 0.48159608, 0.85806447, 0.99502122, 0.99408495, 0.99998903, 0.99965489, 0.0004009821, 0.99612409, 0.0038758805],
    gradients: [0.0, 0.0, 0.00011246106, 0.11672584, 0.087849207, 0.125, 0.00017260054, 0.12483063, 0.060894921, 0.0024769939, 0.0029400289, 5.4835673e-06, 0.0, 0.00020041068, 0.0019304443, 0.0],
  },
};

for (const [temperature, { samples, gradients }] of Object.entries(BY_TORCH)) {
  onEachBackend(
    `relaxedBernoulli() equals torch at temperature ${temperature}, samples and gradients`,
    async ({ tolerance }) => {
      const [logits, uniform] = [tf.tensor1d(LOGITS), tf.tensor1d(UNIFORM)];
      const draw = (z: tf.Tensor) => relaxedBernoulli(z, uniform, Number(temperature));
      const sample = draw(logits);
      const gradient = tf.grad(draw)(logits);
      await assertClose(sample, { shape: [LOGITS.length], data: samples }, tolerance);
      await assertClose(gradient, { shape: [LOGITS.length], data: gradients }, tolerance);
      // Tiny samples are compared by their own size, as a log-odds.
      const odds = (s: number) => Math.log(s / (1 - s));
      for (const [i, s] of (await sample.data()).entries()) {
        if (samples[i]! > 1e-6 && samples[i]! < 0.999) {
          assert.ok(Math.abs(odds(s) - odds(samples[i]!)) < 30 * tolerance, `${i}: ${s}`);
        }
      }
      tf.dispose([logits, uniform, sample, gradient]);
    },
  );
}

onEachBackend("relaxedBernoulli() saturates: no gradient where torch's clamps hold", async () => {
  // σ(−16.5) < 2⁻²³; σ(17) rounds to 1; 6 with u = 1 saturates the sample alone.
  const [logits, uniform] = [tf.tensor1d([-16.5, 17, 6]), tf.tensor1d([0.5, 0.5, 1])];
  const gradient = tf.grad((z: tf.Tensor) => relaxedBernoulli(z, uniform, 1))(logits);
  assert.deepEqual([...await gradient.data()], [0, 0, 0]);
  tf.dispose([logits, uniform, gradient]);
});
