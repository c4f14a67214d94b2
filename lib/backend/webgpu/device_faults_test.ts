import assert from "node:assert/strict";
import { onEachBackend } from "../../testing/on_each_backend.ts";
import * as tf from "../../tf.ts";
import { settleBackend, useBackend } from "../backend.ts";
import { dispatch } from "./dispatch.ts";

onEachBackend(
  "a shader that does not compile is an error of the next reads, once",
  async () => {
    const [made] = dispatch(tf.backend(), {
      program: { name: "not WGSL", code: "fn main() { nonsense }" },
      inputs: [],
      outputs: [{ shape: [1], dtype: "float32" }],
      workgroups: [1],
    });
    const wrong = tf.engine().makeTensorFromTensorInfo(made!);
    const readThrice = async () => {
      for (let i = 0; i < 3; i++) {
        const copy = tf.add(wrong, i);
        await copy.data().finally(() => copy.dispose());
      }
    };
    await assert.rejects(readThrice, {
      name: "WebgpuError",
      message: /^Cannot trust .* reports: [^]*'not WGSL'/,
    });
    await readThrice();
    wrong.dispose();
  },
  { only: ["webgpu"] },
);

onEachBackend(
  "a buffer that the device refuses is an error of the next reads, by name",
  async () => {
    const { device } = tf.backend() as unknown as { device: GPUDevice };
    const numbers = device.limits.maxBufferSize / 4 + 4;
    const [made] = dispatch(tf.backend(), {
      program: {
        name: "one",
        code: `@group(0) @binding(0) var<storage, read_write> y: array<f32>;
        @compute @workgroup_size(1) fn main() { y[0] = 1.0; }`,
      },
      inputs: [],
      outputs: [{ shape: [numbers], dtype: "float32" }],
      workgroups: [1],
    });
    const refused = tf.engine().makeTensorFromTensorInfo(made!);
    await assert.rejects(settleBackend, { name: "WebgpuError", message: /[Bb]uffer/ });
    await settleBackend();
    refused.dispose();
  },
  { only: ["webgpu"] },
);

onEachBackend(
  "a lost device is named by each read, and useBackend() starts with a new one",
  async () => {
    const x = tf.ones([3]);
    const y = tf.add(x, 1);
    (tf.backend() as unknown as { device: GPUDevice }).device.destroy();
    const lost = {
      name: "WebgpuError",
      message: /^Cannot compute on WebGPU as its device is lost \(reason destroyed/,
    };
    await assert.rejects(() => y.data(), lost);
    const z = tf.add(x, 2);
    await assert.rejects(() => z.data(), lost);
    await assert.rejects(settleBackend, lost);
    tf.dispose([x, y, z]);

    await useBackend("webgpu");
    const two = tf.tidy(() => tf.add(tf.ones([2]), 1));
    assert.deepEqual([...await two.data()], [2, 2]);
    two.dispose();
  },
  { only: ["webgpu"] },
);
