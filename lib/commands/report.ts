import { existsSync } from "node:fs";
import { join } from "node:path";
import { dataFiles, sweepReport } from "../tables/files.ts";
import { writeReport } from "../report/report.ts";
import { Study } from "../tables/study.ts";
import { hasSweep, SweepStore, tryLockSweep } from "../sweep/store.ts";
import { StoreError } from "../sweep/store_error.ts";
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
 * Does what `deno task report` does: writes the pages and the tables of sweeps, and prints where the
 * pages are.
 *
 * @param args the words after `deno task report`: folders of results
 * @returns the exit code: 0 when every page is written, 2 when one cannot be
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
    ({ positionals }, output) => reportOn(positionals, options, output),
  );
}

async function reportOn(
  dirs: readonly string[],
  { results = "results" }: ReportCommandOptions,
  { say, print }: LastingOutput,
): Promise<number> {
  if (dirs.length === 0) {
    throw new ArgumentError(
      `Name a folder of results: deno task report results/<sweep>. ${await knownSweeps(results)}`,
    );
  }
  for (const dir of dirs.map((dir) => readablePath(dir))) {
    try {
      if (!await hasSweep(dir)) {
        say(
          `Cannot report on ${dir} as no sweep has run there: there is no manifest.json. ` +
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
      await writeTables(study);
      print(`${await writeReport(study, (sentence) => say(`Note: ${sentence}.`))}\n`);
      tellChanges(await study.changes(), say);
    } catch (error) {
      const isOfFiles = error instanceof StoreError || error instanceof SyntaxError ||
        error instanceof RangeError;
      if (!isOfFiles) throw error;
      say(`Cannot report on ${dir}: ${error.message}`);
      return 2;
    }
  }
  return 0;
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
export const REPORT_OPTIONS = { export: { type: "string" } } as const;

const HELP: Help = {
  about: [
    "Writes one page, report.html, that shows a sweep whole: the question, the leaderboard, the " +
    "figures, the settings and where every run came from. It opens from disk and needs no network. Its " +
    "tables are written beside it: leaderboard.md, results.csv, results.arrow, tasks.csv, " +
    "task_summary.csv.",
  ],
  usage: "results/<sweep> ...",
  examples: ["deno task report results/quick"],
  exitCodes: ["0 every page is written", "2 one cannot be"],
};
