import { existsSync } from "node:fs";
import { join } from "node:path";
import { dataFiles, sweepReport } from "../tables/files.ts";
import { writeComparison, writeReport } from "../report/report.ts";
import { EXPORT_FORMATS, type ExportFormat, writeExports } from "../tables/export/exports.ts";
import { Study } from "../tables/study.ts";
import { hasSweep, SweepStore, tryLockSweep } from "../sweep/store.ts";
import { StoreError } from "../sweep/store_error.ts";
import { RUN_CONFIG_KEYS, type RunConfig } from "../run/config.ts";
import type { Cell } from "../tables/table.ts";
import { suggest } from "../util/words.ts";
import { ArgumentError, runCommand } from "./arguments.ts";
import type { Help } from "./help.ts";
import type { CommandOutput, LastingOutput } from "./output.ts";
import { lackingPermission } from "./permissions.ts";
import { readablePath } from "./user_path.ts";

/** What the command writes to, and where it looks for sweeps. */
export interface ReportCommandOptions extends CommandOutput {
  /** Folder in which sweeps are looked for when none is named. */
  readonly results?: string;
}

/**
 * Does what `deno task report` does: writes the page and the tables of a sweep, and prints where the page
 * is; with a second folder, the page of the first with its baseline from the second.
 *
 * @param args the words after `deno task report`: one folder of results, or two to compare
 * @returns the exit code: 0 when the page is written, 2 when it cannot be
 */
export async function reportCommand(
  args: readonly string[],
  options: ReportCommandOptions = {},
): Promise<number> {
  const command = { task: "report", help: HELP, options: REPORT_OPTIONS };
  return await runCommand(
    command,
    args,
    options,
    ({ positionals, values }, output) =>
      reportOn(positionals, values.baseline, exportsOf(values.export), options, output),
  );
}

async function reportOn(
  dirs: readonly string[],
  baseline: string | undefined,
  formats: readonly ExportFormat[],
  { results = "results" }: ReportCommandOptions,
  { say, print }: LastingOutput,
): Promise<number> {
  if (dirs.length === 0) {
    throw new ArgumentError(
      `Name a folder of results: deno task report results/<sweep>. ${await knownSweeps(results)}`,
    );
  }
  if (dirs.length > 2) {
    throw new ArgumentError(
      `Cannot compare ${dirs.length} sweeps: name one folder for its page, or two to compare the first ` +
        `with the second`,
    );
  }
  if (baseline !== undefined && dirs.length === 1) {
    throw new ArgumentError("Cannot use --baseline without a second folder, whose runs it chooses");
  }
  if (formats.length > 0 && dirs.length === 2) {
    throw new ArgumentError("Cannot export a comparison: leave out --export or the second folder");
  }
  const [dir, otherDir] = dirs.map((dir) => readablePath(dir)) as [string, string?];
  try {
    for (const place of otherDir === undefined ? [dir] : [dir, otherDir]) {
      if (await hasSweep(place)) continue;
      say(
        `Cannot report on ${place} as no sweep has run there: there is no manifest.json. ` +
          await knownSweeps(results),
      );
      return 2;
    }
    const lacking = lackingPermission("report", dirs, { write: [dir] });
    if (lacking !== null) {
      say(`Cannot report on ${dir}: ${lacking}`);
      return 2;
    }
    // A sweep that is at work there goes on, and its page is written as far as it is.
    using _lock = await tryLockSweep(dir);
    const study = await Study.read(dir);
    if (otherDir === undefined) {
      await writeTables(study);
      print(`${await writeReport(study)}\n`);
      for (const path of await writeExports(study, formats)) print(`${path}\n`);
      tellChanges(await study.changes(), say);
    } else {
      const { path, finding } = await writeComparison(study, {
        study: await Study.read(otherDir),
        folder: dirs[1]!,
        baseline: baseline === undefined ? null : settingsOf(baseline),
      });
      if (finding !== "") say(finding);
      print(`${path}\n`);
    }
  } catch (error) {
    const isOfFiles = error instanceof StoreError || error instanceof SyntaxError ||
      error instanceof RangeError;
    if (!isOfFiles) throw error;
    say(`Cannot report on ${dir}: ${error.message}`);
    return 2;
  }
  return 0;
}

/** The formats that a word such as `latex,csv` names. */
function exportsOf(word: string | undefined): ExportFormat[] {
  return (word?.split(",") ?? []).map((part) => {
    const format = EXPORT_FORMATS.find((known) => known === part.trim());
    if (format !== undefined) return format;
    throw new ArgumentError(`Cannot export "${part}"${suggest(part, EXPORT_FORMATS)}`);
  });
}

