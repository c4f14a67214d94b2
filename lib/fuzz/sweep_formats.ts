/** Formats of sweeps: their files and arguments, and what runs leave in their folders. */
import { join } from "node:path";
import { readArguments } from "../commands/arguments.ts";
import { SWEEP_OPTIONS, sweepArguments } from "../commands/sweep/arguments.ts";
import { gzipLines } from "../files/gzip_lines.ts";
import { writeSafetensors } from "../files/safetensors.ts";
import { readRouting } from "../routing/file.ts";
import { parseRunConfig } from "../run/config.ts";
import { runId } from "../run/id.ts";
import { parseMetrics } from "../run/metrics_log.ts";
import { PREDICTIONS_FILE, readPredictions } from "../run/predictions/file.ts";
import { parseResult, resultToJson, type RunResult } from "../run/result.ts";
import { type Manifest, parseManifest } from "../sweep/manifest.ts";
import { readSweep } from "../sweep/plan/sweep.ts";
import { dataFiles, sweepReport } from "../tables/files.ts";
import { Study } from "../tables/study.ts";
import { type Format, json, text } from "./format.ts";

const SWEEPS = [
  `# A comment
question: Does finer routing help?
metric: heldout_exact_match
baseline: { n_skills: 2, n_splits: 1 }
primary: [{ n_skills: 8, n_tasks: 8 }]
margin: 0.05
set:
  suite: skills
  steps: 150
  router_noise: none
grid:
  n_tasks: [8, 16]
  n_skills: [2, 8]
seeds: [0, 1]
`,
  `set: &a { target_modules: [q, v], learning_rate: 1e-3 }
zip: { n_skills: [1, 2], n_splits: [1, 4] }
include:
  - { method: shared, n_skills: 1 }
exclude: [{ n_splits: 4 }]
seeds: 0..4
`,
];

const ARGUMENTS = [
  ["experiments/quick.yaml", "n_skills=2,4", "seed=0..3", "--dry-run"],
  ["learning_rate=1e-3", "target_modules=[q,v],all-linear", "--jobs", "2", "--out=results/x"],
  ["metric=heldout_loss", "data_file='a b.jsonl'", "--only", "failed", "--extend", "-q"],
];

const RESULTS: readonly RunResult[] = [0, 1].map((seed) => {
  const config = parseRunConfig({ seed, n_tasks: 2 });
  const task = (name: string, phase: "seen" | "heldout", score: number) => ({
    task: name,
    phase,
    split: 0,
    metrics: { exact_match: score, loss: 1 - score },
  });
  return {
    id: runId(config, ["seed"]),
    status: "done",
    config,
    metrics: { heldout_exact_match: 0.25 + seed / 4, heldout_loss: 0.5, seen_loss: 0.25 },
    tasks: [task("sort", "seen", 0.5), task("swap", "seen", 1), task("copy", "heldout", 0.25)],
    provenance: { git_commit: "0".repeat(40), deno: "2.9.6", seconds: 1.5 },
  };
});

const MANIFEST: Manifest = {
  schema: 1,
  name: "sample",
  question: "Does it help?",
  metric: "heldout_exact_match",
  baseline: { seed: 0 },
  primary: [{ seed: 1 }],
  margin: 0.05,
  varying: ["seed"],
  sources: [{ yaml: SWEEPS[0]!, command: "deno task sweep sample.yaml" }],
  runs: RESULTS.map(({ id, config }) => ({ id, config })),
};

const METRICS = [
  { phase: "multitask", step: 2, loss: 12.5, mean_of: 2 },
  { phase: "multitask", step: 4, loss: 10.25, validation_loss: 3.5 },
  { phase: "adaptation", task: "copy", split: 0, step: 4, loss: null },
];

const PREDICTION_LINES = ["base", "start", "heldout"].map((phase, i) =>
  JSON.stringify({
    ...{ phase, task: "copy", split: 0, example: 3, input: "copy: a é", references: ["a é", "a"] },
    ...{ answer: "a", scores: { exact_match: i / 2, rouge_l: 0.5 } },
  })
);

const PREDICTIONS = await gzipLines(PREDICTION_LINES);

const ROUTING = () =>
  writeSafetensors([
    ["q.poly_router.module_logits", { shape: [2, 2], data: Float32Array.of(0.5, -1, 2, 0) }],
    ["v.poly_router.module_logits", {
      shape: [2, 4],
      data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    }],
  ], {
    routers: json([
      { name: "q", nSkills: 2, nSplits: 1 },
      { name: "v", nSkills: 2, nSplits: 2 },
    ]),
    tasks: json(["sort", "swap"]),
    truth: json([[[1, 0], [0, 1]]]),
  });

/** Makes the tables of a sweep whose manifest or results may say anything that is well-formed. */
function tabulate(dir: string, manifest: Manifest, results: readonly RunResult[]): void {
  const study = new Study(dir, manifest, results);
  dataFiles(study);
  sweepReport(study);
}

export const SWEEP_FORMATS: Readonly<Record<string, Format>> = {
  sweep_file: {
    seeds: () => SWEEPS,
    read: (input) => readSweep(text(input), "fuzzed.yaml"),
  },
  sweep_arguments: {
    seeds: () => ARGUMENTS.map((words) => words.join("\n")),
    read(input) {
      const { settings } = sweepArguments(readArguments(text(input).split("\n"), SWEEP_OPTIONS));
      readSweep("", "fuzzed.yaml", settings);
    },
  },
  result: {
    seeds: () => RESULTS.map(resultToJson),
    read(input, dir) {
      const result = parseResult(text(input), "result.json");
      tabulate(dir, MANIFEST, [result, ...RESULTS.slice(1)]);
    },
  },
  manifest: {
    seeds: () => [json(MANIFEST), json({ ...MANIFEST, baseline: null })],
    read: (input, dir) => tabulate(dir, parseManifest(text(input), "manifest.json"), RESULTS),
  },
  metrics: {
    seeds: () => [METRICS.map((row) => `${JSON.stringify(row)}\n`).join("")],
    read: (input) => parseMetrics(text(input), "metrics.jsonl"),
  },
  predictions: {
    seeds: () => [PREDICTIONS],
    async read(input, dir) {
      await Deno.writeFile(join(dir, PREDICTIONS_FILE), input);
      await Array.fromAsync(readPredictions(dir));
    },
  },
  prediction_lines: {
    seeds: () => [PREDICTION_LINES.join("\n")],
    async read(input, dir) {
      const packed = await gzipLines(text(input).split("\n"));
      await Deno.writeFile(join(dir, PREDICTIONS_FILE), packed);
      await Array.fromAsync(readPredictions(dir));
    },
  },
  routing: {
    seeds: () => [ROUTING()],
    async read(input, dir) {
      await Deno.writeFile(join(dir, "routing.safetensors"), input);
      await readRouting(dir);
    },
  },
};
