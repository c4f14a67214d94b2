/** A sweep: the grid of its file, expanded into runs. */
import { z } from "zod";
import { RUN_CONFIG, RUN_CONFIG_KEYS, type RunConfig } from "../run/config.ts";
import { configHash, runId } from "../run/id.ts";
import { grid } from "../util/grid.ts";
import {
  applyOverrides,
  type Locate,
  readSweepFile,
  SweepError,
  type SweepFile,
} from "./sweep_file.ts";

/** A study: the question it answers and the runs that answer it. */
export interface Sweep {
  /** The stem of its file, and of its folder of results. */
  readonly name: string;
  /** Question that the sweep answers, in a sentence. */
  readonly question: string;
  /** The column by which tables are ordered. */
  readonly metric: string;
  /** Settings of the cell that differences are taken against; null for none. */
  readonly baseline: Partial<RunConfig> | null;
  /** Settings with more than one value, in the order of {@linkcode RUN_CONFIG_KEYS}. */
  readonly varying: readonly (keyof RunConfig)[];
  /** Every run, seeds innermost. */
  readonly runs: readonly PlannedRun[];
}

/** One run of a sweep. */
export interface PlannedRun {
  /** The name of its folder. */
  readonly id: string;
  /** All its settings. */
  readonly config: RunConfig;
}

/**
 * Reads a sweep from YAML and the command line, which wins.
 *
 * The cells are every combination of `grid`, together with `zip` (axes that move together), on top of
 * `set`, without those that match an entry of `exclude`, and with those of `include`; each cell runs
 * once per seed.
 *
 * @param text the YAML
 * @param path path of the file, for messages and the name
 * @param overrides settings of the command line, such as `n_skills=2,4,8`: one value is set, several
 * become an axis
 * @throws {SweepError} naming file, line, column and key, with the nearest known key
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const text = "question: Does size matter?\ngrid: { n_skills: [2, 4] }\nseeds: 0..1\n";
 * const sweep = readSweep(text, "experiments/size.yaml", ["n_splits=4"]);
 * assert.equal(sweep.name, "size");
 * assert.deepEqual(sweep.varying, ["n_skills", "seed"]);
 * assert.deepEqual(sweep.runs.map(({ config }) => [config.n_skills, config.n_splits, config.seed]), [
 *   [2, 4, 0], [2, 4, 1], [4, 4, 0], [4, 4, 1],
 * ]);
 * ```
 */
export function readSweep(text: string, path: string, overrides: readonly string[] = []): Sweep {
  const { file, locate } = readSweepFile(text, path);
  applyOverrides(file, overrides);
  return expand(file, path, locate);
}

function expand(file: SweepFile, path: string, locate: Locate): Sweep {
  const zipped = Object.keys(file.zip).length === 0
    ? [{}]
    : Object.values(file.zip)[0]!.map((_, i) =>
      Object.fromEntries(Object.entries(file.zip).map(([key, values]) => [key, values[i]]))
    );
  const matches = (cell: Record<string, unknown>, pattern: Record<string, unknown>) =>
    Object.entries(pattern).every(([key, value]) =>
      JSON.stringify(cell[key]) === JSON.stringify(value)
    );
  const cells = [
    ...grid(file.grid).flatMap((point) =>
      zipped.map((pair) => ({ ...file.set, ...point, ...pair }))
    )
      .filter((cell) => !file.exclude.some((pattern) => matches(cell, pattern))),
    ...file.include.map((cell) => ({ ...file.set, ...cell })),
  ];
  const configs = new Map<string, RunConfig>();
  for (const cell of cells) {
    for (const seed of file.seeds) {
      const config = check({ ...cell, seed }, file, locate);
      configs.set(configHash(config), config);
    }
  }
  if (configs.size === 0) throw new SweepError(`Cannot run ${path} as it leaves no cell to run`);
  const all = [...configs.values()];
  const varying = RUN_CONFIG_KEYS.filter((key) =>
    key === "seed" || new Set(all.map((config) => JSON.stringify(config[key]))).size > 1
  );
  return {
    name: path.replace(/^.*[\\/]/, "").replace(/\.ya?ml$/, ""),
    question: file.question,
    metric: file.metric,
    baseline: file.baseline as Partial<RunConfig> | null,
    varying,
    runs: all.map((config) => ({ id: runId(config, varying), config })),
  };
}

/** A complete config, or an error at the place in the file where the wrong value stands. */
function check(cell: Record<string, unknown>, file: SweepFile, locate: Locate): RunConfig {
  const result = RUN_CONFIG.safeParse(cell);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const key = String(issue!.path[0]);
  const value = JSON.stringify(cell[key]);
  throw new SweepError(
    `Cannot read ${locate(placeOf(key, cell[key], file))} as ${key} is ${value}: ` +
      z.prettifyError(result.error).split("\n")[0]!.replace(/^✖ /, ""),
  );
}

function placeOf(key: string, value: unknown, file: SweepFile): (string | number)[] {
  const text = JSON.stringify(value);
  for (const where of ["grid", "zip"] as const) {
    const index = file[where][key]?.findIndex((item) => JSON.stringify(item) === text) ?? -1;
    if (index >= 0) return [where, key, index];
  }
  const cell = file.include.findIndex((item) => JSON.stringify(item[key]) === text);
  if (cell >= 0) return ["include", cell, key];
  return key === "seed" ? ["seeds"] : ["set", key];
}
