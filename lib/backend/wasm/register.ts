/**
 * Registers the WebAssembly backend: the import is for its side effect.
 *
 * Under Deno the package finds its kernels beside its own code. In a bundle they are a file beside the bundle,
 * which whoever makes the bundle puts there; the one without threads, since one memory must serve this
 * library's kernels too.
 */
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "../../tf.ts";
import { nodeModule, PLATFORM } from "../../util/platform.ts";

/** The file of kernels that a bundle needs beside it, as the package calls it. */
const KERNELS = "tfjs-backend-wasm-simd.wasm";

if (PLATFORM !== "deno") {
  const url = new URL(KERNELS, import.meta.url);
  const fs = PLATFORM === "node" && url.protocol === "file:" ? nodeModule("node:fs") : null;
  // Node fetches no files, but does fetch what it is given as a blob.
  const address = fs === null
    ? url.href
    : URL.createObjectURL(new Blob([new Uint8Array(fs.readFileSync(url))]));
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  const names = ["tfjs-backend-wasm.wasm", KERNELS, "tfjs-backend-wasm-threaded-simd.wasm"];
  setWasmPaths(Object.fromEntries(names.map((name) => [name, address])), fs !== null);
  // The package's code asks under Node for its folder by a name that modules do not have, and reads nothing
  // of that folder when it is given an address.
  if (PLATFORM === "node") Object.assign(globalThis, { __dirname: "." });
}
