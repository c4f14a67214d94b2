/** What can stand behind the name of each task, for a shell to complete. */
import { RUN_CONFIG, RUN_CONFIG_KEYS } from "../../run/config.ts";
import { EXPORT_FORMATS } from "../../tables/export/exports.ts";
import { BENCH_OPTIONS } from "../bench.ts";
import type { Options } from "../arguments.ts";
import { BROWSER_OPTIONS } from "../browser.ts";
import { FUZZ_OPTIONS } from "../fuzz.ts";
import { NOTEBOOKS_OPTIONS } from "../notebooks.ts";
import { PREDICTIONS_OPTIONS } from "../predictions/arguments.ts";
import { PRETRAIN_OPTIONS } from "../pretrain.ts";
import { REFERENCE_OPTIONS } from "../reference.ts";
import { REPORT_OPTIONS } from "../report.ts";
import { REPRODUCE_OPTIONS } from "../reproduce/arguments.ts";
import { REMOVALS, STAGES_OPTIONS } from "../stages.ts";
import { SWEEP_OPTIONS } from "../sweep/arguments.ts";
import { wordsOf } from "../sweep/help.ts";
import { WATCH_OPTIONS } from "../watch/command.ts";

/** Kinds of words that a shell finds by itself. */
export type Place = "yaml" | "ipynb" | "folder" | "file";

/** What can stand behind the name of a task. */
export interface TaskWords {
  /** The task's name in `deno.json`. */
  readonly task: string;
  /** Its options, with their dashes. */
  readonly options: readonly string[];
  /** What can stand behind an option. */
  readonly values: Readonly<Record<string, readonly string[] | Place>>;
  /** Words that are no option. */
  readonly words: readonly string[];
  /** What paths it takes. */
  readonly paths: Place | null;
  /** Whether it takes settings, as key=value. */
  readonly settings: boolean;
}

function task(
  name: string,
  options: Options,
  rest: Partial<Omit<TaskWords, "task" | "options">> = {},
): TaskWords {
  const names = [...Object.keys(options), "help"].map((option) => `--${option}`);
  return {
    ...{ task: name, options: names, words: [], paths: null, settings: false },
    ...rest,
    values: { "--out": "folder", ...rest.values },
  };
}

/** The tasks that a shell completes. */
export const TASKS: readonly TaskWords[] = [
  task("sweep", SWEEP_OPTIONS, {
    values: {
      "--only": ["failed"],
      "--launcher": ["local", "slurm"],
      "--batch-runs": ["auto", "off"],
    },
    paths: "yaml",
    settings: true,
  }),
  task("watch", WATCH_OPTIONS, { paths: "folder" }),
  task("report", REPORT_OPTIONS, {
    values: { "--export": EXPORT_FORMATS },
    paths: "folder",
  }),
  task("predictions", PREDICTIONS_OPTIONS, {
    values: { "--phase": ["base", "seen", "start", "heldout", "all"] },
    paths: "folder",
    settings: true,
  }),
  task("reference", REFERENCE_OPTIONS, { paths: "folder" }),
  task("reproduce", REPRODUCE_OPTIONS, { paths: "yaml" }),
  task("stages", STAGES_OPTIONS, { values: { "--remove": REMOVALS }, paths: "folder" }),
  task("pretrain", PRETRAIN_OPTIONS, {
    values: { "--backend": ["wasm", "cpu", "webgpu"] },
    paths: "yaml",
  }),
  task("bench", BENCH_OPTIONS, { values: { "--python": "file" } }),
  task("fuzz", FUZZ_OPTIONS, { paths: "file" }),
  task("notebooks", NOTEBOOKS_OPTIONS, { paths: "ipynb" }),
  task("data", {}, { words: ["check", "superni"], paths: "file", settings: true }),
  task("browser", BROWSER_OPTIONS, { paths: "folder" }),
  task("doctor", {}),
  task("completions", {}, { words: ["bash", "zsh", "fish"] }),
];

/** Words of each setting that takes some; none for others. */
export const SETTINGS: readonly (readonly [key: string, words: readonly string[]])[] =
  RUN_CONFIG_KEYS.map((key) => {
    const isBoolean = RUN_CONFIG.shape[key].safeParse(true).success;
    return [key, isBoolean ? ["true", "false"] : wordsOf(key)];
  });
