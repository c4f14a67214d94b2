import { hasSweep } from "../../sweep/store.ts";
import { ArgumentError, runCommand } from "../arguments.ts";
import type { Help } from "../help.ts";
import { interruptible } from "../interruptible.ts";
import type { CommandOutput, LastingOutput } from "../output.ts";
import { knownSweeps } from "../report.ts";
import { readablePath } from "../user_path.ts";
import { serveSweep } from "./serve.ts";

/** What the command writes to, and where it looks for sweeps. */
export interface WatchCommandOptions extends CommandOutput {
  /** Folder in which sweeps are looked for when none is named. */
  readonly results?: string;
}

/** The options of `deno task watch`. */
export const WATCH_OPTIONS = { "until-eof": { type: "boolean", default: false } } as const;

async function endOfInput(): Promise<void> {
  for await (const _ of Deno.stdin.readable);
}

const HELP: Help = {
  about: [
    "Serves a page that shows a sweep as it grows: progress by cell, losses of runs at work, the table " +
    "with its intervals, failed runs with their cause. Its buttons stop one run, or the sweep after the " +
    "runs at work. The sweep may run here already, begin later, or end and begin again.",
    "The page is on this machine alone, and opens by the token in its address, which is for nobody " +
    "else. deno task sweep --watch serves the same while it is at work.",
  ],
  usage: "results/<sweep> [options]",
  rows: [["--until-eof", "end when standard input does, for a program that starts this"]],
  examples: ["deno task watch results/quick"],
  notes: ["Ctrl-C ends it; the sweep goes on."],
  exitCodes: ["0 ended by Ctrl-C", "2 there is no such sweep"],
};

/**
 * Does what `deno task watch` does: serves the live page of a sweep until a signal comes.
 *
 * @param args the words after `deno task watch`: a folder of results
 * @returns the exit code: 0, or 2 when there is no such sweep
 */
export async function watchCommand(
  args: readonly string[],
  options: WatchCommandOptions = {},
): Promise<number> {
  const command = { task: "watch", help: HELP, options: WATCH_OPTIONS };
  return await runCommand(
    command,
    args,
    options,
    ({ positionals, values }, output) => watch(positionals, values["until-eof"], options, output),
  );
}

async function watch(
  dirs: readonly string[],
  untilEof: boolean,
  { results = "results" }: WatchCommandOptions,
  { say, print }: LastingOutput,
): Promise<number> {
  if (dirs.length !== 1) {
    throw new ArgumentError(
      `Name one folder of results: deno task watch results/<sweep>. ${await knownSweeps(results)}`,
    );
  }
  const dir = readablePath(dirs[0]!);
  if (!await hasSweep(dir)) {
    say(
      `Cannot watch ${dir} as no sweep has run there: there is no manifest.json. ` +
        await knownSweeps(results),
    );
    return 2;
  }
  await using served = await serveSweep(dir);
  print(`${served.address}\n`);
  if (!untilEof) {
    say(`Open this address in a browser of this machine; Ctrl-C ends the page, and not the sweep.`);
  }
  await interruptible(async (signal) => {
    const aborted = new Promise<void>((resolve) =>
      signal.addEventListener("abort", () => resolve())
    );
    // Ctrl-C in a terminal reaches the sweep too, which then ends this by itself.
    await (untilEof ? endOfInput() : aborted);
  }, () => {});
  return 0;
}
