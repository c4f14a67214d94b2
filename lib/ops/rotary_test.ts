import assert from "node:assert/strict";
import { assertClose } from "../testing/assert_close.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import * as tf from "../tf.ts";
import { inverseFrequencies, type RopeParameters } from "./rope_frequencies.ts";
import { rotary, rotaryTables } from "./rotary.ts";

/** The values of {@link fill} in Python: ((arange(n) * 7919 % 2003) / 2003 − 0.5).float(). */
function fill(size: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => (i * 7919 % 2003) / 2003 - 0.5);
}

const ROPE: Record<string, RopeParameters> = {
  default: { rope_type: "default", rope_theta: 10000 },
  linear: { rope_type: "linear", rope_theta: 10000, factor: 2.5 },
  llama3: {
    rope_type: "llama3",
    rope_theta: 500,
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 64,
  },
};

// transformers 5.17.0, apply_rotary_pos_emb of fill(144) as [2, 2, 3, 12] at these positions;
// row 1, head 1.
const POSITIONS = [[0, 1, 2], [7, 500, 3]];
const EXPECTED_TURNED: Record<string, number[]> = {
  // deno-fmt-ignore
  default: [
    0.23007937, -0.13268432, 0.33569983, 0.34065121, 0.29944623, 0.25345054, 0.47499347, 0.44828483, 0.23345724, 0.09169921, 0.02573689, -0.02438882,
    -0.10050403, 0.23987687, -0.35858518, -0.5292424, -0.53059983, -0.39170378, 0.34305817, -0.33724695, 0.30790037, 0.06341223, -0.00678584, 0.33655399,
    -0.38054776, 0.23144509, 0.27567309, 0.23319799, 0.18606971, 0.13923562, -0.03930149, 0.23245804, 0.03838481, -0.03970296, -0.09190964, -0.13934694,
  ],
  // deno-fmt-ignore
  llama3: [
    0.23007937, -0.3897461, 0.36532062, 0.34331912, 0.29947668, 0.25349119, 0.47499347, 0.25819063, 0.1836777, 0.08114171, 0.02538015, -0.02396271,
    -0.10050403, 0.084677, 0.07472977, 0.36464351, -0.52925682, -0.42919928, 0.34305817, -0.40510026, -0.466692, 0.38878495, 0.03833386, 0.28720799,
    -0.38054776, 0.15266754, 0.27749529, 0.23265237, 0.18602277, 0.13933598, -0.03930149, 0.29033807, 0.02157333, -0.04278448, -0.09200463, -0.13924658,
  ],
};

onEachBackend(
  "rotary() gives transformers' numbers with positions of each row",
  async ({ tolerance }) => {
    for (const [type, data] of Object.entries(EXPECTED_TURNED)) {
      const turned = tf.tidy(() => {
        const tables = rotaryTables(POSITIONS, inverseFrequencies(12, ROPE[type]!));
        const x = tf.tensor4d(fill(144), [2, 2, 3, 12]);
        return tf.slice(rotary(x, tables), [1, 1, 0, 0], [1, 1, 3, 12]);
      });
      await assertClose(turned, { shape: [1, 1, 3, 12], data }, tolerance, type);
      turned.dispose();
    }
  },
);

/** x turned in float64 by plain loops; x is `[B, N, L, Dh]`. */
function turnByLoops(
  x: ArrayLike<number>,
  shape: number[],
  positions: number[][],
  angles: Float32Array,
) {
  const [B, N, L, Dh] = shape as [number, number, number, number];
  const out = new Float64Array(x.length);
  for (let b = 0; b < B; b++) {
    for (let n = 0; n < N; n++) {
      for (let l = 0; l < L; l++) {
        for (let i = 0; i < Dh / 2; i++) {
          const at = ((b * N + n) * L + l) * Dh + i;
          const turn = positions[b]![l]! * angles[i]!;
          const [one, two] = [x[at]!, x[at + Dh / 2]!];
          out[at] = one * Math.cos(turn) - two * Math.sin(turn);
          out[at + Dh / 2] = two * Math.cos(turn) + one * Math.sin(turn);
        }
      }
    }
  }
  return out;
}

