import * as tf from "../../tf.ts";
import type { WasmBackend } from "./heap.ts";

/**
 * The kernels `Identity` and `Cast` of the WebAssembly backend without copies: a clone and a cast
 * to the same type share the data of their input, which lives until the last of them is disposed.
 * No kernel writes to existing data, so sharing has no visible effect. (`Reshape` and the kernels
 * that use it share data as published.)
 *
 * @param identity the published kernel, kept for strings, whose bytes TensorFlow.js counts twice if
 * shared
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
