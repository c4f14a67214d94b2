import assert from "node:assert/strict";
import { SparseLayer } from "../../poly/forms/sparse.ts";
import { onEachBackend } from "../../testing/on_each_backend.ts";
import { withFolder } from "../../testing/with_folder.ts";
import { train } from "../../train/train.ts";
import { parseRunConfig, type RunConfigInput } from "../config.ts";
import { adaptationModel, multiTaskModel } from "../method.ts";
import { MetricsLog } from "../metrics_log.ts";
import { plantedProblem } from "../planted.ts";
import { Keeper } from "./keeper.ts";
import { chooseMask } from "./mask.ts";
import { startRun, trainContext } from "./phase.ts";

const INPUT: RunConfigInput = {
  suite: "planted",
  n_tasks: 3,
  n_heldout_tasks: 1,
  n_train: 6,
  n_validation: 0,
  n_test: 2,
  n_skills: 2,
  r: 2,
  skill_form: "sparse",
  skill_density: 0.15,
  mask_steps: 2,
  batch_size: 4,
};

onEachBackend(
  "the mask of sparse skills is where first steps change dense skills most",
  () =>
    withFolder(async (dir) => {
      const config = parseRunConfig(INPUT);
      const problem = await plantedProblem(config);
      const log = await MetricsLog.open(`${dir}/metrics.jsonl`);
      const run = startRun(config, problem, log, new Keeper(null), () => {});
      const model = multiTaskModel(problem.base, config, null);
      const layersOf = (of: typeof model) =>
        [...of.adapters.get("default")!.formLayers.values()] as SparseLayer[];
      const random = layersOf(model).map(({ support }) => [...support]);
      await chooseMask(run, model);

      const dense = multiTaskModel(problem.base, { ...config, skill_density: 1 }, null);
      const settings = {
        steps: 2,
        batchSize: 4,
        learningRate: config.learning_rate,
        routerLearningRate: config.router_learning_rate,
      };
      const names = { order: "shuffle/mask", phase: "mask" };
      const context = trainContext(run, problem.suite.training, names, settings);
      for await (const _ of train(problem.trainable(dense), settings, context));
      for (const [i, { values, support }] of layersOf(model).entries()) {
        const K = Math.round(0.15 * 16 * 16);
        assert.deepEqual(values.shape, [1, 2, K]);
        assert.ok((await values.data()).every((value) => value === 0), "training begins anew");
        assert.notDeepEqual([...support], random[i]);
        const changes = await layersOf(dense)[i]!.values.array() as number[][][];
        for (const [skill, row] of changes[0]!.entries()) {
          const places = [...support.subarray(skill * K, (skill + 1) * K)];
          assert.equal(new Set(places).size, K);
          const least = Math.min(...places.map((place) => Math.abs(row[place]!)));
          const others = row.filter((_, place) => !places.includes(place)).map(Math.abs);
          assert.ok(least > 0 && Math.max(...others) <= least);
        }
      }
      const source = model.adapters.get("default")!;
      const adapted = adaptationModel(problem.base, config, source, null, 5);
      assert.deepEqual(
        layersOf(adapted).map(({ support }) => support),
        layersOf(model).map(({ support }) => support),
      );
      for (const each of [model, dense, adapted]) each.dispose();
      await log.close();
      problem.dispose();
    }),
  { only: ["wasm"] },
);
