import assert from "node:assert/strict";
import { onEachBackend } from "../testing/on_each_backend.ts";
import * as tf from "../tf.ts";
import { BACKENDS, useBackend } from "./backend.ts";
import { webgpuAdapter } from "./webgpu/find_adapter.ts";

onEachBackend("useBackend() makes the backend asked for the current one", async ({ name }) => {
  const chosen = await useBackend(name);
  assert.equal(chosen.name, name);
  assert.ok(chosen.reason.startsWith(`${name}: asked for by name`), chosen.reason);
  assert.equal(tf.getBackend(), name);
});

Deno.test({
  name: "useBackend() takes the best that is present and says what it passed over",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const adapter = await webgpuAdapter();
    const { name, reason } = await useBackend();
    if (adapter === null) assert.match(reason, /^wasm: webgpu has no adapter on this machine/);
    else if (adapter.isSoftware) {
      assert.ok(
        reason.startsWith(`wasm: webgpu has only a software adapter (${adapter.description})`),
        reason,
      );
    } else assert.equal(reason, `webgpu: best of all (${adapter.description})`);
    assert.equal(name, reason.split(":")[0]);
    assert.equal(tf.getBackend(), name);
  },
});

onEachBackend("useBackend() says when dispatches cannot be kept from step to step", async () => {
  const factory = tf.findBackendFactory("webgpu");
  const replace = (by: typeof factory) => {
    tf.removeBackend("webgpu");
    tf.registerBackend("webgpu", by);
  };
  replace(async () => Object.assign(await factory(), { dispatchCountInPass: undefined }));
  try {
    const { reason } = await useBackend("webgpu");
    assert.match(
      reason,
      /; each dispatch is recorded anew: its backend has no dispatchCountInPass\)/,
    );
  } finally {
    replace(factory);
    await useBackend("webgpu");
  }
}, { only: ["webgpu"] });

Deno.test("useBackend() refuses a name that is none", async () => {
  await assert.rejects(() => useBackend("cuda" as "cpu"), {
    name: "RangeError",
    message: `Cannot use backend "cuda" as it must be one of ${BACKENDS.join(", ")}`,
  });
});

Deno.test("useBackend() refuses a backend that computes wrong numbers, and keeps the one before", async () => {
  await useBackend("wasm"); // installs the kernels, so that it is not done after the sabotage
  await useBackend("cpu");
  const kernel = tf.getKernel("BatchMatMul", "wasm")!;
  tf.unregisterKernel("BatchMatMul", "wasm");
  tf.registerKernel({
    ...kernel,
    kernelFunc: (args) => {
      const product = kernel.kernelFunc(args) as tf.TensorInfo;
      const inputs = { a: product, b: product };
      return tf.getKernel("Multiply", "wasm").kernelFunc({ ...args, inputs });
    },
  });
  try {
    await assert.rejects(() => useBackend("wasm"), {
      name: "BackendError",
      message: /computes 49, 225.* where -7, 15/,
    });
    assert.equal(tf.getBackend(), "cpu");
  } finally {
    tf.unregisterKernel("BatchMatMul", "wasm");
    tf.registerKernel(kernel);
  }
});
