/**
 * Measures training steps of many adapters at once over one frozen base: `deno run lib/bench/owners.ts JSON`
 * with {@linkcode OwnersRequest} prints a list of {@linkcode OwnersMeasure}.
 *
 * @module
 */
import process from "node:process";
import { type BackendName, useBackend } from "../backend/backend.ts";
import { AutoModelForCausalLM, AutoModelForSeq2SeqLM } from "../models/auto_model.ts";
import { seededNoise } from "../ops/noise.ts";
import { getPeftModel } from "../peft/peft_model.ts";
import { stackModels } from "../peft/stack_models.ts";
import { trainTogether } from "../train/train_together.ts";
import { callsBetween, countGpuCalls, type GpuCalls } from "./gpu_calls.ts";
import { type Rounds, timedRounds } from "./timed_rounds.ts";
import { adapterConfig, batchOf, modelConfig } from "./work.ts";
import type { BenchSize } from "./size.ts";

/** What is to be measured. */
export interface OwnersRequest extends Rounds {
  readonly backend: BackendName;
  /** Size of the model, and of the batch of each owner, whose adapter has one task. */
  readonly size: BenchSize;
  /** Numbers of owners. */
  readonly owners: readonly number[];
}

/** Measurements of one number of owners. */
export interface OwnersMeasure {
  /** The device and its kernels, for people. */
  readonly engine: string;
  readonly owners: number;
  /** Mean time of a step of all owners in each round, in milliseconds. */
  readonly rounds: readonly number[];
  /** Loss of the first owner in the first step. */
  readonly loss: number;
  /** Calls of WebGPU in the last step; absent elsewhere. */
  readonly calls?: GpuCalls | undefined;
}

/** Measures the steps of each number of owners, one after another. */
export async function measureOwners(
  request: OwnersRequest,
): Promise<OwnersMeasure[]> {
  const { backend, size, owners } = request;
  const calls = backend === "webgpu" ? countGpuCalls() : null;
  const { reason: engine } = await useBackend(backend);
  const AutoModel = size.model_type === "t5" ? AutoModelForSeq2SeqLM : AutoModelForCausalLM;
  const base = AutoModel.fromConfig(modelConfig(size), { seed: 0 });
  const { input_ids, attention_mask, labels, task_ids } = batchOf({ ...size, n_tasks: 1 });
  const batch = {
    ...{ inputIds: input_ids, attentionMask: attention_mask, labels, taskIds: task_ids },
  };
  const measures: OwnersMeasure[] = [];
  for (const count of owners) {
    const models = Array.from(
      { length: count },
      (_, seed) => getPeftModel(base, adapterConfig({ ...size, n_tasks: 1 }), { seed }),
    );
    const stack = stackModels(models);
    const settings = { steps: Infinity, batchSize: size.batch_size, warmup: 0 };
    const contexts = models.map((_, seed) => ({
      nextBatch: () => batch,
      noise: seededNoise(seed),
    }));
    const steps = trainTogether<typeof batch>(
      stack,
      { ...settings, schedule: "constant" },
      contexts,
    );
    const step = async () => {
      const { value } = await steps.next();
      const [first] = value!;
      if (first === null || first === undefined || first instanceof Error) {
        throw new Error(`Cannot measure ${count} owners: ${first?.message}`);
      }
      return first.loss;
    };
    const loss = await step();
    const times = await timedRounds(step, 1, request);
    const before = { ...calls! };
    await step();
    measures.push({
      ...{ engine, owners: count, rounds: times, loss },
      ...calls !== null && { calls: callsBetween(before, calls) },
    });
    await steps.return(undefined);
    for (const model of [stack, ...models]) model.dispose();
  }
  base.dispose();
  return measures;
}

if (import.meta.main) {
  const request = JSON.parse(Deno.args[0]!) as OwnersRequest;
  process.stdout.write(JSON.stringify(await measureOwners(request)));
}
