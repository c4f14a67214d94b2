import { assertClose } from "../testing/assert_close.ts";
import { finiteDifferences } from "../testing/finite_differences.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { wave } from "../testing/wave.ts";
import * as tf from "../tf.ts";
import { lowRankUpdate } from "./linear.ts";

const [N, U, L, I, O, R] = [3, 2, 4, 5, 6, 3];

/** Two rows share their factors. */
const OWNERS = [1, 0, 1];

function byLoops(x: ArrayLike<number>, A: ArrayLike<number>, B: ArrayLike<number>): number[] {
  const y = new Array<number>(N * L * O).fill(0);
  for (let n = 0; n < N; n++) {
    for (let l = 0; l < L; l++) {
      for (let r = 0; r < R; r++) {
        let inner = 0;
        for (let i = 0; i < I; i++) {
          inner += x[(n * L + l) * I + i]! * A[(OWNERS[n]! * I + i) * R + r]!;
        }
        for (let o = 0; o < O; o++) {
          y[(n * L + l) * O + o]! += inner * B[(OWNERS[n]! * R + r) * O + o]! / R;
        }
      }
    }
  }
  return y;
}

const DATA = [wave(N * L * I, 0.1), wave(U * I * R, 0.8), wave(U * R * O, 1.9)] as const;
const SHAPES = [[N, L, I], [U, I, R], [U, R, O]] as const;
const SLOPES = wave(N * L * O, 2.5);

/** The gradient of the loops' sum, weighted by the slopes, with respect to one of x, A and B. */
function slope(i: number): Float64Array {
  return finiteDifferences((at) => {
    const moved = DATA.map((values, j) => (j === i ? at : values)) as unknown as typeof DATA;
    return byLoops(...moved).reduce((sum, value, k) => sum + value * SLOPES[k]!, 0);
  }, DATA[i]!);
}

onEachBackend("lowRankUpdate() equals plain loops, values and gradients", async ({ tolerance }) => {
  const inputs = DATA.map((values, i) => tf.tensor(values, [...SHAPES[i]!])) as tf.Tensor3D[];
  const [x, A, B] = inputs as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
  const dy = tf.tensor3d(SLOPES, [N, L, O]);
  const y = lowRankUpdate(x, { factorA: A, factorB: B, owners: OWNERS });
  await assertClose(y, { shape: [N, L, O], data: byLoops(...DATA) }, tolerance);
  const gradients = tf.grads((x, A, B) =>
    lowRankUpdate(x as tf.Tensor3D, {
      factorA: A as tf.Tensor3D,
      factorB: B as tf.Tensor3D,
      owners: OWNERS,
    })
  )(inputs, dy);
  for (const [i, gradient] of gradients.entries()) {
    await assertClose(gradient, { shape: SHAPES[i]!, data: slope(i) }, tolerance, `∇ ${"xAB"[i]}`);
  }
  tf.dispose([...inputs, dy, y, ...gradients]);
});
