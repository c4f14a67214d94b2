import { basename, join, resolve } from "node:path";
import { escaped } from "../files/escaped.ts";
import { CURVE_PHASES, writeReference } from "../report/reference.ts";
import { hasSweep } from "../sweep/store.ts";
import { StoreError } from "../sweep/store_error.ts";
import { ArgumentError, runCommand } from "./arguments.ts";
import type { Help } from "./help.ts";
import type { CommandOutput, LastingOutput } from "./output.ts";
import { readablePath } from "./user_path.ts";

/** What the command writes to, and the folder that copies go into. */
export interface ReferenceCommandOptions extends CommandOutput {
  /** The folder that copies go into. */
  readonly reference?: string;
}

/** The options of `deno task reference`. */
export const REFERENCE_OPTIONS = { phases: { type: "string" } } as const;

/**
 * Does what `deno task reference` does: copies what figures, tables and notebooks read of sweeps, and
 * prints where it is.
 *
 * @param args the words after `deno task reference`: folders of results
 * @returns the exit code: 0 when every copy is written, 2 when one cannot be
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { PassThrough } from "node:stream";
 *
 * const stdout = new PassThrough();
 * assert.equal(await referenceCommand(["--help"], { stdout }), 0);
 * assert.match(`${stdout.read()}`, /deno task reference results/);
 * ```
 */
export async function referenceCommand(
  args: readonly string[],
  options: ReferenceCommandOptions = {},
): Promise<number> {
  const command = { task: "reference", help: HELP, options: REFERENCE_OPTIONS };
  return await runCommand(
    command,
    args,
    options,
    ({ values, positionals }, output) =>
      copyAll(positionals, phasesOf(values.phases), options, output),
  );
}

function phasesOf(list: string | undefined): readonly string[] {
  if (list === undefined) return CURVE_PHASES;
  const phases = list === "none" ? [] : list.split(",");
  const unknown = phases.find((phase) => !CURVE_PHASES.includes(phase));
  if (unknown === undefined) return phases;
  throw new ArgumentError(
    `Cannot copy a sweep as --phases must be none, or a list of ` +
      `${CURVE_PHASES.join(", ")}: got ${escaped(unknown)}`,
  );
}

async function copyAll(
  dirs: readonly string[],
  phases: readonly string[],
  { reference = join("results", "reference") }: ReferenceCommandOptions,
  { say, print }: LastingOutput,
): Promise<number> {
  if (dirs.length === 0) {
    throw new ArgumentError("Name a folder of results: deno task reference results/<sweep>");
  }
  for (const dir of dirs.map((dir) => readablePath(dir))) {
    const to = join(reference, basename(resolve(dir)));
    try {
      const reason = resolve(to) === resolve(dir)
        ? "it is the copy itself"
        : await hasSweep(dir)
        ? null
        : "no sweep has run there: there is no manifest.json";
      if (reason !== null) {
        say(`Cannot copy ${dir} as ${reason}; name the folder of a sweep that has run`);
        return 2;
      }
      await writeReference(dir, to, phases);
      print(`${to}\n`);
    } catch (error) {
      const isOfFiles = error instanceof StoreError || error instanceof SyntaxError ||
        error instanceof RangeError;
      if (!isOfFiles) throw error;
      say(`Cannot copy ${dir}: ${error.message}`);
      return 2;
    }
  }
  return 0;
}

const HELP: Help = {
  about: [
    "Copies a sweep to results/reference/<sweep>, to be committed: what figures, tables and notebooks " +
    "read, which is a sixth of the whole. deno task report results/reference/<sweep> writes the rest " +
    "again.",
  ],
  usage: "results/<sweep> ... [--phases LIST]",
  rows: [
    [
      "--phases LIST",
      `the phases of the logs that are kept, of ${
        CURVE_PHASES.join(", ")
      }, or none [all]; the curves of ` +
      "others cannot be drawn any more",
    ],
  ],
  examples: ["deno task reference results/quick"],
  exitCodes: ["0 every copy is written", "2 one cannot be"],
};
