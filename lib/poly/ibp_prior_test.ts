import { assertClose } from "../testing/assert_close.ts";
import { fill } from "../testing/fill.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { plainBase } from "../testing/plain_poly.ts";
import * as tf from "../tf.ts";
import { PolyConfig } from "./config.ts";
import { ibpPenalty } from "./ibp_prior.ts";
import { makeAdapter } from "./make_adapter.ts";

const [T, H, S] = [9, 2, 4];

/**
 * Logits whose third skill has the history of the second in the first split; all tasks use its fourth, and
 * none uses the third of the second split.
 */
function logits(): Float32Array {
  const Z = fill(5, T * H * S).map((value) => 4 * value);
  for (let task = 0; task < T; task++) {
    const row = task * H * S;
    Z[row + 2] = Z[row + 1]! / 2;
    Z[row + 6] = -Math.abs(Z[row + 6]!);
    Z[row + 3] = Math.abs(Z[row + 3]!);
  }
  return Z;
}

// `neg_log_IBP` of McGill-NLP/polytropon d567ea8 on each split of these logits, in 64 bits of PyTorch.
const VALUE = -49.63382339477539;
// deno-fmt-ignore
const GRADIENT = [0.08656095, 0, 0, -0.3900304, 0.1065458, 0.1356334, 0, 0.06916156, 0.1108918, 0, 0, -0.434998, 0.1122191, 0.2289518, 0, 0.09788685, 0.1055789, 0, 0, -0.3164527, 0.1002537, 0.1262521, 0, 0.09944334, 0.09374235, 0, 0, -0.4986812, 0.09801241, 0.1553259, 0, 0.0543263, 0.07153132, 0, 0, -0.4435966, 0.0886399, 0.1343116, 0, 0.1111003, 0.1062372, 0, 0, -0.436624, 0.09539995, 0.1540668, 0, 0.06564894, 0.05982423, 0, 0, -0.5970976, 0.0806132, 0.1467608, 0, 0.0598538, 0.08171869, 0, 0, -0.6267086, 0.05394042, 0.1694883, 0, 0.1070092, 0.1094768, 0, 0, -0.4598479, 0.06884501, 0.1536017, 0, 0.0521838];

onEachBackend(
  "ibpPenalty() equals that of the papers' code, with its gradient",
  async ({ tolerance }) => {
    const base = plainBase();
    const config = new PolyConfig({
      target_modules: ["0"],
      n_tasks: T,
      n_skills: S,
      n_splits: H,
      r: 1,
    });
    const { adapter } = makeAdapter(base, "a", config, 0);
    const { skillsA, skillsB, router: { moduleLogits } } = adapter.layers.get("layers.0")!;
    tf.tidy(() => moduleLogits.assign(tf.tensor2d(logits(), [T, H * S])));
    const { value, grads } = tf.variableGrads(() => ibpPenalty(adapter), [moduleLogits]);
    await assertClose(value, { shape: [], data: [VALUE] }, tolerance, "value");
    const gradient = grads[moduleLogits.name]!;
    await assertClose(gradient, { shape: [T, H * S], data: GRADIENT }, tolerance, "gradient");
    tf.dispose([value, gradient, skillsA, skillsB, moduleLogits]);
    base.dispose();
  },
);
