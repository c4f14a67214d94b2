import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { useBackend } from "../backend/backend.ts";
import { writeFilesAtomically } from "../files/atomic_write.ts";
import { exists, makeFolder } from "../files/file_system.ts";
import { seededNoise } from "../ops/noise.ts";
import { getPeftModel } from "../peft/peft_model.ts";
import { PolyConfig } from "../poly/config.ts";
import { openBase } from "../run/open_base.ts";
import { skillsSuite } from "../tasks/skills.ts";
import type { TaskSuite } from "../tasks/task.ts";
import { taskSampler } from "../train/sampler.ts";
import { encodeExamples } from "../train/task_batch.ts";
import { train } from "../train/train.ts";
import { randomStream } from "../util/random.ts";
import type { Pair } from "./session.ts";

/** What a folder may say about the model and adapter that it comes with, in `demonstration.json`. */
export interface Demonstration {
  /** Address of the base model's folder. */
  readonly base: string;
  /** Address of the adapter's folder. */
  readonly adapter: string;
  /** Names of the adapter's tasks. */
  readonly tasks: readonly string[];
  /** An input to ask. */
  readonly input: string;
  /** Examples of a task that the adapter was not trained on. */
  readonly examples: readonly Pair[];
}

/** The file of the page's folder that says what is loaded at first. */
const NAME = "demonstration.json";

/** The folder of the small base model. */
const DATA = fileURLToPath(new URL("../../data/base/", import.meta.url));

/** Files of the base model that the page loads. */
const BASE_FILES = ["config.json", "tokenizer_config.json", "model.safetensors"];

/** Tasks on strings, each of one or two skills that are known. */
const SUITE = { n_tasks: 8, n_heldout_tasks: 1, n_train: 400, n_validation: 0, n_test: 1 };

/** The adapter: as many skills as tasks, four splits. */
const ADAPTER = { r: 4, n_tasks: SUITE.n_tasks, n_skills: 8, n_splits: 4 };

/** How the adapter is trained. */
const TRAINING = { steps: 400, batchSize: 32, learningRate: 1e-2, routerLearningRate: 0.1 };

/**
 * Puts into the page's folder what it shows at first: the small base model of `data/base`, and an adapter that
 * is trained here on tasks of strings, which takes a minute or two. An adapter that is there is kept.
 *
 * @param out the folder of the page
 * @param onStep told how far training is, after each step
 */
export async function putDemonstration(
  out: string,
  onStep: (step: number, steps: number) => void,
): Promise<void> {
  await makeFolder(join(out, "base"));
  for (const name of BASE_FILES) await copyFile(join(DATA, name), join(out, "base", name));
  const suite = skillsSuite({ ...SUITE, name_in_input: false, seed: 0 });
  if (!await exists(join(out, "adapter", "adapter_config.json"))) {
    await trainAdapter(suite, join(out, "adapter"), onStep);
  }
  const text = JSON.stringify(demonstrationOf(suite), null, 2);
  await writeFilesAtomically(out, new Map([[NAME, text]]));
}

/** What the page is told about the tasks. */
function demonstrationOf({ training, heldOut, skillNames }: TaskSuite): Demonstration {
  const [held] = heldOut;
  const words = (name: string) => name.replaceAll("_", " ");
  return {
    base: "base/",
    adapter: "adapter/",
    tasks: training.map(({ skills }) =>
      skills!.map((skill) => words(skillNames![skill]!)).join(" + ")
    ),
    input: held!.test[0]!.input,
    examples: held!.train.slice(0, 5).map(({ input, targets }) => ({ input, target: targets[0]! })),
  };
}

async function trainAdapter(
  { training }: TaskSuite,
  dir: string,
  onStep: (step: number, steps: number) => void,
): Promise<void> {
  await useBackend("wasm");
  const { base, tokenizer } = await openBase(DATA);
  const config = { ...ADAPTER, task_type: "SEQ_2_SEQ_LM", target_modules: "all-linear" } as const;
  const model = getPeftModel(base, new PolyConfig(config));
  const encoding = { tokenizer, isEncoderDecoder: true, maxInputTokens: 64, maxTargetTokens: 64 };
  const sampler = taskSampler(training, randomStream(0, "demonstration"));
  const nextBatch = (count: number) => encodeExamples(sampler.next(count), encoding);
  for await (const { step } of train(model, TRAINING, { nextBatch, noise: seededNoise(0) })) {
    onStep(step, TRAINING.steps);
  }
  await model.savePretrained(dir);
  base.dispose();
}
