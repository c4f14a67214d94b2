/** Adapting to many held-out tasks at once gives what adapting to one after another gives. */
import assert from "node:assert/strict";
import type { AnyBaseModel, PeftModel } from "./peft_model.ts";
import { seededNoise } from "../ops/noise.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { DivergedError, train, type TrainSettings } from "../train/train.ts";
import { taskSampler } from "../train/sampler.ts";
import type { RowsBatch } from "../train/train_together.ts";
import { randomStream } from "../util/random.ts";
import { adaptTogether, type Owner } from "./adapt_together.ts";
import { parseRunConfig, type RunConfig, type RunConfigInput } from "../run/config.ts";
import { languageProblem } from "../run/language_problem.ts";
import { adaptationModel, multiTaskModel } from "../run/method.ts";
import { plantedProblem } from "../run/planted.ts";
import type { Problem } from "../run/problem.ts";

const SMALL: RunConfigInput = {
  n_tasks: 5,
  n_heldout_tasks: 5,
  n_train: 6,
  n_validation: 0,
  n_test: 1,
  n_skills: 3,
  n_splits: 2,
  r: 2,
  shots: 4,
  shot_splits: 2,
  adaptation_steps: 3,
  adaptation_batch_size: 3,
};
const SETTINGS: TrainSettings = { steps: 3, batchSize: 3, learningRate: 0.02 };

/** A fresh owner for each held-out task and draw, as a run has them. */
function ownersOf<E, Batch extends RowsBatch, M extends AnyBaseModel>(
  config: RunConfig,
  { base, suite, truth, encode }: Problem<E, Batch, M>,
  source: PeftModel<M>,
): Owner<Batch & RowsBatch, M>[] {
  const rows = truth?.[0];
  return suite.heldOut.flatMap((task, t) =>
    Array.from({ length: config.shot_splits }, (_, split) => {
      const name = `${task.name}/${split}`;
      const seed = randomStream(config.seed, name).integer(2 ** 31);
      const allocations = rows === undefined
        ? null
        : { training: rows.slice(0, config.n_tasks), heldOut: rows[config.n_tasks + t]! };
      const adapter = source.adapters.get("default")!;
      const model = adaptationModel(base, config, adapter, allocations, seed);
      const shots = randomStream(config.seed, `shots/${name}`).shuffle(task.train)
        .slice(0, config.shots);
      const sampler = taskSampler([{ train: shots }], randomStream(config.seed, `order/${name}`));
      const nextBatch = (count: number) => encode(sampler.next(count)) as Batch & RowsBatch;
      return { model, settings: SETTINGS, context: { nextBatch, noise: seededNoise(seed) } };
    })
  );
}

async function sameAsAlone<E, Batch extends RowsBatch, M extends AnyBaseModel>(
  config: RunConfig,
  problem: Problem<E, Batch, M>,
): Promise<void> {
  const allocation = problem.truth?.[0]?.slice(0, config.n_tasks) ?? null;
  const source = multiTaskModel(problem.base, config, allocation);
  const [alone, together] = [1, 2].map(() => ownersOf(config, problem, source));
  const expected: unknown[][] = [];
  for (const { model, settings, context } of alone!) {
    const steps: unknown[] = [];
    for await (const at of train<Batch>(problem.trainable(model), settings, context)) {
      const { state: _, ...step } = at;
      steps.push(step);
    }
    expected.push([...steps, null]); // then its model has the trained values
  }
  const actual: unknown[][] = together!.map(() => []);
  for await (const { owner, outcome } of adaptTogether(problem.trainable, together!)) {
    actual[owner]!.push(outcome);
  }
  assert.deepEqual(actual, expected);
  for (const [i, { model }] of alone!.entries()) {
    const others = together![i]!.model.trainableParameters();
    for (const [name, parameter] of model.trainableParameters()) {
      assert.deepEqual(await others.get(name)!.data(), await parameter.data(), `${name} of ${i}`);
    }
  }
  for (const { model } of [...alone!, ...together!]) model.dispose();
  source.dispose();
  problem.dispose();
}

for (
  const what of [
    { method: "poly", adaptation: "full" },
    { method: "poly", adaptation: "routing", router_noise: "none", shots: 3 },
    { method: "poly", adaptation: "average", router_granularity: "block" },
    { method: "expert", adaptation: "full" },
    { method: "private", adaptation: "random" },
  ] satisfies RunConfigInput[]
) {
  const config = parseRunConfig({ ...SMALL, ...what });
  const { method, adaptation } = config;
  onEachBackend(`adaptTogether() has the bytes of train(): ${method}, ${adaptation}`, async () => {
    await sameAsAlone(config, await languageProblem(config));
  }, { only: ["wasm"] });
}

onEachBackend("adaptTogether() has the bytes of train(): planted tasks", async () => {
  const config = parseRunConfig({ ...SMALL, suite: "planted" });
  await sameAsAlone(config, await plantedProblem(config));
}, { only: ["wasm", "cpu"] });

onEachBackend("adaptTogether() tells who diverged, and goes on with the others", async () => {
  const config = parseRunConfig({ ...SMALL, suite: "planted", n_heldout_tasks: 2 });
  const problem = await plantedProblem(config);
  const source = multiTaskModel(problem.base, config, null);
  const owners = ownersOf(config, problem, source).map((owner, i) =>
    i % 2 === 0 ? owner : { ...owner, settings: { ...owner.settings, learningRate: 1e30, clip: 0 } }
  );
  const seen: string[] = [];
  for await (const { owner, outcome } of adaptTogether(problem.trainable, owners)) {
    const word = outcome === null ? "done" : outcome instanceof DivergedError ? "diverged" : "on";
    seen.push(`${owner} ${word}`);
  }
  for (const owner of owners.keys()) {
    const own = seen.filter((line) => line.startsWith(`${owner}`));
    assert.equal(own.at(-1), `${owner} ${owner % 2 === 0 ? "done" : "diverged"}`);
    if (owner % 2 === 0) assert.equal(own.length, 4);
  }
  for (const { model } of owners) model.dispose();
  source.dispose();
  problem.dispose();
}, { only: ["wasm", "cpu"] });
