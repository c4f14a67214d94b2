import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { StageUsers } from "../run/stages/stage_users.ts";
import { isFinal, type RunResult } from "../run/result.ts";
import { type KeptFile, keptFiles } from "../stages/stage_list.ts";
import { hasSweep, SweepStore } from "../sweep/store.ts";
import { StoreError } from "../sweep/store_error.ts";
import { stagesDirOf } from "../sweep/stages_dir.ts";
import { byteSize, counted, suggest } from "../util/words.ts";
import { textTable } from "./text_table.ts";
import { ArgumentError, runCommand } from "./arguments.ts";
import type { Help } from "./help.ts";
import type { CommandOutput, LastingOutput } from "./output.ts";
import { lackingPermission } from "./permissions.ts";
import { userPath } from "./user_path.ts";

/** What `--remove` takes. */
export const REMOVALS = ["unused", "unneeded", "all"] as const;
type Removal = typeof REMOVALS[number];

/** The options of `deno task stages`. */
export const STAGES_OPTIONS = { remove: { type: "string" } } as const;

const HELP: Help = {
  about: [
    "Lists what runs have kept of their stages, so that others of the same settings need not do it " +
    "again: what it weighs, which runs use it, and which still need it. Removes it when told.",
  ],
  usage: "[FOLDER] [--remove WHICH]",
  rows: [
    ["FOLDER", "a folder of sweeps, or one sweep's [results]"],
    [
      "--remove WHICH",
      "unused: what no run of any sweep there depends on, as after a change of the code\n" +
      "unneeded: what no run depends on that is still to do\n" +
      "all: everything",
    ],
  ],
  examples: ["deno task stages results --remove unused"],
  notes: [
    "Results do not need stages: a stage that is gone is made again when a new run needs it.",
  ],
  exitCodes: ["0 listed or removed", "2 the folder cannot be read or written"],
};

/**
 * Does what `deno task stages` does: lists the stages that runs have kept, and removes them when told.
 *
 * @param args the words after `deno task stages`
 * @returns the exit code: 0, or 2 when the folder cannot be read or written
 */
export async function stagesCommand(
  args: readonly string[],
  options: CommandOutput = {},
): Promise<number> {
  const command = { task: "stages", help: HELP, options: STAGES_OPTIONS };
  return await runCommand(command, args, options, async ({ values, positionals }, output) => {
    const [folder = "results", ...others] = positionals;
    if (others.length > 0) throw new ArgumentError(`Cannot list several folders at once`);
    return await stagesIn(userPath(folder), removalOf(values.remove), args, output);
  });
}

function removalOf(word: string | undefined): Removal | null {
  if (word === undefined) return null;
  const removal = REMOVALS.find((known) => known === word);
  if (removal !== undefined) return removal;
  throw new ArgumentError(
    `Cannot remove "${word}" as it must be one of ${REMOVALS.join(", ")}${suggest(word, REMOVALS)}`,
  );
}

/** A file with what depends on it. */
interface Kept extends KeptFile {
  /** Some run of a sweep here depends on it, done or not. */
  readonly isUsed: boolean;
  /** Some run depends on it that is still to do. */
  readonly isNeeded: boolean;
}

async function stagesIn(
  folder: string,
  removal: Removal | null,
  args: readonly string[],
  { print, say }: LastingOutput,
): Promise<number> {
  try {
    const kept = await keptIn(folder);
    print(table(folder, kept) + "\n");
    if (removal === null) return 0;
    const gone = kept.filter(({ isUsed, isNeeded }) =>
      removal === "all" || !(removal === "unused" ? isUsed : isNeeded)
    );
    const lacking = lackingPermission("stages", args, { write: [folder] });
    if (lacking !== null) {
      say(`Cannot remove stages from ${folder}: ${lacking}`);
      return 2;
    }
    for (const { path } of gone) await rm(path, { force: true });
    say(`Removed ${counted(gone.length, "file")}, ${byteSize(bytesOf(gone))}.`);
    return 0;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    say(error.message);
    return 2;
  }
}

/** Everything that is kept in a folder of sweeps, or for one sweep. */
async function keptIn(folder: string): Promise<Kept[]> {
  const sweeps = await sweepsIn(folder);
  const runs: RunResult[] = [];
  for (const dir of sweeps) runs.push(...await (await SweepStore.read(dir)).results());
  const files: KeptFile[] = [];
  const dirs = new Set([stagesDirOf(join(folder, "any")), ...sweeps.map(stagesDirOf)]);
  for (const dir of dirs) for await (const file of keptFiles(dir)) files.push(file);
  const users = (of: readonly RunResult[]) => new StageUsers(of.map(({ config }) => config), files);
  const [all, open] = [users(runs), users(runs.filter((run) => !isFinal(run)))];
  return files.map((file) => ({ ...file, isUsed: all.has(file), isNeeded: open.has(file) }));
}

/** The sweeps directly in a folder, or the folder itself. */
async function sweepsIn(folder: string): Promise<string[]> {
  if (await hasSweep(folder)) return [folder];
  const names = await readdir(folder).catch((error) => {
    throw new StoreError(`Cannot list the stages of ${folder}: ${(error as Error).message}`);
  });
  const sweeps: string[] = [];
  for (const name of names.sort()) {
    const dir = join(folder, name);
    if (await hasSweep(dir)) sweeps.push(dir);
  }
  return sweeps;
}

/** What people call a kind. */
const KINDS: Readonly<Record<string, string>> = {
  mask: "masks of sparse skills",
  multitask: "multi-task phases",
  checkpoint: "checkpoints of phases in the middle",
  seen: "scores of tasks seen",
  routing: "measures of routing",
  base: "scores of base models",
  adaptation: "adaptations",
};

function table(folder: string, kept: readonly Kept[]): string {
  if (kept.length === 0) return `No stage is kept in ${folder}.\n`;
  const kindOf = ({ facts }: Kept) =>
    facts === null ? "remains of killed processes" : KINDS[facts.kind] ?? facts.kind;
  const rows = [...Object.values(KINDS), ...new Set(kept.map(kindOf))]
    .filter((kind, i, kinds) => kinds.indexOf(kind) === i)
    .map((kind) => ({ kind, files: kept.filter((file) => kindOf(file) === kind) }))
    .filter(({ files }) => files.length > 0);
  const cells = [...rows, { kind: "in all", files: kept }].map(({ kind, files }) => [
    kind,
    String(files.length),
    byteSize(bytesOf(files)),
    String(files.filter(({ isUsed }) => isUsed).length),
    String(files.filter(({ isNeeded }) => isNeeded).length),
  ]);
  const lines = [["kept in " + folder, "files", "size", "used", "needed"], ...cells];
  return [
    ...textTable(lines, Infinity, [1, 2, 3, 4]),
    "",
    "used: some run of a sweep there depends on it; needed: one that is still to do.",
    "",
  ].join("\n");
}

function bytesOf(files: readonly KeptFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
