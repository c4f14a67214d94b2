import assert from "node:assert/strict";
import { openBlas } from "../backend/wasm/blas.ts";
import { installFastKernels, type MatMulPath } from "../backend/wasm/install.ts";
import { AutoModelForCausalLM, AutoModelForSeq2SeqLM } from "../models/auto_model.ts";
import { seededNoise } from "../ops/noise.ts";
import { PeftModel } from "../peft/peft_model.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { withFolder } from "../testing/with_folder.ts";
import { disposeGradients, lossAndGradients } from "../train/gradients.ts";
import { BENCH_SIZES } from "./size.ts";
import { writeBenchWork } from "./work.ts";

const PATHS: readonly MatMulPath[] = typeof openBlas() === "string" ? ["wasm"] : ["wasm", "blas"];

/** The loss and every gradient of one training step on work that was written, by one way. */
async function stepBy(path: MatMulPath, dir: string): Promise<Map<string, Float32Array>> {
  installFastKernels({ matmul: path });
  const batch = JSON.parse(await Deno.readTextFile(`${dir}/batch.json`));
  const AutoModel = batch.seq2seq ? AutoModelForSeq2SeqLM : AutoModelForCausalLM;
  const base = await AutoModel.fromPretrained(`${dir}/base`);
  const model = await PeftModel.fromPretrained(base, `${dir}/adapter`, { isTrainable: true });
  const inputs = {
    inputIds: batch.input_ids,
    attentionMask: batch.attention_mask,
    labels: batch.labels,
    taskIds: batch.task_ids,
  };
  const result = lossAndGradients(
    () => model.forward({ ...inputs, training: true, noise: seededNoise(0) }).loss,
    model.trainableParameters(),
  );
  const values = new Map([["loss", await result.loss.data() as Float32Array]]);
  for (const [name, gradient] of result.gradients) {
    values.set(name, await gradient.data() as Float32Array);
  }
  disposeGradients(result);
  model.dispose();
  base.dispose();
  return values;
}

const norm = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));

for (const size of ["decoder-32", "t5-sweep"]) {
  onEachBackend(
    `a training step's loss and gradients are the published backend's, by every kernel: ${size}`,
    async () => {
      await withFolder(async (dir) => {
        await writeBenchWork(dir, BENCH_SIZES[size]!);
        try {
          const published = await stepBy("published", dir);
          for (const path of PATHS) {
            const found = await stepBy(path, dir);
            assert.deepEqual([...found.keys()], [...published.keys()]);
            for (const [name, expected] of published) {
              const actual = found.get(name)!;
              const difference = norm(expected.map((value, i) => value - actual[i]!));
              const relative = difference / norm(expected);
              assert.ok(relative < 1e-5, `${path}: ${name} differs by ${relative} of its norm`);
            }
          }
        } finally {
          installFastKernels();
        }
      });
    },
    { only: ["wasm"] },
  );
}
