import type { Prediction } from "../../run/evaluation.ts";
import { type TaskPredictions, writePredictions } from "../../run/predictions/file.ts";
import { isFinal, type RunResult } from "../../run/result.ts";
import { RunFolder } from "../../sweep/run_folder.ts";
import { randomStream } from "../../util/random.ts";

/** Test examples of each task in {@linkcode samplePredictions}. */
export const SAMPLE_EXAMPLES = 5;

/**
 * Answers that the run of a sample result could have given. Runs of one seed have the same examples;
 * which are right is drawn for each run.
 */
export function samplePredictions({ id, config, tasks }: RunResult): TaskPredictions[] {
  const answersOf = (task: string, phase: TaskPredictions["phase"]): TaskPredictions => {
    const examples = randomStream(config.seed, task);
    const luck = randomStream(config.seed, `${id}/${task}/${phase}`);
    const predictions = Array.from({ length: SAMPLE_EXAMPLES }, (): Prediction => {
      const word = Array.from(
        { length: 5 },
        () => String.fromCharCode(97 + examples.integer(26)),
      ).join("");
      const right = luck.uniform() < (phase === "heldout" ? 0.5 : 0.2);
      return {
        input: `${task}: ${word}`,
        references: [word.toUpperCase(), `${word}!`],
        answer: right ? word.toUpperCase() : word.slice(1),
        scores: { exact_match: Number(right), rouge_l: right ? 1 : 0.5 },
      };
    });
    return { phase, task, split: 0, predictions };
  };
  return [...new Set(tasks.map(({ task }) => task))]
    .flatMap((task) => [answersOf(task, "base"), answersOf(task, "heldout")]);
}

/** Adds answers to the runs of a sweep of sample results that have ended. */
export async function writeSamplePredictions(
  dir: string,
  results: readonly RunResult[],
  answersOf: (result: RunResult) => TaskPredictions[] = samplePredictions,
): Promise<void> {
  for (const result of results.filter(isFinal)) {
    await writePredictions(new RunFolder(dir, result).dir, answersOf(result));
  }
}
