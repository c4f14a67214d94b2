import type { KeptPrediction } from "../../run/predictions/file.ts";
import { hasSweep } from "../../sweep/store.ts";
import { StoreError } from "../../sweep/store_error.ts";
import { otherSettings } from "../../tables/varying.ts";
import { answersOf, comparedPhase, isRight } from "../../tables/predictions.ts";
import { Study } from "../../tables/study.ts";
import type { Row } from "../../tables/table.ts";
import { counted, suggest } from "../../util/words.ts";
import { ArgumentError, runCommand } from "../arguments.ts";
import type { CommandOutput, LastingOutput } from "../output.ts";
import { knownSweeps } from "../report.ts";
import { wrapped } from "../text_table.ts";
import { readablePath } from "../user_path.ts";
import {
  PREDICTIONS_HELP,
  PREDICTIONS_OPTIONS,
  type PredictionsArguments,
  predictionsArguments,
} from "./arguments.ts";
import { compareAnswers } from "./compare.ts";
import {
  block,
  type Column,
  placeColumns,
  placeText,
  referenceLines,
  referenceText,
  runOf,
  runsWith,
  sayRest,
  settingsText,
  someRunsWith,
  tableText,
  type View,
  visible,
  whose,
  writeJson,
} from "./view.ts";

/** What the command writes to, and where it looks for sweeps. */
export interface PredictionsCommandOptions extends CommandOutput {
  /** Folder in which sweeps are looked for when none is named. */
  readonly results?: string;
  /** Characters in a line; those of the terminal unless given, and 80 where there is none. */
  readonly width?: number;
}

/**
 * Does what `deno task predictions` does: shows what the runs of a sweep answered to test examples.
 *
 * @param args the words after `deno task predictions`
 * @returns the exit code: 0 when the answers are shown, 2 when they cannot be
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { PassThrough } from "node:stream";
 *
 * const stdout = new PassThrough();
 * assert.equal(await predictionsCommand(["--help"], { stdout }), 0);
 * assert.match(`${stdout.read()}`, /deno task predictions results/);
 * ```
 */
export async function predictionsCommand(
  args: readonly string[],
  options: PredictionsCommandOptions = {},
): Promise<number> {
  const command = { task: "predictions", help: PREDICTIONS_HELP, options: PREDICTIONS_OPTIONS };
  return await runCommand(command, args, options, async (given, output) => {
    const asked = predictionsArguments(given, (sentence) => output.say(`Note: ${sentence}.`));
    return await showPredictions(asked, options, output);
  });
}

async function showPredictions(
  asked: PredictionsArguments,
  { results = "results", width }: PredictionsCommandOptions,
  output: LastingOutput,
): Promise<number> {
  if (asked.dir === null) {
    throw new ArgumentError(
      `Name a folder of results: deno task predictions results/<sweep>. ${await knownSweeps(
        results,
      )}`,
    );
  }
  const dir = readablePath(asked.dir);
  try {
    if (!await hasSweep(dir)) {
      throw new StoreError(
        `no sweep has run there: there is no manifest.json. ${await knownSweeps(results)}`,
      );
    }
    const study = await Study.read(dir);
    const phase = asked.phase ?? comparedPhase(study);
    const view: View = {
      study,
      asked,
      filter: { phase: phase === "all" ? null : phase, tasks: asked.tasks },
      output,
      width: width ?? (output.stdout as { columns?: number }).columns ?? 80,
    };
    const count = asked.against === null
      ? await showAnswers(view)
      : await compareAnswers(view, asked.against);
    if (count === 0) throw new StoreError(await whyNone(view));
    return 0;
  } catch (error) {
    const isOfFiles = error instanceof StoreError || error instanceof SyntaxError ||
      error instanceof RangeError;
    if (!isOfFiles) throw error;
    const { message } = error;
    output.say(
      `Cannot show answers of ${dir}${message.startsWith("Cannot ") ? ": " : " as "}${message}`,
    );
    return 2;
  }
}

/** Shows the answers of runs, one run below the other; says how many there are to choose from. */
async function showAnswers(view: View): Promise<number> {
  const { study, asked, filter, output } = view;
  const runs = someRunsWith(study, asked.settings);
  const varying = [...otherSettings(study.runs, []), "seed"];
  const shown: { run: Row; right: number; all: number; rows: KeptPrediction[] }[] = [];
  const total = { all: 0, right: 0, wanted: 0, runs: 0 };
  for (const run of runs) {
    const of = { run, right: 0, all: 0, rows: [] as KeptPrediction[] };
    for await (const kept of answersOf(study, run, filter)) {
      const right = isRight(kept);
      of.all++;
      if (right) of.right++;
      if (asked.only !== null && right !== (asked.only === "right")) continue;
      if (++total.wanted > asked.limit) continue;
      if (asked.json) await writeJson(output, { ...runOf(run, study), ...kept });
      else of.rows.push(kept);
    }
    total.all += of.all;
    total.right += of.right;
    if (of.all > 0) total.runs++;
    if (of.rows.length > 0) shown.push(of);
  }
  if (total.all === 0 || asked.json) return total.all;
  output.print(
    `${counted(total.all, "answer")} of ${counted(total.runs, "run")} ${whose(filter)}: ` +
      `${total.right} right, ${total.all - total.right} wrong\n`,
  );
  for (const { run, right, all, rows } of shown) {
    const title = `${settingsText(run, varying)}: ${right} of ${all} right`;
    output.print(`\n${wrapped(title, "  ", view.width)}\n${answerTable(rows, view)}`);
  }
  sayRest(total.wanted, view, asked.only === null ? "answers" : `${asked.only} answers`);
  return total.all;
}

const RIGHT: Column<KeptPrediction> = ["right", (kept) => isRight(kept) ? "yes" : "no"];

function answerTable(rows: readonly KeptPrediction[], { asked, filter, width }: View): string {
  if (asked.whole) {
    return rows.map((kept) =>
      `\n${placeText(kept)}: ${isRight(kept) ? "right" : "wrong"}\n` +
      block([["input", kept.input], ...referenceLines(kept), ["answer", kept.answer]], width)
    ).join("");
  }
  const columns: Column<KeptPrediction>[] = [
    ["task", ({ task }) => task],
    ...placeColumns(rows, filter),
    ...asked.only === null ? [RIGHT] : [],
    ["input", ({ input }) => input],
    ["right answer", referenceText],
    ["answer", ({ answer }) => visible(answer)],
  ];
  return tableText(columns, rows, width);
}

/** Why there is nothing to show. */
async function whyNone({ study, asked, filter }: View): Promise<string> {
  const tasks = new Map<string, Set<string>>();
  for (const run of runsWith(study, asked.settings)) {
    for await (const { phase, task } of answersOf(study, run, { phase: null })) {
      tasks.set(phase, (tasks.get(phase) ?? new Set()).add(task));
    }
  }
  if (tasks.size === 0) {
    return `these runs have kept none: they are not done, their tasks have no texts, or an earlier ` +
      `version ran them`;
  }
  const ofPhase = filter.phase === null
    ? [...new Set([...tasks.values()].flatMap((names) => [...names]))]
    : [...tasks.get(filter.phase) ?? []];
  if (ofPhase.length === 0) {
    return `there is none of phase ${filter.phase}: there are those of ${
      [...tasks.keys()].join(", ")
    }`;
  }
  const [unknown] = asked.tasks.filter((task) => !ofPhase.includes(task));
  if (unknown === undefined) return "the runs of A have kept none";
  return `there is no task "${unknown}" in phase ${filter.phase ?? "all"}${
    suggest(unknown, ofPhase)
  }`;
}