onEachBackend("rotary() has the gradient of finite differences", async ({ tolerance }) => {
  const shape = [2, 3, 4, 6] as [number, number, number, number];
  const positions = [[0, 1, 2, 9], [3, 5, 4, 0]];
  const angles = inverseFrequencies(6, ROPE.default!);
  const x = fill(144);
  const weights = fill(288).subarray(144);
  /** Σ w · turned², so that the gradient depends on x. */
  const objective = (values: ArrayLike<number>) =>
    turnByLoops(values, shape, positions, angles).reduce(
      (sum, y, i) => sum + weights[i]! * y * y,
      0,
    );
  const expected = Float64Array.from(x, (value, i) => {
    const at = (moved: number) => objective(Float64Array.from(x, (v, j) => j === i ? moved : v));
    return (at(value + 1e-5) - at(value - 1e-5)) / 2e-5;
  });
  const gradient = tf.tidy(() => {
    const w = tf.tensor4d(weights, shape);
    return tf.grad((input: tf.Tensor) => {
      const tables = rotaryTables(positions, angles);
      return tf.sum(tf.mul(w, tf.square(rotary(input as tf.Tensor4D, tables))));
    })(tf.tensor4d(x, shape));
  });
  await assertClose(gradient, { shape, data: expected }, tolerance);
  gradient.dispose();
});

onEachBackend("rotary() with one row of tables turns every row by it", async ({ tolerance }) => {
  const [one, each] = tf.tidy(() => {
    const angles = inverseFrequencies(4, ROPE.default!);
    const x = tf.tensor4d(fill(72), [3, 2, 3, 4]);
    const row = [2, 0, 11];
    return [
      rotary(x, rotaryTables([row], angles)),
      rotary(x, rotaryTables([row, row, row], angles)),
    ] as const;
  });
  await assertClose(one, each, tolerance);
  tf.dispose([one, each]);
});

onEachBackend(
  "rotary() leaves products of queries and keys to depend on distance alone",
  async ({ tolerance }) => {
    const products = tf.tidy(() => {
      const angles = inverseFrequencies(6, ROPE.default!);
      const [q, k] = [
        tf.tensor4d(fill(6), [1, 1, 1, 6]),
        tf.tensor4d(fill(12).subarray(6), [1, 1, 1, 6]),
      ];
      const product = (qAt: number, kAt: number) =>
        tf.sum(
          tf.mul(
            rotary(q, rotaryTables([[qAt]], angles)),
            rotary(k, rotaryTables([[kAt]], angles)),
          ),
        );
      return tf.stack([product(9, 4), product(5, 0)]);
    });
    const [far, near] = await products.data();
    assert.ok(Math.abs(far! - near!) < tolerance * Math.abs(near!) * 10, `${far} and ${near}`);
    products.dispose();
  },
);

onEachBackend("rotary() refuses tables for other positions, features or rows", () => {
  const before = tf.memory().numTensors;
  const x = tf.zeros([2, 3, 4, 6]) as tf.Tensor4D;
  const angles = inverseFrequencies(6, ROPE.default!);
  for (
    const tables of [
      rotaryTables([[0, 1, 2]], angles),
      rotaryTables([[0, 1, 2, 3]], angles.subarray(1)),
      rotaryTables([[0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3]], angles),
    ]
  ) {
    assert.throws(() => rotary(x, tables), {
      name: "RangeError",
      message: /x is \[2,3,4,6\], the tables are/,
    });
    tf.dispose([tables.cos, tables.sin]);
  }
  x.dispose();
  assert.equal(tf.memory().numTensors, before);
}, { only: ["cpu"] });
