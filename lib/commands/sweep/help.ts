/** The help of `deno task sweep`: its options, the keys of its file, and every setting with what it takes. */
import { z } from "zod";
import { parseRunConfig, RUN_CONFIG, RUN_CONFIG_KEYS, type RunConfig } from "../../run/config.ts";
import { SLURM_KEYS, SLURM_PREFIX, SLURM_SETTINGS } from "../../slurm/settings.ts";
import { meantKey } from "../../sweep/plan/setting.ts";
import { FILE_KEYS } from "../../sweep/plan/sweep_file.ts";
import type { Help, HelpRow, HelpSection } from "../help.ts";
import { DEFAULT_SWEEP } from "./arguments.ts";

/** Settings that belong together: the first of them, and words that show how they are written. */
const GROUPS: readonly (readonly [title: string, first: keyof RunConfig, example: string])[] = [
  ["Tasks", "suite", "suite=words n_tasks=8,16 n_heldout_tasks=4"],
  ["Base model", "base_model", "base_model=data/base max_input_tokens=48"],
  ["Method", "method", "method=shared,poly n_skills=2,4,8 target_modules=[q,v]"],
  ["Multi-task training", "steps", "steps=300 learning_rate=1e-3,1e-2 schedule=cosine"],
  ["Averaging", "average_steps", "average_steps=40 average_by=anneal adaptation=none"],
  ["Few-shot adaptation", "adaptation", "adaptation=full,routing shots=8,32"],
  ["Evaluation", "num_beams", "num_beams=4 further_scores=[token_f1]"],
  ["Machine", "backend", "backend=cpu seed=0..4"],
];

/**
 * What `deno task sweep --help` says.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const settings = sweepHelp().sections!.flatMap(({ rows = [] }) => rows.map(([term]) => term));
 * assert.ok(settings.includes("n_skills=4") && settings.includes("method=poly"));
 * ```
 */
export function sweepHelp(): Help {
  return {
    about: [
      "Runs every setting of a sweep with every seed, and prints a table of means and intervals, best " +
      "first. Run the same command again to go on where it was stopped.",
    ],
    usage: "[FILE.yaml] [key=value ...] [options]",
    rows: ROWS,
    examples: [
      "deno task sweep n_skills=2,4 seed=0..4 --dry-run",
      "deno task sweep experiments/n_tasks.yaml metric=heldout_loss --watch",
    ],
    sections: [
      FILE,
      ...GROUPS.map((group, i) => settingsOf(group, GROUPS[i + 1])),
      {
        title: "Slurm",
        about:
          "With --launcher slurm the runs are submitted as job arrays, and the command returns; the " +
          "same command again submits what is neither done nor queued, and writes the tables when all " +
          "is done. An element of an array does as many runs as take slurm.target_minutes. Elements " +
          "wait for others that train what they share, and never for their success. The settings stand " +
          "in the file's section slurm, or on the command line; null is the cluster's own.",
        rows: [...SLURM_OPTIONS, ...slurmRows()],
        examples: [
          "deno task sweep study.yaml --launcher slurm slurm.time=1:00:00 slurm.mem=4G",
        ],
      },
    ],
    notes: [
      "A sweep whose first runs, three or as many as run at once, all fail with the same error stops " +
      "in any case.",
    ],
    exitCodes: [
      "0 all runs are done",
      "1 some failed",
      "2 the sweep cannot be run",
      "130 interrupted",
    ],
  };
}

/**
 * How to write a setting that was written as an option, such as `--n_skills=4`; null where it is none.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(instead("--n-skills=4"), "n_skills=4");
 * assert.equal(instead("--lr"), "learning_rate=VALUE");
 * assert.equal(instead("--hepl"), null);
 * ```
 */
export function instead(word: string): string | null {
  const [name, ...value] = word.replace(/^-+/, "").split("=");
  const key = meantKey(name!);
  return key === null ? null : `${key}=${value.length === 0 ? "VALUE" : value.join("=")}`;
}

/** The words that a setting takes; none where it takes others. */
export function wordsOf(key: keyof RunConfig): readonly string[] {
  const { enum: words = [], items } = z.toJSONSchema(RUN_CONFIG.shape[key], { io: "input" });
  const ofList = typeof items === "object" && !Array.isArray(items) ? items.enum ?? [] : [];
  return [...words, ...ofList].map(String);
}

