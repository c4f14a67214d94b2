import assert from "node:assert/strict";
import { type Noise, seededNoise } from "../ops/noise.ts";
import { assertClose } from "../testing/assert_close.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { wave } from "../testing/wave.ts";
import * as tf from "../tf.ts";
import { Router } from "./router.ts";
import { type PolySettings, PROFILES } from "./settings.ts";

const [T, H, S] = [3, 2, 3];
const TASK_IDS = [2, 0, 2, 1];
const SHAPE: [number, number, number] = [4, H, S];
const UNIFORM = wave(24, 0.9, 0.49).map((x) => x + 0.5);

// PolyRouter of PEFT 0.21 with module_logits = wave(18, 0.3, 2), torch.rand giving UNIFORM, and its
// gradients for wave(24, 0.2) from above.
// deno-fmt-ignore
const BY_PEFT = {
  evaluation: {
    weights: [0.6531508, 0.2328956, 0.1139535, 0.4441261, 0.4594722, 0.09640172, 0.3653989, 0.488481, 0.1461201, 0.1004151, 0.4635354, 0.4360495, 0.6531508, 0.2328956, 0.1139535, 0.4441261, 0.4594722, 0.09640172, 0.1088035, 0.2431215, 0.6480749, 0.4438935, 0.09560659, 0.4604999],
    gradient: [-0.05776706, -0.004460468, 0.1440979, 0.05180062, -0.05053743, 0.04852752, -0.08878984, 0.08249183, -0.002342932, -0.1966386, -0.009886299, 0.1922905, 0.03452146, -0.02022313, -0.2044712, -0.0810193, 0.08260277, -0.0471812],
  },
  training: {
    weights: [0.6251681, 0.3687331, 0.006098687, 0.3613838, 0.5431072, 0.09550904, 0.01245861, 0.4990767, 0.4884647, 0.05410914, 0.2437203, 0.7021706, 0.8977665, 0.03752487, 0.06470852, 0.5372473, 0.4615908, 0.001161843, 0.0885617, 0.5025936, 0.4088447, 0.05993616, 0.2476319, 0.6924319],
    gradient: [-0.01283479, -0.03128982, 0.0392685, 0.02021602, -0.1313186, 0.01007348, -0.08199739, 0.007386676, -0.01681632, -0.08753262, -0.1191483, 0.02799285, 0.001801182, 0.03369569, -0.1089866, -0.1165144, 0.009768936, 0.04122845],
  },
};

/** Gives out UNIFORM, and writes down what was asked. */
class Recorded implements Noise {
  readonly asked: [string, readonly number[]][] = [];

  uniform(place: string, shape: readonly number[]): tf.Tensor {
    this.asked.push([place, shape]);
    return tf.tensor(UNIFORM, [...shape]);
  }
}

function router(
  settings: Partial<PolySettings> = {},
  logits: ArrayLike<number> = wave(T * H * S, 0.3, 2),
  sizes: readonly [number, number, number] = [T, H, S],
): Router {
  const [T_, H_, S_] = sizes;
  const Z = tf.tidy(() => tf.variable(tf.tensor2d(Float32Array.from(logits), [T_, H_ * S_])));
  return new Router("enc.q", Z, S_, H_, { ...PROFILES.peft, ...settings });
}

async function weightsOf(router: Router, training = false, noise?: Noise): Promise<Float32Array> {
  const weights = router.mixingWeights({ taskIds: TASK_IDS, training, noise });
  const values = await weights.data() as Float32Array;
  weights.dispose();
  return values;
}

for (const mode of ["evaluation", "training"] as const) {
  onEachBackend(`Router equals PEFT's in ${mode}, weights and gradients of Z`, async (on) => {
    const route = router();
    const noise = new Recorded();
    const call = { taskIds: TASK_IDS, training: mode === "training", noise };
    const weights = route.mixingWeights(call);
    await assertClose(weights, { shape: SHAPE, data: BY_PEFT[mode].weights }, on.tolerance);
    assert.deepEqual(noise.asked, mode === "training" ? [["enc.q", SHAPE]] : []);
    const dy = tf.tensor3d(wave(24, 0.2), SHAPE);
    const { value, grads } = tf.variableGrads(
      () => tf.sum(tf.mul(route.mixingWeights(call), dy)) as tf.Scalar,
      [route.moduleLogits],
    );
    const gradient = grads[route.moduleLogits.name]!;
    await assertClose(gradient, { shape: [T, H * S], data: BY_PEFT[mode].gradient }, on.tolerance);
    tf.dispose([weights, dy, value, gradient]);
    route.dispose();
  });
}

onEachBackend("F13 Router lets small amounts fade as PEFT, by 1e-12", async (on) => {
  // PolyRouter of PEFT 0.21, all logits of a row equal: what each skill of S weighs.
  const cases: [number, number, number][] = [
    [-30, 2, 0.07882411032915115],
    [-30, 3, 0.07306484133005142],
    [-27.6, 2, 0.33676207065582275],
    [30, 3, 0.3333333432674408],
  ];
  for (const [logit, S, expected] of cases) {
    const route = router({}, new Float32Array(S).fill(logit), [1, 1, S]);
    const weights = route.mixingWeights({ taskIds: [0], training: false });
    const data = new Array(S).fill(expected);
    await assertClose(weights, { shape: [1, 1, S], data }, on.tolerance, `${logit}`);
    weights.dispose();
    route.dispose();
  }
  const gone = router({}, [-200, -200], [1, 1, 2]);
  const weights = gone.mixingWeights({ taskIds: [0], training: false });
  assert.deepEqual([...await weights.data()], [0, 0]);
  weights.dispose();
  gone.dispose();
});

