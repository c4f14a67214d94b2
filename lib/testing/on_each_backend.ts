import { type BackendName, BACKENDS, useBackend } from "../backend/backend.ts";
import { registerWebgpu } from "../backend/webgpu/adapter.ts";
import { webgpuAdapter } from "../backend/webgpu/find_adapter.ts";
import { lacking } from "./lacking.ts";
import * as tf from "../tf.ts";

await registerWebgpu();
// Otherwise small operations would run on the CPU, and the test would not test the GPU.
tf.env().set("WEBGPU_CPU_FORWARD", false);

const hasAdapter = await webgpuAdapter() !== null;

/** A backend, with the accuracy that a numeric test may expect of it. */
export interface BackendUnderTest {
  readonly name: BackendName;
  /** Largest allowed difference, relative to the largest magnitude. */
  readonly tolerance: number;
}

/**
 * Declares one test per backend. A backend that this machine lacks is reported as ignored. The test
 * fails when it does not dispose all its tensors.
 */
export function onEachBackend(
  claim: string,
  test: (backend: BackendUnderTest) => void | Promise<void>,
  options: { readonly ignore?: boolean; readonly only?: readonly BackendName[] } = {},
): void {
  for (const name of options.only ?? BACKENDS) {
    const absent = name === "webgpu" && !hasAdapter;
    Deno.test({
      name: `${claim} [${name}]${lacking("WebGPU adapter", !absent)}`,
      ignore: absent || options.ignore === true,
      // The WebGPU backend keeps its device and buffers between tests.
      sanitizeOps: false,
      sanitizeResources: false,
      async fn() {
        await useBackend(name);
        const before = tf.memory().numTensors;
        await test({ name, tolerance: name === "webgpu" ? 1e-3 : 1e-5 });
        const left = tf.memory().numTensors - before;
        if (left !== 0) throw new Error(`The test left ${left} tensors behind`);
      },
    });
  }
}
