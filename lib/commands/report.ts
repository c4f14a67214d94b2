import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { writeReport } from "../report/report.ts";
import { Study } from "../tables/study.ts";
import { StoreError } from "../sweep/store_error.ts";

/** What the command writes to; the process's own unless given. */
export interface ReportCommandOptions {
  /** For the paths of pages. */
  readonly stdout?: NodeJS.WritableStream;
  /** For messages. */
  readonly stderr?: NodeJS.WritableStream;
  /** Where sweeps are looked for when none is named. */
  readonly results?: string;
}

/**
 * Does what `deno task report` does: writes the pages of sweeps, and prints where they are.
 *
 * @param args the words after `deno task report`: folders of results
 * @returns the exit code: 0 when every page is written, 2 when one cannot be
 */
export async function reportCommand(
  args: readonly string[],
  options: ReportCommandOptions = {},
): Promise<number> {
  const { stdout = process.stdout, stderr = process.stderr, results = "results" } = options;
  const known = await sweepFolders(results);
  if (args.includes("--help") || args.includes("-h")) {
    stdout.write(USAGE);
    return 0;
  }
  const unknown = args.find((word) => word.startsWith("-"));
  if (unknown !== undefined || args.length === 0) {
    if (unknown !== undefined) stderr.write(`Unknown option ${unknown}\n`);
    stderr.write(`${USAGE}\n${listOf(known, results)}\n`);
    return 2;
  }
  for (const dir of args) {
    if (!existsSync(join(dir, "manifest.json"))) {
      stderr.write(
        `Cannot report on ${dir} as no sweep has run there: there is no manifest.json. ` +
          `${listOf(known, results)}\n`,
      );
      return 2;
    }
    try {
      stdout.write(`${await writeReport(await Study.read(dir))}\n`);
    } catch (error) {
      const isOfFiles = error instanceof StoreError || error instanceof SyntaxError ||
        error instanceof RangeError;
      if (!isOfFiles) throw error;
      stderr.write(`Cannot report on ${dir}: ${error.message}\n`);
      return 2;
    }
  }
  return 0;
}

async function sweepFolders(results: string): Promise<string[]> {
  if (!existsSync(results)) return [];
  const names = async (dir: string) =>
    (await readdir(dir, { withFileTypes: true })).filter((entry) => entry.isDirectory())
      .map(({ name }) => join(dir, name)).sort();
  // Those that people have run, and those that are kept in folders beside them.
  const folders = await names(results);
  const inside = await Promise.all(folders.map(names));
  return [...folders, ...inside.flat()].filter((dir) => existsSync(join(dir, "manifest.json")));
}

function listOf(known: readonly string[], results: string): string {
  return known.length === 0
    ? `There is no sweep in ${results} yet: run deno task sweep first.`
    : `Sweeps that have run: ${known.join(", ")}`;
}

const USAGE = `\
Writes one page, report.html, that shows a sweep whole: the question, the leaderboard, the figures, the
settings and where every run came from. It opens from disk and needs no network.

  deno task report results/<sweep> ...
`;
