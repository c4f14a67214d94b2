import assert from "node:assert/strict";
import { join } from "node:path";
import { readRouting } from "../../routing/file.ts";
import { StageStore } from "../../stages/stage_store.ts";
import { onEachBackend } from "../../testing/on_each_backend.ts";
import { withBase } from "../../testing/samples/tiny_base.ts";
import { withFolder } from "../../testing/with_folder.ts";
import { parseRunConfig, type RunConfigInput } from "../config.ts";
import { doRun, type RunOutcome, type RunOutput } from "../run.ts";
import { StoppedError } from "./keeper.ts";

const TINY: RunConfigInput = {
  suite: "skills",
  n_tasks: 3,
  n_heldout_tasks: 2,
  n_train: 8,
  n_validation: 2,
  n_test: 3,
  max_input_tokens: 12,
  max_target_tokens: 6,
  n_skills: 3,
  n_splits: 2,
  r: 2,
  steps: 5,
  batch_size: 6,
  evaluate_every: 2,
  shots: 4,
  adaptation_steps: 3,
  adaptation_batch_size: 2,
};
const PLANTED: RunConfigInput = {
  ...TINY,
  suite: "planted",
  n_splits: 1,
  shot_splits: 2,
  monitor_gradient_alignment: true,
  accumulation: 2,
};
const BASIS = { code: "1", cpu: "mine" };

/** Everything that a run leaves. */
interface Left extends Omit<RunOutcome, "stages"> {
  readonly log: string;
  readonly routing: unknown;
}

async function run(
  settings: RunConfigInput,
  output: Omit<RunOutput, "dir"> = {},
): Promise<{ left: Left; stages: RunOutcome["stages"] }> {
  return await withFolder(async (dir) => {
    const { stages, ...found } = await doRun(parseRunConfig(settings), { ...output, dir });
    const log = await Deno.readTextFile(join(dir, "metrics.jsonl"));
    return { left: { ...found, log, routing: await readRouting(dir) }, stages };
  });
}

/** What a run needs to share stages in a folder; it saves a checkpoint at every step. */
const shared = (dir: string, basis = BASIS) => ({
  stages: { store: new StageStore(dir), basis, checkpointEvery: 0 },
});

/** Stops after some steps of training, of whichever phase. */
function stopAfter(steps: number): Pick<RunOutput, "signal" | "report"> {
  const stop = new AbortController();
  let taken = 0;
  return { signal: stop.signal, report: () => ++taken === steps ? stop.abort() : undefined };
}

/** Dies after some steps, as by a kill: nothing is asked, nothing is saved at that moment. */
function dieAfter(steps: number): Pick<RunOutput, "report"> {
  let taken = 0;
  return {
    report() {
      if (++taken === steps) throw new Error("killed");
    },
  };
}

onEachBackend(
  "a run that finds all its stages has the same results and log as one that makes them",
  async () => {
    await withBase("t5", async (base_model) => {
      for (const settings of [PLANTED, { ...TINY, base_model }]) {
        await withFolder(async (dir) => {
          const alone = await run(settings);
          const first = await run(settings, shared(dir));
          const second = await run(settings, shared(dir));
          assert.deepEqual(first.left, alone.left);
          assert.deepEqual(second.left, alone.left);
          const adaptation = settings === PLANTED ? 4 : 2;
          const all = { multitask: 1, seen: 1, routing: 1, base: 1, adaptation };
          assert.deepEqual(first.stages, { made: all, kept: {}, resumed_at_step: null });
          assert.deepEqual(second.stages, { made: {}, kept: all, resumed_at_step: null });
        });
      }
    });
  },
  { only: ["wasm"] },
);

onEachBackend(
  "ways of adapting share one multi-task phase, and more tasks share their adaptations",
  async () => {
    await withFolder(async (dir) => {
      const settings = { ...PLANTED, shot_splits: 1 };
      await run(settings, shared(dir));
      for (const adaptation of ["routing", "average", "random"] as const) {
        const { left, stages } = await run({ ...settings, adaptation }, shared(dir));
        assert.deepEqual(stages.kept, { multitask: 1, seen: 1, routing: 1, base: 1 });
        assert.deepEqual(left, (await run({ ...settings, adaptation })).left);
      }
      const more = await run({ ...settings, shot_splits: 2 }, shared(dir));
      assert.deepEqual([more.stages.made, more.stages.kept.adaptation], [{ adaptation: 2 }, 2]);
      assert.deepEqual(more.left, (await run({ ...settings, shot_splits: 2 })).left);
      const none = await run({ ...settings, adaptation: "none" }, shared(dir));
      assert.deepEqual(none.stages.made, {});
      const averaged: RunConfigInput = { ...settings, adaptation: "none", average_steps: 3 };
      const first = await run(averaged, shared(dir));
      assert.deepEqual(first.stages.made, { average: 1, zero_shot: 1 });
      assert.deepEqual(first.left, (await run(averaged)).left);
      const tuned = await run({ ...averaged, adaptation: "average" }, shared(dir));
      assert.deepEqual(tuned.stages.made, { adaptation: 2 });
      assert.deepEqual(tuned.left, (await run({ ...averaged, adaptation: "average" })).left);
    });
  },
  { only: ["cpu"] },
);

