import * as tf from "../../tf.ts";
import type { WasmBackend } from "./heap.ts";

/**
 * The kernels `Identity` and `Cast` of the WebAssembly backend without copies: a clone and a cast to
 * the same type share the data of their input, which lives until the last of them is disposed. Data
 * is never written to after it was made, so that sharing cannot be seen. (`Reshape` and what builds
 * on it share as published.)
 *
 * @param identity the published kernel, kept for strings: TensorFlow.js counts shared ones' bytes twice
 * @param cast the published kernel, kept for casts that change the type
 */
export function sharingKernels(
  { identity, cast }: { readonly identity: tf.KernelConfig; readonly cast: tf.KernelConfig },
): tf.KernelConfig[] {
  return [
    {
      ...identity,
      kernelFunc: (args) => {
        const x = args.inputs["x"]!;
        return x.dtype === "string"
          ? identity.kernelFunc(args)
          : share(args.backend as WasmBackend, x);
      },
    },
    {
      ...cast,
      kernelFunc: (args) => {
        const x = args.inputs["x"]!;
        return x.dtype !== args.attrs!["dtype"] || x.dtype === "string"
          ? cast.kernelFunc(args)
          : share(args.backend as WasmBackend, x);
      },
    },
  ];
}

function share(backend: WasmBackend, { dataId, shape, dtype }: tf.TensorInfo): tf.TensorInfo {
  backend.incRef(dataId);
  return { dataId, shape, dtype };
}
