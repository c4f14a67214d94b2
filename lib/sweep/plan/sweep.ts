/** A sweep: what its file and the command line ask for, expanded into runs. */
import { escaped } from "../../files/escaped.ts";
import type { RunConfig } from "../../run/config.ts";
import { runId } from "../../run/id.ts";
import { metricNames } from "../../run/metrics/metric_names.ts";
import { suggest } from "../../util/words.ts";
import type { EarlyStopping } from "../tuning/early_stopping.ts";
import { cellsOf, matches, varyingKeys } from "./cells.ts";
import { checkEarlyStopping } from "./early_stopping_section.ts";
import { type Overrides, readOverrides, type ToPath } from "./overrides.ts";
import type { Note, SettingGroup } from "./setting.ts";
import { SweepError } from "./sweep_error.ts";
import { readSweepFile, type SweepFile } from "./sweep_file.ts";
import type { YamlText } from "./yaml_text.ts";

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
  /**
   * Settings of the cells whose difference from the baseline, by the metric, is what the sweep is for.
   * P-values are corrected over these, and all other differences are exploratory. None where absent.
   */
  readonly primary?: readonly Partial<RunConfig>[] | undefined;
  /**
   * The smallest difference of interest, in the metric's units; where ratios of the metric count, as a
   * share of it: 0.1 is 10 %. None where absent.
   */
  readonly margin?: number | undefined;
  /** How cells are stopped early, in a sweep that only tunes; all are trained to their end where absent. */
  readonly early_stopping?: EarlyStopping | undefined;
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

/** Who is told what, and where paths of the command line start. */
export interface ReadOptions {
  /** Hears, a sentence at a time, of entries that have no effect or perhaps another than meant. */
  readonly note?: Note;
  /** Turns a path of the command line into one from the working directory. */
  readonly toPath?: ToPath;
}

/**
 * Reads a sweep from YAML and the command line, which wins.
 *
 * The cells are every combination of `grid`, together with `zip` (axes that move together), on top of
 * `set`, without those that match an entry of `exclude`, or as many of them as `sample` draws, and with
 * those of `include`; each cell runs once per seed.
 *
 * @param text the YAML, as text or as read together with what it extends
 * @param path path of the file, for messages and the name
 * @param overrides settings of the command line, such as `n_skills=2,4,8`: one value is set, several
 * become an axis, in the cells of `include` too
 * @throws {SweepError} naming file, line, column and key, or the argument, with the nearest known key;
 * also when two entries contradict each other, no run will measure the metric, cells cannot be stopped
 * early as asked for, or there are more runs than a sweep may have
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
export function readSweep(
  text: string | YamlText,
  path: string,
  overrides: readonly string[] = [],
  { note = () => {}, toPath }: ReadOptions = {},
): Sweep {
  const asked = readOverrides(overrides, note, toPath);
  const file = readSweepFile(text, path, note);
  const { cells, seeds } = cellsOf(file, asked, path, note);
  const metric = metricOf(file, asked, cells);
  if (file.earlyStopping !== null) checkEarlyStopping(file.earlyStopping, cells, seeds);
  if (file.baseline !== null) noteBaseline(file.baseline, cells, note);
  for (const group of file.primary) notePrimary(group, file.baseline!, cells, note);
  const varying = varyingKeys(cells);
  const runs = cells.flatMap((cell) =>
    seeds.map((seed) => {
      const config = { ...cell, seed };
      return { id: runId(config, varying), config };
    })
  );
  refuseOneName(runs);
  return {
    name: path.replace(/^.*[\\/]/, "").replace(/\.ya?ml$/, ""),
    question: file.question,
    metric,
    baseline: file.baseline === null ? null : settingsOf(file.baseline),
    ...(file.primary.length === 0 ? {} : { primary: file.primary.map(settingsOf) }),
    ...(file.margin === null ? {} : { margin: file.margin }),
    ...(file.earlyStopping === null ? {} : { early_stopping: file.earlyStopping.rule }),
    varying,
    runs,
  };
}

/** The metric that is asked for, or the first that some run will measure. */
function metricOf(file: SweepFile, asked: Overrides, cells: readonly RunConfig[]): string {
  const known = new Set<string>(cells.flatMap(metricNames));
  const metric = asked.metric ?? file.metric;
  if (metric === null) return [...known][0]!;
  if (known.has(metric.value)) return metric.value;
  const meant = suggest(metric.value, [...known]);
  throw new SweepError(
    `Cannot read ${metric.place()} as the runs will have no column "${escaped(metric.value)}"` +
      (meant.startsWith(",")
        ? `${meant.replace(",", ":")} The runs of this sweep measure ${[...known].join(", ")}`
        : meant),
  );
}

/** Says where a baseline leaves nothing to compare. */
function noteBaseline(baseline: SettingGroup, cells: readonly RunConfig[], note: Note): void {
  const count = cells.filter((cell) => matches(cell, baseline)).length;
  if (count > 0 && (count < cells.length || count === 1)) return;
  note(
    `${baseline.place()} matches ${count === 0 ? "no cell" : "every cell"}: ` +
      `there will be no differences to a baseline`,
  );
}

/** Says where a primary comparison compares nothing. */
function notePrimary(
  group: SettingGroup,
  baseline: SettingGroup,
  cells: readonly RunConfig[],
  note: Note,
): void {
  if (cells.some((cell) => matches(cell, group) && !matches(cell, baseline))) return;
  note(`${group.place()} matches no cell beside the baseline: there will be no such comparison`);
}

function settingsOf({ entries }: SettingGroup): Partial<RunConfig> {
  return Object.fromEntries([...entries].map(([key, { value }]) => [key, value]));
}

/** Two runs in one folder would be one: sixteen digits make that all but impossible, and this quite. */
function refuseOneName(runs: readonly PlannedRun[]): void {
  const ids = new Set<string>();
  for (const { id } of runs) {
    if (ids.has(id)) {
      throw new SweepError(`Cannot plan two runs as both would be called ${id}: leave out one`);
    }
    ids.add(id);
  }
}