onEachBackend(
  "a run that is stopped at any step goes on from there to the same bytes",
  async () => {
    await withBase("llama", async (base_model) => {
      for (
        const settings of [
          PLANTED,
          { ...PLANTED, optimizer: "adafactor", weight_decay: 0.1, n_validation: 0 },
          { ...PLANTED, adaptation: "none", average_steps: 4, average_by: "anneal" },
          { ...TINY, base_model, n_heldout_tasks: 1, optimizer: "adafactor", clip: 0.5 },
        ] as RunConfigInput[]
      ) {
        const { left: whole } = await run(settings);
        for (const steps of [1, 2, 4, 5, 7]) {
          await withFolder(async (dir) => {
            await assert.rejects(
              run(settings, { ...shared(dir), ...stopAfter(steps) }),
              StoppedError,
            );
            const { left, stages } = await run(settings, shared(dir));
            assert.deepEqual(left, whole);
            const inAverage = settings.average_steps !== undefined && steps > 5;
            assert.equal(
              stages.resumed_at_step,
              steps <= 5 ? steps : inAverage ? steps - 5 : null,
            );
          });
        }
      }
    });
  },
  { only: ["wasm"] },
);

onEachBackend("a run that is killed again and again ends with the same bytes", async () => {
  await withFolder(async (dir) => {
    const { left: whole } = await run(PLANTED);
    const resumed: (number | null)[] = [];
    for (let kills = 0;; kills++) {
      assert.ok(kills < 40, "it gets on");
      try {
        const { left, stages } = await run(PLANTED, { ...shared(dir), ...dieAfter(3 + kills) });
        assert.deepEqual(left, whole);
        resumed.push(stages.resumed_at_step);
        break;
      } catch (error) {
        assert.equal((error as Error).message, "killed");
      }
    }
    assert.deepEqual(resumed, [null], "the last life found the multi-task phase done");
    // Nothing but whole stages is left: no checkpoint, no lock, no temporary file.
    const files = [];
    for await (const path of filesIn(dir)) files.push(path);
    assert.ok(files.every((path) => path.endsWith(".safetensors") && !path.includes("checkpoint")));
  });
}, { only: ["cpu"] });

onEachBackend("a run that diverges is kept as that, in either phase", async () => {
  for (
    const settings of [
      { learning_rate: 1e30, clip: 0, warmup: 0 },
      { adaptation_learning_rate: 1e30, clip: 0, warmup: 0 },
    ] as RunConfigInput[]
  ) {
    await withFolder(async (dir) => {
      const alone = await run({ ...PLANTED, ...settings });
      assert.equal(alone.left.status, "diverged");
      assert.deepEqual((await run({ ...PLANTED, ...settings }, shared(dir))).left, alone.left);
      const again = await run({ ...PLANTED, ...settings }, shared(dir));
      assert.deepEqual([again.left, again.stages.made], [alone.left, {}]);
    });
  }
}, { only: ["cpu"] });

onEachBackend(
  "a stage of other code, data or machine is not taken, nor one that is torn",
  async () => {
    await withFolder(async (dir) => {
      const first = await run(PLANTED, shared(dir));
      const other = await run(PLANTED, shared(dir, { ...BASIS, cpu: "another" }));
      assert.deepEqual(other.stages.kept, {});
      for await (const path of filesIn(dir)) {
        const bytes = await Deno.readFile(path);
        bytes[bytes.length - 1]! ^= 1;
        await Deno.writeFile(path, path.includes("multitask") ? bytes : bytes.slice(0, -3));
      }
      const torn = await run(PLANTED, shared(dir));
      assert.deepEqual([torn.left, torn.stages.kept], [first.left, {}]);
    });
  },
  { only: ["cpu"] },
);

async function* filesIn(dir: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(dir)) {
    if (isDirectory) yield* filesIn(join(dir, name));
    else yield join(dir, name);
  }
}
