import { assertClose } from "../testing/assert_close.ts";
import { finiteDifferences } from "../testing/finite_differences.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { wave } from "../testing/wave.ts";
import * as tf from "../tf.ts";
import { lowRankUpdate } from "./low_rank_update.ts";

const [N, L, I, O, R] = [2, 4, 5, 6, 3];

function byLoops(x: ArrayLike<number>, A: ArrayLike<number>, B: ArrayLike<number>): number[] {
  const y = new Array<number>(N * L * O).fill(0);
  for (let n = 0; n < N; n++) {
    for (let l = 0; l < L; l++) {
      for (let r = 0; r < R; r++) {
        let inner = 0;
        for (let i = 0; i < I; i++) inner += x[(n * L + l) * I + i]! * A[(n * I + i) * R + r]!;
        for (let o = 0; o < O; o++) {
          y[(n * L + l) * O + o]! += inner * B[(n * R + r) * O + o]! / R;
        }
      }
    }
  }
  return y;
}

onEachBackend("lowRankUpdate() equals plain loops, values and gradients", async ({ tolerance }) => {
  const data = [wave(N * L * I, 0.1), wave(N * I * R, 0.8), wave(N * R * O, 1.9)] as const;
  const shapes = [[N, L, I], [N, I, R], [N, R, O]] as const;
  const inputs = data.map((values, i) => tf.tensor(values, [...shapes[i]!])) as tf.Tensor3D[];
  const [x, A, B] = inputs as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
  const slopes = wave(N * L * O, 2.5);
  const dy = tf.tensor3d(slopes, [N, L, O]);
  const y = lowRankUpdate(x, A, B);
  await assertClose(y, { shape: [N, L, O], data: byLoops(...data) }, tolerance);
  const gradients = tf.grads((x, A, B) =>
    lowRankUpdate(x as tf.Tensor3D, A as tf.Tensor3D, B as tf.Tensor3D)
  )(inputs, dy);
  for (const [i, gradient] of gradients.entries()) {
    const expected = finiteDifferences((at) => {
      const moved = data.map((values, j) => (j === i ? at : values)) as unknown as typeof data;
      return byLoops(...moved).reduce((sum, value, k) => sum + value * slopes[k]!, 0);
    }, data[i]!);
    await assertClose(gradient, { shape: shapes[i]!, data: expected }, tolerance, `∇ ${"xAB"[i]}`);
  }
  tf.dispose([...inputs, dy, y, ...gradients]);
});
