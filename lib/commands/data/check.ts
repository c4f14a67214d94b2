/** `deno task data check`: what a person's own data holds, and the command that runs it. */
import { join } from "node:path";
import { readJsonObject } from "../../files/json_object.ts";
import { exists, isFolder } from "../../files/file_system.ts";
import { T5_TYPES } from "../../models/t5/config.ts";
import { AutoTokenizer } from "../../models/tokenizers/tokenizer.ts";
import { parseRunConfig, type RunConfig } from "../../run/config.ts";
import { readOverrides } from "../../sweep/plan/overrides.ts";
import { SweepError } from "../../sweep/plan/sweep_error.ts";
import type { Part } from "../../tasks/task.ts";
import {
  type DataSurvey,
  surveyData,
  type TaskSurvey,
  type TokenCounts,
} from "../../tasks/own/survey.ts";
import { encodeTarget } from "../../train/task_batch.ts";
import { counted } from "../../util/words.ts";
import { ArgumentError } from "../arguments.ts";
import type { LastingOutput } from "../output.ts";
import { commandLine } from "../shell.ts";
import { textTable } from "../text_table.ts";
import { readablePath, settingPath } from "../user_path.ts";

/** The sweep that runs a person's own data. */
const OWN_SWEEP = "experiments/own_data.yaml";
/** The most tokens that are advised; longer texts take memory and time with their square. */
const MOST_TOKENS = 512;

/**
 * Prints what a file of examples holds and what would be cut, and the command that runs it.
 *
 * @param words a file or folder, and settings such as `base_model=google/flan-t5-small`
 * @returns the exit code: 0 when the printed command can run, 2 when the data cannot be used
 */
export async function checkData(
  words: readonly string[],
  { stdout, say, print }: LastingOutput,
): Promise<number> {
  const files = words.filter((word) => !/^\w+=/.test(word));
  const settings = words.filter((word) => !files.includes(word));
  if (files.length !== 1) {
    throw new ArgumentError(
      `Name one file or folder to check: ${commandLine("data", ["check", "mine.csv"])}`,
    );
  }
  const path = readablePath(files[0]!);
  if (!await exists(path)) {
    say(`Cannot check ${path} as there is no such file or folder`);
    return 2;
  }
  try {
    const config = configOf(settings);
    const tokens = await tokensOf(config.base_model);
    const survey = await surveyData(path, typeof tokens === "string" ? null : tokens);
    const { columns = 80 } = stdout as { columns?: number };
    print(`${path}: ${headline(survey)}\n\n${tableOf(survey, columns).join("\n")}\n\n`);
    for (const finding of findings(survey, config, tokens)) print(`${finding}\n`);
    const small = survey.tasks.filter((task) => task.inputs < 2);
    if (small.length > 0 || survey.tasks.length === 0) {
      say(
        survey.tasks.length === 0
          ? `Cannot use ${path} as it has no example`
          : `Cannot use ${path} as a task needs an example to train on and one to be tested with: ` +
            `${namesOf(small)} has one; give it more, or leave it out`,
      );
      return 2;
    }
    const asked = [`data_file=${settingPath("data_file", files[0]!)}`, ...settings];
    const advice = adviceFor(survey, config).filter(([key]) =>
      !settings.some((word) => word.startsWith(`${key}=`))
    ).map(([key, value]) => `${key}=${value}`);
    const out = `results/${stemOf(path)}`;
    print(
      `\nTo run it:\n  ${commandLine("sweep", [OWN_SWEEP, ...asked, ...advice, "--out", out])}\n`,
    );
    return 0;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error; // of the file, or of a setting
    say(error.message);
    return 2;
  }
}

/** A config with settings of the command line, each with one value. */
function configOf(words: readonly string[]): RunConfig {
  const { axes } = readOverrides(words, () => {}, settingPath);
  const entries = [...axes].map(([key, { values, place }]) => {
    if (values.length === 1) return [key, values[0]!.value];
    throw new SweepError(`Cannot read ${place()} as a check needs one value`);
  });
  return parseRunConfig({ suite: "jsonl", ...Object.fromEntries(entries) });
}

/** Counts tokens as a base model does; why not, where its files are not at hand. */
async function tokensOf(base: string): Promise<TokenCounts | string> {
  if (!await isFolder(base)) {
    return `Lengths in tokens are not told, as they need the base model's files and ${base} is no folder.`;
  }
  const tokenizer = await AutoTokenizer.fromPretrained(base);
  const type = (await readJsonObject(join(base, "config.json")))?.model_type;
  const isEncoderDecoder = (T5_TYPES as readonly unknown[]).includes(type);
  const target = { tokenizer, isEncoderDecoder, maxTargetTokens: Infinity };
  return {
    input: (text) => tokenizer.encode(text).length,
    target: (text) => encodeTarget(text, target).length,
  };
}

function headline({ kind, tasks, parts }: DataSurvey): string {
  const examples = tasks.reduce((sum, task) => sum + task.examples, 0);
  const drawn = parts.length === 0 ? "parts are drawn by seed" : `parts named: ${parts.join(", ")}`;
  return `${kind}, ${counted(examples, "example")} of ${counted(tasks.length, "task")}; ${drawn}`;
}