function settingsOf(
  [title, first, example]: typeof GROUPS[number],
  next: typeof GROUPS[number] | undefined,
): HelpSection {
  const from = RUN_CONFIG_KEYS.indexOf(first);
  const to = next === undefined ? undefined : RUN_CONFIG_KEYS.indexOf(next[1]);
  const defaults = parseRunConfig({});
  const rows = RUN_CONFIG_KEYS.slice(from, to).map((key): HelpRow => {
    const value = defaults[key];
    const words = wordsOf(key);
    const text = RUN_CONFIG.shape[key].description ?? "";
    return [
      `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
      words.length === 0
        ? text
        : `${text}\n${Array.isArray(value) ? "some" : "one"} of ${words.join(", ")}`,
    ];
  });
  return {
    title: `${title}: settings and their defaults`,
    rows,
    examples: [`deno task sweep ${example}`],
  };
}

function slurmRows(): HelpRow[] {
  const defaults = SLURM_SETTINGS.parse({});
  return SLURM_KEYS.map((key) => [
    `${SLURM_PREFIX}${key}=${defaults[key]}`,
    SLURM_SETTINGS.shape[key].description ?? "",
  ]);
}

const ROWS: readonly HelpRow[] = [
  ["FILE.yaml", `the sweep [${DEFAULT_SWEEP}]`],
  [
    "key=value",
    "a setting in place of the file's; n_skills=2,4,8 and seed=0..4 make axes, and so do ranges that say " +
    "how many values they have: learning_rate=1e-4..1e-1:log4 has equal ratios, clip=0..2:lin5 equal " +
    "distances; a list is written [q,v], and text with commas in quotes: \"data_file='a,b.jsonl'\"",
  ],
  ["metric=COLUMN", "the column that orders tables"],
  ["--dry-run", "print what would run, and write nothing"],
  ["-j, --jobs N", "runs at once [as many as there are cores for]"],
  [
    "--threads N",
    "threads of the system's BLAS in each run, recorded with it; other numbers of threads can give " +
    "other last digits, the same number gives the same, and kernels without BLAS have one; --jobs " +
    "times --threads never exceeds the cores [1]",
  ],
  [
    "--batch-runs N",
    "runs that one worker trains in the same batches, at most, where they have the base model, " +
    "target_modules, r and the rows of a batch in common; off: each run alone; auto: 8 on webgpu, off " +
    "elsewhere [auto]",
  ],
  ["--launcher NAME", "what does the runs: local, or slurm, which is told of below [local]"],
  ["--retry N", "try a run that fails up to N more times [0]"],
  ["--max-failures N", "stop when N runs have failed"],
  ["--fail-fast", "stop at the first run that fails: --max-failures 1"],
  ["--only failed", "run only what failed before"],
  [
    "--extend",
    "keep runs whose settings the sweep no longer has, in one table with the new ones; new seeds and " +
    "settings are added in any case",
  ],
  ["--fresh", "do every run anew, and remove what is there of it and of its stages"],
  ["--mixed-code", "go on although the code has changed; tables tell the runs of each code apart"],
  ["--adapters", "keep the adapter of every run, as PEFT loads it: runs/<run>/adapter"],
  ["-o, --out DIR", "folder of results [results/<name of the sweep>]"],
  [
    "-w, --watch",
    "serve a page on this machine that shows the sweep as it grows, and stops it or a run; see deno task " +
    "watch",
  ],
  ["-q, --quiet", "show no progress"],
  [
    "--schema",
    "print the JSON Schema of sweep files, by which editors complete and explain them",
  ],
];

/** What the keys of a file say. */
const FILE_TEXTS: Readonly<Record<typeof FILE_KEYS[number], string>> = {
  extends: "another file, of which this one replaces entries",
  question: "what the sweep answers, in a sentence",
  metric: "the column that orders tables",
  baseline: "settings that others are compared with",
  primary:
    "a list of settings whose comparison with the baseline is what the sweep is for; the others " +
    "are then exploratory",
  margin: "the smallest difference of interest",
  set:
    "settings of every run; batch_size: auto measures which number of examples at once is fastest, and " +
    "sets accumulation so that a step has as many examples as before",
  grid: "axes of which every combination runs",
  zip: "axes that move together",
  include: "a list of settings to add",
  exclude: "a list of settings to leave out",
  seeds: "seeds of every setting, such as 0..4 or [1, 2]",
  sample:
    "how many of the cells of grid and zip are drawn, and from which seed: { n: 20, seed: 0 }",
  early_stopping:
    "tuning only: train all cells to a rung, a share of their steps, stop the worse ones, and go on with the " +
    "others; halving, median, or { rule: halving, metric: validation_loss, rungs: [0.25, 0.5], keep: 0.5 }",
  slurm: "settings of Slurm, on which no result depends",
};

const FILE: HelpSection = {
  title: "The file",
  about:
    "YAML with these keys. The command line wins in every run. Its paths start in the folder you call it from, those of " +
    "a file in the project's folder.",
  rows: FILE_KEYS.map((key) => [key, FILE_TEXTS[key]]),
  examples: [
    "question: Do more skills help?",
    "baseline: { n_skills: 1 }",
    "set: { steps: 150 }",
    "grid: { n_skills: [1, 2, 4], n_splits: [1, 4] }",
    "seeds: 0..4",
  ],
};

const SLURM_OPTIONS: readonly HelpRow[] = [
  ["--wait", "wait until all is over, and show what ends"],
  [
    "--status",
    "say how many runs are done, failed, running and pending, and which elements died",
  ],
  ["--cancel", "cancel the jobs of the sweep; what is done is kept"],
];
