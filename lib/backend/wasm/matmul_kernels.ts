import * as tf from "../../tf.ts";
import type { FusedWasm } from "./fused.ts";
import { addressOf, type WasmBackend } from "./heap.ts";

interface MatMulAttrs {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

interface FusedAttrs extends MatMulAttrs {
  readonly activation?: string;
  readonly leakyreluAlpha?: number;
}

interface MatMulInputs {
  readonly a: tf.TensorInfo;
  readonly b: tf.TensorInfo;
}

interface FusedInputs extends MatMulInputs {
  readonly bias?: tf.TensorInfo;
  readonly preluActivationWeights?: tf.TensorInfo;
}

/** The kernel that computes each activation that can be fused. */
const ACTIVATIONS: Record<string, string> = {
  relu: "Relu",
  relu6: "Relu6",
  prelu: "Prelu",
  leakyrelu: "LeakyRelu",
  sigmoid: "Sigmoid",
  elu: "Elu",
};

/**
 * The kernels `BatchMatMul` and `_FusedMatMul` of the WebAssembly backend, built on the chosen
 * product.
 */
export function matMulKernels(wasm: FusedWasm): tf.KernelConfig[] {
  return [
    {
      kernelName: "BatchMatMul",
      backendName: "wasm",
      kernelFunc: ({ inputs, attrs, backend }) => {
        const { a, b } = inputs as unknown as MatMulInputs;
        const { transposeA, transposeB } = attrs as unknown as MatMulAttrs;
        return batchMatMul(wasm, backend as WasmBackend, a, b, transposeA, transposeB);
      },
    },
    {
      kernelName: "_FusedMatMul",
      backendName: "wasm",
      kernelFunc: ({ inputs, attrs, backend }) =>
        fusedMatMul(
          wasm,
          backend as WasmBackend,
          inputs as unknown as FusedInputs,
          attrs as unknown as FusedAttrs,
        ),
    },
  ];
}

/** a [..., M, K] · b [..., K, N] = [..., M, N]; the leading axes broadcast. */
function batchMatMul(
  wasm: FusedWasm,
  backend: WasmBackend,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  transposeA: boolean,
  transposeB: boolean,
): tf.TensorInfo {
  if (a.dtype !== "float32" || b.dtype !== "float32") {
    throw new TypeError(
      `Cannot multiply matrices as both must be float32: they are ${a.dtype} and ${b.dtype}`,
    );
  }
  const [aOuter, aInner] = a.shape.slice(-2) as [number, number];
  const [bOuter, bInner] = b.shape.slice(-2) as [number, number];
  const [m, k] = transposeA ? [aInner, aOuter] : [aOuter, aInner];
  const [kOfB, n] = transposeB ? [bInner, bOuter] : [bOuter, bInner];
  if (k !== kOfB) {
    throw new RangeError(
      `Cannot multiply matrices as their inner sizes must be equal: shapes [${a.shape}]` +
        `${transposeA ? " transposed" : ""} and [${b.shape}]${transposeB ? " transposed" : ""}`,
    );
  }
  const aBatch = a.shape.slice(0, -2);
  const bBatch = b.shape.slice(0, -2);
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(aBatch, bBatch);
  const shape = [...batch, m, n];
  const count = tf.util.sizeFromShape(batch);
  const out = backend.makeOutput(shape, "float32");
  if (count * m * n === 0) return out;
  const c = addressOf(backend, out);
  if (c === 0) {
    backend.disposeData(out.dataId);
    throw new RangeError(
      `Cannot multiply matrices as there is no memory left for a product of shape [${shape}]: ` +
        `dispose tensors or use smaller batches`,
    );
  }
  if (k === 0) {
    backend.wasm.HEAPU8.fill(0, c, c + 4 * count * m * n);
    return out;
  }
  // By the number of axes, so that how many matrices there are does not matter.
  const kind = b.shape.length > 2 ? "batched" : "large";
  const aAt = addressOf(backend, a);
  const bAt = addressOf(backend, b);
  const bCount = tf.util.sizeFromShape(bBatch);
  if (bCount === 1 && !transposeA) {
    wasm.products(kind, 1, [count * m, n, k], aAt, false, bAt, transposeB, c); // one tall matrix of all rows
    return out;
  }
  if (tf.util.sizeFromShape(aBatch) === count && bCount === count) {
    wasm.products(kind, count, [m, n, k], aAt, transposeA, bAt, transposeB, c);
    return out;
  }
  const aIndex = matrixIndex(aBatch, batch);
  const bIndex = matrixIndex(bBatch, batch);
  for (let i = 0; i < count; i++) {
    const aOfI = aAt + 4 * m * k * aIndex(i);
    const bOfI = bAt + 4 * k * n * bIndex(i);
    wasm.products(kind, 1, [m, n, k], aOfI, transposeA, bOfI, transposeB, c + 4 * m * n * i);
  }
  return out;
}

/** Maps the i-th product of the batch to the index of the matrix that one side contributes. */
function matrixIndex(side: readonly number[], batch: readonly number[]): (i: number) => number {
  const count = tf.util.sizeFromShape(side as number[]);
  if (count === 1) return () => 0;
  if (count === tf.util.sizeFromShape(batch as number[])) return (i) => i;
  const sizes = [...Array<number>(batch.length - side.length).fill(1), ...side];
  return (i) => {
    let index = 0;
    let stride = 1;
    for (let axis = batch.length - 1; axis >= 0; axis--) {
      if (sizes[axis]! > 1) index += stride * (i % batch[axis]!);
      stride *= sizes[axis]!;
      i = Math.floor(i / batch[axis]!);
    }
    return index;
  };
}

/** activation(a · b + bias), each step by the backend's own kernel. */
function fusedMatMul(
  wasm: FusedWasm,
  backend: WasmBackend,
  { a, b, bias, preluActivationWeights }: FusedInputs,
  { transposeA, transposeB, activation = "linear", leakyreluAlpha = 0 }: FusedAttrs,
): tf.TensorInfo {
  const kernel = ACTIVATIONS[activation];
  if (kernel === undefined && activation !== "linear") {
    throw new RangeError(
      `Cannot fuse activation "${activation}" into a matrix product as it must be one of linear, ` +
        Object.keys(ACTIVATIONS).join(", "),
    );
  }
  let result = batchMatMul(wasm, backend, a, b, transposeA, transposeB);
  const then = (kernelName: string, inputs: tf.NamedTensorInfoMap, attrs: tf.NamedAttrMap = {}) => {
    const before = result;
    try {
      result = tf.getKernel(kernelName, "wasm")
        .kernelFunc({ inputs, attrs, backend }) as tf.TensorInfo;
    } finally {
      backend.disposeData(before.dataId);
    }
  };
  if (bias !== undefined && bias !== null) then("Add", { a: result, b: bias });
  if (activation === "prelu") then("Prelu", { x: result, alpha: preluActivationWeights! });
  else if (activation === "leakyrelu") then(kernel!, { x: result }, { alpha: leakyreluAlpha });
  else if (kernel !== undefined) then(kernel, { x: result });
  return result;
}
