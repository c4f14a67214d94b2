import { dirname, join } from "node:path";
import { writeFilesAtomically } from "../../files/atomic_write.ts";
import { makeFolder } from "../../files/file_system.ts";
import { whenWriting } from "../../sweep/store_error.ts";
import type { Study } from "../study.ts";
import { leaderboardLatex } from "./latex.ts";
import { taskSummary } from "../task_summary.ts";
import { toParquet } from "./parquet.ts";
import { stepsCsv } from "./run_steps.ts";
import { tensorboardFiles } from "./tensorboard.ts";

/** What a study can be exported as. */
export const EXPORT_FORMATS = ["latex", "tensorboard", "csv", "parquet"] as const;

/** One of {@linkcode EXPORT_FORMATS}. */
export type ExportFormat = typeof EXPORT_FORMATS[number];

/**
 * Writes what other programs read of a study into its folder: `leaderboard.tex`, `tensorboard/` with a folder
 * for each run, `steps.csv`, or the tables of runs and of tasks as Parquet.
 *
 * @returns a path for each format
 * @throws {StoreError} when the folder cannot be written
 * @throws {SyntaxError} when a run's log is damaged
 * @throws {RangeError} when runs are done and none has the study's metric
 */
export async function writeExports(
  study: Study,
  formats: readonly ExportFormat[],
): Promise<string[]> {
  const paths: string[] = [];
  for (const format of formats) {
    const { path, files } = await FORMATS[format](study);
    for (const [name, content] of files) {
      const folder = dirname(join(study.dir, name));
      try {
        await makeFolder(folder);
        await writeFilesAtomically(folder, new Map([[name.split("/").at(-1)!, content]]));
      } catch (error) {
        throw whenWriting(folder, error);
      }
    }
    paths.push(join(study.dir, path));
  }
  return paths;
}

/** The files of a format by their paths below the study's folder, and what to name to a person. */
interface Exported {
  readonly path: string;
  readonly files: ReadonlyMap<string, string | Uint8Array>;
}

const FORMATS: Readonly<Record<ExportFormat, (study: Study) => Exported | Promise<Exported>>> = {
  latex: (study) => one("leaderboard.tex", leaderboardLatex(study)),
  tensorboard: (study) => ({
    path: "tensorboard",
    files: new Map(
      [...tensorboardFiles(study)].map(([name, bytes]) => [`tensorboard/${name}`, bytes]),
    ),
  }),
  csv: (study) => one("steps.csv", stepsCsv(study)),
  parquet: async (study) => ({
    path: "results.parquet",
    files: new Map([
      ["results.parquet", await toParquet(study.runs, WHOLE)],
      ["tasks.parquet", await toParquet(study.tasks, WHOLE)],
      ["task_summary.parquet", await toParquet(taskSummary(study), WHOLE)],
    ]),
  }),
};

/** Columns whose numbers are whole in every study. */
const WHOLE = ["seed", "shot_split", "n"];

function one(path: string, text: string): Exported {
  return { path, files: new Map([[path, text]]) };
}