function tableOf({ tasks, parts, lengths }: DataSurvey, width: number): string[] {
  const columns: readonly (readonly [string, (task: TaskSurvey) => number])[] = [
    ["examples", ({ examples }) => examples],
    ["inputs", ({ inputs }) => inputs],
    ...parts.map((part) => [part, (task: TaskSurvey) => task.perPart[part]] as const),
    ...lengths === null ? [] : [
      ["longest input", ({ longestInput }: TaskSurvey) => longestInput] as const,
      ["longest target", ({ longestTarget }: TaskSurvey) => longestTarget] as const,
    ],
  ];
  const rows = tasks.map((task) => [task.name, ...columns.map(([, of]) => of(task).toString())]);
  const head = ["task", ...columns.map(([name]) => name)];
  return textTable([head, ...rows], width, columns.map((_, i) => i + 1));
}

/** What a person may want to know before a run, each in a sentence. */
function findings(
  { tasks, others, firstEmpty, lengths }: DataSurvey,
  config: RunConfig,
  tokens: TokenCounts | string,
): string[] {
  const sum = (of: (task: TaskSurvey) => number) =>
    tasks.reduce((total, task) => total + of(task), 0);
  const [examples, leaks] = [sum((task) => task.examples), sum((task) => task.leaks)];
  const empty = sum((task) => task.emptyTargets);
  const repeated = examples - sum((task) => task.inputs);
  return [
    ...typeof tokens === "string" ? [tokens] : [],
    ...lengths === null ? [] : (["input", "target"] as const).map((what) => {
      const most = config[`max_${what}_tokens`];
      const all = lengths[`${what}s`];
      const cut = all.filter((length) => length > most).length;
      const longest = all.reduce((a, b) => Math.max(a, b), 0);
      return cut === 0
        ? `No ${what} is cut: the longest has ${longest} of max_${what}_tokens, ${most}.`
        : `${cut} of ${all.length} ${what}s would be cut at max_${what}_tokens, ${most}: the longest ` +
          `has ${longest} tokens of ${config.base_model}.`;
    }),
    ...empty === 0 ? [] : [`Empty targets: ${empty} of ${examples}, the first at ${firstEmpty}.`],
    ...repeated === 0 ? [] : [
      `Examples whose input their task has before: ${repeated}; their targets are further references.`,
    ],
    ...leaks === 0 ? [] : [
      `Inputs that stand in several parts of their task: ${leaks}; each is kept in one, test before ` +
      `validation before train.`,
    ],
    ...others.length === 0 ? [] : [`Not read: ${others.slice(0, 10).join(", ")}.`],
  ];
}

/** Settings that fit the data, where the defaults of a sweep do not. */
function adviceFor(survey: DataSurvey, config: RunConfig): [string, number | string][] {
  const { tasks, parts, lengths } = survey;
  const heldOut = config.heldout_tasks.length > 0
    ? config.heldout_tasks.length
    : tasks.length < 2
    ? 0
    : Math.min(4, Math.max(1, Math.floor(tasks.length / 3)));
  const fewest = Math.min(...tasks.map(({ inputs }) => inputs));
  // The defaults of a sweep, but where they would take more than half of some task's inputs.
  const isRoomy = fewest >= 2 * (config.n_validation + config.n_test);
  const most = (part: Part, otherwise: number) =>
    parts.includes(part) ? Math.max(...tasks.map(({ perPart }) => perPart[part])) : otherwise;
  const longest = (what: "input" | "target") =>
    Math.min(MOST_TOKENS, (lengths?.[`${what}s`] ?? []).reduce((a, b) => Math.max(a, b), 0));
  const advice: [keyof RunConfig, number][] = [
    ["n_tasks", Math.max(1, tasks.length - heldOut)],
    ["n_heldout_tasks", heldOut],
    ["n_train", most("train", config.n_train)],
    ["n_validation", most("validation", isRoomy ? config.n_validation : Math.floor(fewest / 8))],
    ["n_test", most("test", isRoomy ? config.n_test : Math.max(1, Math.floor(fewest / 4)))],
    ["max_input_tokens", Math.max(config.max_input_tokens, longest("input"))],
    ["max_target_tokens", Math.max(config.max_target_tokens, longest("target"))],
  ];
  return [
    ...advice.filter(([key, value]) =>
      value !== config[key] && !(key === "n_heldout_tasks" && config.heldout_tasks.length > 0)
    ),
    ...heldOut === 0 ? [["metric", "seen_exact_match"] as [string, string]] : [],
  ];
}

function namesOf(tasks: readonly TaskSurvey[]): string {
  const names = tasks.slice(0, 3).map(({ name }) => JSON.stringify(name)).join(", ");
  return tasks.length > 3 ? `${names} and ${tasks.length - 3} more` : names;
}

function stemOf(path: string): string {
  return path.replace(/[\\/]+$/, "").replace(/^.*[\\/]/, "").replace(/\.\w+$/, "");
}
