/** The file in a run's folder that keeps what its models answered to every test example. */
import { join } from "node:path";
import { z } from "zod";
import { writeFilesAtomically } from "../../files/atomic_write.ts";
import { exists, removeIfThere } from "../../files/file_system.ts";
import { gunzipLines, gzipLines } from "../../files/gzip_lines.ts";
import { printableLine } from "../../util/printable.ts";
import type { Prediction } from "../evaluation.ts";
import { faultsOf } from "../result.ts";
import type { RUN_FILES } from "../written_files.ts";

/** The file's name. */
export const PREDICTIONS_FILE: typeof RUN_FILES[number] = "predictions.jsonl.gz";

/**
 * The models of a run that are evaluated, in their order: `seen` is the trained model at the tasks that
 * it was trained on; at the tasks held out, `base` is the base model without an adapter, `start` a
 * model before its adaptation, and `heldout` the same model after it.
 */
export const PREDICTION_PHASES = ["base", "seen", "start", "heldout"] as const;

/** Which of a run's models has answered. */
export type PredictionPhase = typeof PREDICTION_PHASES[number];

/** What one model of a run answered to the test examples of one task. */
export interface TaskPredictions {
  /** Which model has answered. */
  readonly phase: PredictionPhase;
  /** The name of the task. */
  readonly task: string;
  /** The draw of the few examples that the model was adapted with, from 0; 0 where there is none. */
  readonly split: number;
  /** One for each test example, in their order. */
  readonly predictions: readonly Prediction[];
}

/** What a model answered to one test example, with where it belongs. */
export interface KeptPrediction extends Omit<TaskPredictions, "predictions">, Prediction {
  /** The place of the example among the test examples of its task, from 0. */
  readonly example: number;
}

/**
 * Writes the answers of a run as `predictions.jsonl.gz`, whole or not at all, with one line of JSON for
 * each answer. The same answers give the same bytes. Where there is none, as of tasks without texts,
 * there is no file afterwards.
 *
 * The answers to one example stand together, one for each model: so gzip finds their texts again.
 *
 * @throws {RangeError} when a score is not finite
 * @throws whatever the file system refuses
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const dir = await Deno.makeTempDir();
 * const answer = { input: "sort: b a", references: ["a b"], answer: "a a", scores: { exact_match: 0 } };
 * await writePredictions(dir, [{ phase: "seen", task: "sort", split: 0, predictions: [answer] }]);
 * assert.deepEqual(await Array.fromAsync(readPredictions(dir)), [
 *   { phase: "seen", task: "sort", split: 0, example: 0, ...answer },
 * ]);
 * await Deno.remove(dir, { recursive: true });
 * ```
 */
export async function writePredictions(
  dir: string,
  evaluated: readonly TaskPredictions[],
): Promise<void> {
  const withAnswers = evaluated.filter(({ predictions }) => predictions.length > 0);
  if (withAnswers.length === 0) return await removeIfThere(join(dir, PREDICTIONS_FILE));
  await writeKept(dir, keptPredictions(withAnswers));
}

/** Writes answers that have their places already, in the order given. */
export async function writeKept(dir: string, kept: Iterable<KeptPrediction>): Promise<void> {
  const bytes = await gzipLines(linesOf(kept));
  await writeFilesAtomically(dir, new Map([[PREDICTIONS_FILE, bytes]]));
}

/** Answers in the order of the file: by task, example, and model. */
function* keptPredictions(evaluated: readonly TaskPredictions[]): Generator<KeptPrediction> {
  for (const ofTask of Map.groupBy(evaluated, ({ task }) => task).values()) {
    const count = Math.max(...ofTask.map(({ predictions }) => predictions.length));
    for (let example = 0; example < count; example++) {
      for (const { phase, task, split, predictions } of ofTask) {
        const prediction = predictions[example];
        if (prediction !== undefined) yield { phase, task, split, example, ...prediction };
      }
    }
  }
}

function* linesOf(kept: Iterable<KeptPrediction>): Generator<string> {
  for (const { phase, task, split, example, input, references, answer, scores } of kept) {
    for (const [name, value] of Object.entries(scores)) {
      if (Number.isFinite(value)) continue;
      throw new RangeError(
        `Cannot keep the answer to example ${example} of task "${task}" as scores must be finite: ` +
          `${name} is ${value}`,
      );
    }
    yield JSON.stringify({ phase, task, split, example, input, references, answer, scores });
  }
}

const COUNT = z.int().min(0);
const KEPT: z.ZodType<KeptPrediction> = z.strictObject({
  phase: z.enum(PREDICTION_PHASES),
  task: z.string(),
  split: COUNT,
  example: COUNT,
  input: z.string(),
  references: z.array(z.string()),
  answer: z.string(),
  scores: z.record(z.string(), z.number()),
});

/** Whether a run has kept its answers. */
export async function hasPredictions(dir: string): Promise<boolean> {
  return await exists(join(dir, PREDICTIONS_FILE));
}

/**
 * Reads what {@linkcode writePredictions} wrote, an answer at a time; nothing where there is no file.
 *
 * @param dir the run's folder
 * @throws {SyntaxError} when the file is damaged, naming it and the line
 * @throws whatever the file system refuses
 */
export async function* readPredictions(dir: string): AsyncGenerator<KeptPrediction> {
  if (!await hasPredictions(dir)) return;
  const path = join(dir, PREDICTIONS_FILE);
  const remedy = "remove the run's folder to run it again";
  let number = 0;
  const lines = gunzipLines(path);
  try {
    while (true) {
      const { value: line, done } = await lines.next().catch((error) => {
        throw error instanceof SyntaxError ? new SyntaxError(`${error.message}; ${remedy}`) : error;
      });
      if (done) return;
      number++;
      const found = KEPT.safeParse(jsonOf(line));
      if (!found.success) {
        throw new SyntaxError(
          `Cannot read line ${number} of ${path} as it is damaged: ` +
            `${printableLine(faultsOf(found.error))}; ${remedy}`,
        );
      }
      yield found.data;
    }
  } finally {
    await lines.return(undefined); // a reader that wants no more leaves the file
  }
}

/** The value of a line; undefined, which is no answer, where it is no JSON. */
function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
