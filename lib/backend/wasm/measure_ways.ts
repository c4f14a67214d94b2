import { allocate } from "./heap.ts";
import type { FusedWasm } from "./fused.ts";
import { update } from "./kernels/low_rank_products.ts";
import {
  PRODUCT_KINDS,
  type ProductKind,
  type ProductTimes,
  type ProductWay,
} from "./matmul_choice.ts";

/** Sizes of what is timed, those of a small model: rows, features, rank; heads, positions, their width. */
const [ROWS, FEATURES, RANK] = [256, 128, 8];
const [HEADS, POSITIONS, WIDTH] = [8, 64, 32];

/** How many numbers the largest operand or product has. */
const MOST = Math.max(ROWS * FEATURES, HEADS * POSITIONS * Math.max(POSITIONS, WIDTH));

/** Rounds before any is timed: beside them the engine compiles anew, and better, what is called often. */
const WARM_UP = 16;

/** How often each way is timed. */
const ROUNDS = 8;

/**
 * Times the two ways to matrix products on one example of each kind, in turn, so that what else the
 * machine does falls on both; some tens of milliseconds in all.
 *
 * @param ways the same kernels by BLAS alone and by the project's own product alone, on one backend
 * @returns milliseconds
 * @throws {RangeError} when there is no memory left
 */
export function measureWays(ways: Readonly<Record<ProductWay, FusedWasm>>): ProductTimes {
  const { backend } = ways.blas;
  const bytes = 4 * MOST;
  const memory = allocate(backend, 4 * bytes);
  try {
    new Float32Array(backend.wasm.HEAPU8.buffer, memory, 4 * MOST).fill(0.5);
    const [a, b, c, d] = [0, 1, 2, 3].map((i) => memory + i * bytes) as [
      number,
      number,
      number,
      number,
    ];
    const owners = [0, 1, 2, 3];
    const narrow = { L: ROWS / owners.length, I: FEATURES, R: RANK, O: FEATURES, owners };
    const run: Record<ProductKind, (by: FusedWasm) => void> = {
      large: (by) => by.products("large", 1, [ROWS, FEATURES, FEATURES], a, false, b, true, c),
      narrow: (by) => update(by, narrow, [a, b, b, c, d]),
      batched: (by) => {
        by.products("batched", HEADS, [POSITIONS, POSITIONS, WIDTH], a, false, b, true, c);
        by.products("batched", HEADS, [POSITIONS, WIDTH, POSITIONS], c, false, b, false, a);
      },
    };
    const times = {
      large: { blas: [] as number[], wasm: [] as number[] },
      narrow: { blas: [] as number[], wasm: [] as number[] },
      batched: { blas: [] as number[], wasm: [] as number[] },
    };
    for (let round = -WARM_UP; round < ROUNDS; round++) {
      for (const kind of PRODUCT_KINDS) {
        for (const way of ["blas", "wasm"] as const) {
          const started = performance.now();
          run[kind](ways[way]);
          if (round >= 0) times[kind][way].push(performance.now() - started);
        }
      }
    }
    return times;
  } finally {
    backend.wasm._free(memory);
  }
}
