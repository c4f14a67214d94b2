/**
 * Adaptation of eight owners whose batches have the same sizes, one after another and at once, on the base
 * model of the sweeps: `deno bench -A lib/peft/adapt_together_bench.ts`.
 *
 * @module
 */
import { useBackend } from "../backend/backend.ts";
import { AutoModelForSeq2SeqLM } from "../models/auto_model.ts";
import { seededNoise } from "../ops/noise.ts";
import { PolyConfig } from "../poly/config.ts";
import { randomStream } from "../util/random.ts";
import { adaptTogether, type Owner } from "./adapt_together.ts";
import { getPeftModel } from "./peft_model.ts";

await useBackend("wasm");
const base = await AutoModelForSeq2SeqLM.fromPretrained("data/base");
const config = new PolyConfig({
  target_modules: "all-linear",
  n_tasks: 1,
  n_skills: 8,
  r: 4,
  settings: { router_noise: "none" },
});

/** An owner of batches of so many rows, with texts of 12 and answers of 7 tokens. */
function owner(seed: number, batchSize: number): Owner<Batch, typeof base> {
  const stream = randomStream(seed, "bench");
  const ids = (length: number) =>
    Array.from(
      { length: batchSize },
      () => Array.from({ length }, () => 3 + stream.integer(300)),
    );
  const inputIds = ids(12);
  const batch = {
    inputIds,
    attentionMask: inputIds.map((row) => row.map(() => 1)),
    labels: ids(7),
    taskIds: new Array<number>(batchSize).fill(0),
  };
  return {
    model: getPeftModel(base, config, { seed }),
    settings: { steps: 20, batchSize },
    context: { nextBatch: () => batch, noise: seededNoise(seed) },
  };
}

interface Batch {
  readonly inputIds: readonly (readonly number[])[];
  readonly attentionMask: readonly (readonly number[])[];
  readonly labels: readonly (readonly number[])[];
  readonly taskIds: readonly number[];
}

for (const rows of [4, 16]) {
  for (const [name, most] of [["one after another", 1], ["at once", 8]] as const) {
    Deno.bench(`8 owners, ${rows} rows each, ${name}`, {
      group: `${rows} rows`,
      baseline: most === 1,
      n: 5,
    }, async (bench) => {
      const owners = Array.from({ length: 8 }, (_, seed) => owner(seed, rows));
      bench.start();
      for await (const _ of adaptTogether<Batch, typeof base>((model) => model, owners, { most }));
      bench.end();
      for (const { model } of owners) model.dispose();
    });
  }
}