onEachBackend("F13 Router gives rows of Z of unseen tasks a gradient of exactly 0", async () => {
  for (const training of [false, true]) {
    const route = router();
    const taskIds = [2, 2, 0];
    const { value, grads } = tf.variableGrads(() => {
      const weights = route.mixingWeights({ taskIds, training, noise: seededNoise(3) });
      return tf.sum(tf.square(weights)) as tf.Scalar;
    }, [route.moduleLogits]);
    const gradient = await grads[route.moduleLogits.name]!.array() as number[][];
    assert.deepEqual(gradient[1], new Array(H * S).fill(0));
    assert.ok(gradient[0]!.every((g) => g !== 0) && gradient[2]!.every((g) => g !== 0));
    value.dispose();
    tf.dispose(grads);
    route.dispose();
  }
});

onEachBackend("F13 Router draws for each row, also of one task, and only in training", async () => {
  const route = router();
  const [first, second] = [seededNoise(1), seededNoise(2)];
  const [a, b] = [await weightsOf(route, true, first), await weightsOf(route, true, second)];
  assert.notDeepEqual(a, b);
  assert.notDeepEqual(a.slice(0, 6), a.slice(12, 18)); // rows 0 and 2 are both of task 2
  assert.deepEqual(await weightsOf(route, true, seededNoise(1)), a);
  assert.deepEqual(await weightsOf(route, false, first), await weightsOf(route));
  route.dispose();
});

onEachBackend(
  "Router without noise computes in training what it computes in evaluation",
  async () => {
    const route = router({ router_noise: "none" });
    assert.deepEqual(await weightsOf(route, true), await weightsOf(route, false));
    assert.ok(!route.draws);
    route.dispose();
  },
);

Deno.test("Router in training without noise says what to pass", async () => {
  await tf.setBackend("cpu");
  const route = router();
  assert.throws(() => route.mixingWeights({ taskIds: [0], training: true }), {
    name: "TypeError",
    message: /router "enc\.q" draws.*pass noise: seededNoise\(seed\)/,
  });
  route.dispose();
});

onEachBackend("Router straight through weighs whole skills, with the soft gradient", async (on) => {
  const hard = router({ router_straight_through: true });
  // Signs of the logits of the rows' tasks; weights are 1 over the number of positive ones.
  const logits = wave(T * H * S, 0.3, 2);
  const data = TASK_IDS.flatMap((task) =>
    [0, 1].flatMap((h) => {
      const on = [0, 1, 2].map((s) => (logits[(task * H + h) * S + s]! > 0 ? 1 : 0));
      const count = on.reduce((sum: number, x) => sum + x, 0);
      return on.map((x) => (count === 0 ? 0 : x / count));
    })
  );
  assert.ok(data.includes(0) && data.includes(0.5) && data.includes(1));
  for (const training of [false, true]) {
    const noise = { uniform: (_: string, shape: readonly number[]) => tf.fill([...shape], 0.5) };
    const weights = hard.mixingWeights({ taskIds: TASK_IDS, training, noise });
    await assertClose(weights, { shape: SHAPE, data }, on.tolerance);
    weights.dispose();
  }
  // Σ w₀ over one split of one row: dw₀/da = ([i = 0] − w₀) / Σ a, times σ′ of the soft amount.
  const { value, grads } = tf.variableGrads(() => {
    const weights = hard.mixingWeights({ taskIds: [1], training: false });
    return tf.sum(tf.slice(weights, [0, 1, 0], [1, 1, 1])) as tf.Scalar;
  }, [hard.moduleLogits]);
  const gradient = await grads[hard.moduleLogits.name]!.data();
  const at = (1 * H + 1) * S;
  const row = Array.from(logits.slice(at, at + S), (z) => 1 / (1 + Math.exp(-z)));
  const amounts = row.map((p) => (p > 0.5 ? 1 : 0));
  const total = amounts.reduce((sum: number, x) => sum + x, 0);
  const expected = row.map((p, i) =>
    ((i === 0 ? 1 : 0) - amounts[0]! / total) / total * p * (1 - p)
  );
  await assertClose(
    { shape: [S], data: gradient.slice(at, at + S) },
    { shape: [S], data: expected },
    on.tolerance,
  );
  value.dispose();
  tf.dispose(grads);
  hard.dispose();
});

onEachBackend("Router with a fixed allocation is exactly that, in training too", async () => {
  const fixed = router({ router_allocation: [[1, 0, 0], [2, 1, 1], [0, 0.5, 0.5]] });
  const data = [[0, 0.5, 0.5], [1, 0, 0], [0, 0.5, 0.5], [0.5, 0.25, 0.25]]
    .flatMap((row) => [...row, ...row]);
  assert.deepEqual([...await weightsOf(fixed)], data);
  assert.deepEqual([...await weightsOf(fixed, true)], data);
  assert.ok(!fixed.isLearned && !fixed.draws);
  fixed.dispose();
});

onEachBackend("Router at a low temperature draws nearly whole skills", async () => {
  const distance = async (router_temperature: number) => {
    const route = router({ router_temperature });
    const amounts = await weightsOf(route, true, new Recorded());
    route.dispose();
    // How far each split is from having one skill, or several alike.
    return amounts.reduce(
      (sum, w) => sum + Math.min(...[0, 1 / 3, 1 / 2, 1].map((x) => Math.abs(w - x))),
      0,
    );
  };
  assert.ok(await distance(0.05) < 0.2 * await distance(1));
});
