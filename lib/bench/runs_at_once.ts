/**
 * Measures training steps of many runs in the same batches over one frozen base:
 * `deno run lib/bench/runs_at_once.ts JSON` with {@linkcode OwnersRequest}, whose owners are the runs, prints
 * a list of {@linkcode OwnersMeasure}.
 *
 * @module
 */
import process from "node:process";
import { useBackend } from "../backend/backend.ts";
import { AutoModelForCausalLM, AutoModelForSeq2SeqLM } from "../models/auto_model.ts";
import type { LanguageModel } from "../models/base_model.ts";
import { seededNoise } from "../ops/noise.ts";
import { getPeftModel } from "../peft/peft_model.ts";
import { Company } from "../run/company/company.ts";
import { readEvery } from "../run/stages/phase.ts";
import type { TaskBatch } from "../train/task_batch.ts";
import { trainBy } from "../train/train.ts";
import { callsBetween, countGpuCalls } from "./gpu_calls.ts";
import type { OwnersMeasure, OwnersRequest } from "./owners.ts";
import { timedRounds } from "./timed_rounds.ts";
import { adapterConfig, batchOf, modelConfig } from "./work.ts";

/** Measures the steps of each number of runs; every second run has half as many skills and tasks. */
export async function measureRunsAtOnce(
  request: OwnersRequest,
): Promise<OwnersMeasure[]> {
  const { backend, size, owners } = request;
  const calls = backend === "webgpu" ? countGpuCalls() : null;
  const { reason: engine } = await useBackend(backend);
  const AutoModel = size.model_type === "t5" ? AutoModelForSeq2SeqLM : AutoModelForCausalLM;
  const base: LanguageModel = AutoModel.fromConfig(modelConfig(size), { seed: 0 });
  const measures: OwnersMeasure[] = [];
  for (const count of owners) {
    const company = new Company(Array.from({ length: count }, (_, i) => `${i}`));
    const runs = company.ids.map((id, seed) => {
      const half = (n: number) => seed % 2 === 0 ? n : Math.ceil(n / 2);
      const own = { ...size, n_skills: half(size.n_skills), n_tasks: half(size.n_tasks) };
      const { input_ids, attention_mask, labels, task_ids } = batchOf(own);
      const batch: TaskBatch = {
        ...{ inputIds: input_ids, attentionMask: attention_mask, labels, taskIds: task_ids },
      };
      const model = getPeftModel(base, adapterConfig(own), { seed });
      const seat = company.seatOf(id);
      seat.come();
      const steps = trainBy(
        model,
        { steps: Infinity, batchSize: size.batch_size, warmup: 0, schedule: "constant" },
        {
          nextBatch: () => batch,
          noise: seededNoise(seed),
          looks: (step) => step % readEvery() === 0,
        },
        seat.work<unknown, TaskBatch, LanguageModel>(model, { trainable: (model) => model }),
      );
      return { model, seat, steps };
    });
    /** As many steps as have their losses read at once. */
    const someSteps = async (): Promise<number> => {
      let loss = NaN;
      for (let i = 0; i < readEvery(); i++) {
        const [first] = await Promise.all(runs.map(({ steps }) => steps.next()));
        if (i === 0) loss = first!.value!.loss;
      }
      return loss;
    };
    const loss = await someSteps();
    const times = await timedRounds(someSteps, readEvery(), request);
    const before = { ...calls! };
    await someSteps();
    measures.push({
      ...{ engine, owners: count, rounds: times, loss },
      ...calls !== null && { calls: ofOneStep(callsBetween(before, calls)) },
    });
    for (const { model, seat, steps } of runs) {
      seat.leave();
      await steps.return(undefined);
      model.dispose();
    }
  }
  base.dispose();
  return measures;
}

/** The calls of some steps as those of one. */
function ofOneStep(calls: NonNullable<OwnersMeasure["calls"]>) {
  const shares = Object.entries(calls).map(([name, count]) => [name, count / readEvery()]);
  return Object.fromEntries(shares) as typeof calls;
}

if (import.meta.main) {
  const request = JSON.parse(Deno.args[0]!) as OwnersRequest;
  process.stdout.write(JSON.stringify(await measureRunsAtOnce(request)));
}