/** Reads settings such as `method=shared,n_splits=1`. */
function settingsOf(text: string): Record<string, Cell> {
  return Object.fromEntries(
    text.split(",").map((part) => {
      const [key, value, ...rest] = part.split("=").map((word) => word.trim());
      if (!isSetting(key) || value === undefined || value === "" || rest.length > 0) {
        throw new ArgumentError(
          `Cannot read --baseline ${text} as ${part} must be a setting with its value, such as ` +
            `method=shared${
              key === undefined || isSetting(key) ? "" : suggest(key, RUN_CONFIG_KEYS)
            }`,
        );
      }
      return [key, asCell(value)];
    }),
  );
}

function isSetting(key: string | undefined): key is keyof RunConfig {
  return RUN_CONFIG_KEYS.some((known) => known === key);
}

/** A word of the command line as tables have it. */
function asCell(word: string): Cell {
  if (word === "null") return null;
  if (word === "true" || word === "false") return word === "true";
  return Number.isNaN(Number(word)) ? word : Number(word);
}

/** Says which files are no longer what their runs have written. */
export function tellChanges(changes: readonly string[], say: (line: string) => void): void {
  for (const line of changes.slice(0, CHANGES_TOLD)) say(`Changed since the run ended: ${line}`);
  const others = changes.length - CHANGES_TOLD;
  if (others > 0) say(`  and ${others} more runs, which the report names`);
  if (changes.length > 0) say("  Remove the folder of such a run to run it again.");
}

const CHANGES_TOLD = 10;

/** Writes every number of a sweep and its leaderboard, as `deno task sweep` does at its end. */
async function writeTables(study: Study): Promise<void> {
  const store = await SweepStore.read(study.dir);
  await store.write(dataFiles(study));
  await store.write(new Map([["leaderboard.md", sweepReport(study)]]));
}

async function sweepFolders(results: string): Promise<string[]> {
  if (!existsSync(results)) return [];
  const names = async (dir: string) =>
    (await Array.fromAsync(Deno.readDir(dir))).filter((entry) => entry.isDirectory)
      .map(({ name }) => join(dir, name)).sort();
  // Those that people have run, and those that are kept in folders beside them.
  const folders = await names(results);
  const inside = await Promise.all(folders.map(names));
  return [...folders, ...inside.flat()].filter((dir) => existsSync(join(dir, "manifest.json")));
}

/** Lists the sweeps that have run, in a sentence. */
export async function knownSweeps(results: string): Promise<string> {
  const known = await sweepFolders(results);
  return known.length === 0
    ? `There is no sweep in ${results} yet: run deno task sweep first`
    : `Sweeps that have run: ${known.join(", ")}`;
}

/** The options of `deno task report`. */
export const REPORT_OPTIONS = {
  baseline: { type: "string" },
  export: { type: "string" },
} as const;

const HELP: Help = {
  about: [
    "Writes one page, report.html, that shows a sweep whole: the question, the leaderboard, the " +
    "figures, the settings and where every run came from. It opens from disk and needs no network. Its " +
    "tables are written beside it: leaderboard.md, results.csv, results.arrow, tasks.csv, " +
    "task_summary.csv.",
    "With a second folder it writes against_<other>.html beside the first sweep: the same page with the " +
    "baseline of the other sweep, in pairs of the same seed and task, and two runs of either side by " +
    "side.",
  ],
  usage: "results/<sweep> [results/<other>] [options]",
  rows: [
    [
      "--baseline SETTINGS",
      "the runs of the other sweep that are the baseline [its own baseline, or every cell for the one " +
      "of equal settings]",
    ],
    [
      "--export A,B",
      "what other programs read, beside the page: latex, the leaderboard with booktabs as " +
      "leaderboard.tex; tensorboard, event files of every run in tensorboard/; csv, every number of " +
      "every step as steps.csv, for W&B, MLflow and others; parquet, the tables of runs and tasks as " +
      "results.parquet, tasks.parquet and task_summary.parquet",
    ],
  ],
  examples: [
    "deno task report results/quick",
    "deno task report results/quick --export latex,tensorboard",
    "deno task report results/quick results/baselines --baseline method=shared,n_splits=1",
  ],
  exitCodes: ["0 the page is written", "2 it cannot be"],
};
