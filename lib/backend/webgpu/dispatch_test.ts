import assert from "node:assert/strict";
import { onEachBackend } from "../../testing/on_each_backend.ts";
import * as tf from "../../tf.ts";
import { dispatch } from "./dispatch.ts";

const code = `
  struct Params { size: u32, scale: f32 }
  @group(0) @binding(0) var<storage, read> a: array<f32>;
  @group(0) @binding(1) var<storage, read_write> scaled: array<f32>;
  @group(0) @binding(2) var<storage, read_write> total: array<f32>;
  @group(0) @binding(3) var<uniform> params: Params;
  @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x < params.size) {
      scaled[id.x] = params.scale * a[id.x];
      total[id.x] += a[id.x];
    }
  }`;

onEachBackend(
  "dispatch() makes one output and adds to another in place",
  async () => {
    const a = tf.tensor1d([1, 2, 3]), total = tf.tensor1d([10, 20, 30]);
    const scaleAndAdd = () => {
      const [scaled] = dispatch(tf.backend(), {
        program: { name: "scale and add", code },
        inputs: [a],
        outputs: [{ shape: [3], dtype: "float32" }, total],
        params: { integers: [3], floats: [0.5] },
        workgroups: [1],
      });
      return tf.engine().makeTensorFromTensorInfo(scaled!);
    };
    const first = scaleAndAdd();
    assert.deepEqual([...await first.data()], [0.5, 1, 1.5]);
    assert.deepEqual([...await total.data()], [11, 22, 33]);
    const second = scaleAndAdd(); // what was read must not be taken for what the tensor holds
    assert.deepEqual([...await total.data()], [12, 24, 36]);
    tf.dispose([a, total, first, second]);
  },
  { only: ["webgpu"] },
);

onEachBackend(
  "dispatch() gives each of many dispatches its own parameters, and makes nothing anew the second time",
  async () => {
    const device = (tf.backend() as unknown as { device: GPUDevice }).device;
    const calls: string[] = [];
    const restore = ([[device, "createBindGroup"], [device, "createBuffer"], [
      device.queue,
      "writeBuffer",
    ]] as [object, string][]).map(([on, name]) => {
      const methods = on as Record<string, unknown>;
      const method = methods[name] as (...args: unknown[]) => unknown;
      methods[name] = (...args: unknown[]) => (calls.push(name), method.apply(on, args));
      return () => delete methods[name];
    });
    const a = tf.tensor1d([1, 2, 3]), total = tf.zeros([3]);
    const run = () =>
      Array.from({ length: 20 }, (_, i) => {
        const [scaled] = dispatch(tf.backend(), {
          program: { name: "scale and add", code },
          inputs: [a],
          outputs: [{ shape: [3], dtype: "float32" }, total],
          params: { integers: [3], floats: [i === 0 ? -0 : i / 8] },
          workgroups: [1],
        });
        return tf.engine().makeTensorFromTensorInfo(scaled!);
      });
    try {
      for (let times = 1; times <= 3; times++) {
        calls.length = 0;
        const scaled = run();
        const found = await Promise.all(scaled.map((tensor) => tensor.data()));
        const expected = Array.from({ length: 20 }, (_, i) => [1, 2, 3].map((x) => x * i / 8));
        assert.deepEqual(found.map((values) => [...values].map(Math.abs)), expected);
        assert.deepEqual([...await total.data()], [20, 40, 60].map((x) => times * x));
        tf.dispose(scaled);
      }
      assert.deepEqual(calls, []);
    } finally {
      restore.forEach((undo) => undo());
    }
    tf.dispose([a, total]);
  },
  { only: ["webgpu"] },
);

onEachBackend(
  "dispatch() refuses more tensors than a shader can bind, and a backend that records nothing",
  () => {
    const inputs = Array.from({ length: 100 }, () => tf.zeros([1]));
    const call = {
      program: { name: "too many", code },
      inputs,
      outputs: [],
      workgroups: [1],
    } as const;
    assert.throws(() => dispatch(tf.backend(), call), {
      name: "RangeError",
      message: /^Cannot dispatch "too many" as inputs and outputs must be at most \d+: got 100/,
    });
    assert.throws(() => dispatch({}, call), {
      name: "TypeError",
      message: 'Cannot dispatch as the backend must be WebGPU\'s, started by useBackend("webgpu")',
    });
    tf.dispose(inputs);
  },
  { only: ["webgpu"] },
);
