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
