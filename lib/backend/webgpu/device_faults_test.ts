import assert from "node:assert/strict";
import { onEachBackend } from "../../testing/on_each_backend.ts";
import * as tf from "../../tf.ts";
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
