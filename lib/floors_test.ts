import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** What a floor holds; a file imports its own folder and lower floors only. */
const FLOORS = [
  ["tf.ts", "util"],
  ["backend", "ops"],
  ["models", "tasks"],
  ["poly", "train"],
  ["experiment"],
  ["mod.ts"],
];

/** Outside packages that have one door each. */
const DOORS: Record<string, RegExp> = {
  "@tensorflow/tfjs": /^tf\.ts$/,
  "@tensorflow/tfjs-backend-wasm": /^backend\//,
  "@tensorflow/tfjs-backend-webgpu": /^backend\/webgpu\/adapter\.ts$/,
  "@huggingface/tokenizers": /^models\/tokenizer\.ts$/,
  "@observablehq/plot": /^experiment\/figures\/figure\.ts$/,
  "@resvg/resvg-js": /^experiment\/figures\/figure_png\.ts$/,
  "dejavu-fonts-ttf/package.json": /^experiment\/figures\/figure_png\.ts$/,
  "linkedom": /^experiment\/figures\/figure\.ts$/,
  "arquero": /^experiment\/table\.ts$/,
  "jstat": /^experiment\/statistics\.ts$/,
  "munkres": /^experiment\/recovery\.ts$/,
};

const LIB = dirname(fileURLToPath(import.meta.url));
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^"';]*?["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/g;

function floorOf(place: string): number {
  return FLOORS.findIndex((floor) => floor.includes(place));
}

/** What is wrong with the imports of one file, given its path below `lib/` and its text. */
function climbing(path: string, text: string): string[] {
  const from = path.split("/")[0]!;
  const faults: string[] = [];
  for (const match of text.matchAll(IMPORT)) {
    const specifier = match[1] ?? match[2]!;
    if (specifier.startsWith(".")) {
      const target = relative(LIB, join(LIB, dirname(path), specifier));
      const to = target.split("/")[0]!;
      if (to === from && path.includes("/")) continue;
      if (!(floorOf(to) >= 0 && floorOf(to) < floorOf(from))) {
        faults.push(`${path} imports ${target}`);
      }
    } else if (DOORS[specifier] !== undefined && !DOORS[specifier].test(path)) {
      faults.push(`${path} imports ${specifier} past its door`);
    }
  }
  return faults;
}

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* sources(path);
    else if (entry.name.endsWith(".ts")) yield path;
  }
}

Deno.test("imports go down the floors, and each outside package has one door", async () => {
  const faults: string[] = [];
  for await (const file of sources(LIB)) {
    const path = relative(LIB, file);
    if (/_(test|bench)\.ts$/.test(path) || path.startsWith("testing/")) continue;
    if (floorOf(path.split("/")[0]!) < 0) faults.push(`${path} stands on no floor`);
    faults.push(...climbing(path, await Deno.readTextFile(file)));
  }
  assert.deepEqual(faults, []);
});

Deno.test("the floor check sees an import that climbs and a package past its door", () => {
  assert.deepEqual(climbing("ops/a.ts", `import { b } from "../models/b.ts";`), [
    "ops/a.ts imports models/b.ts",
  ]);
  assert.deepEqual(climbing("models/a.ts", `import type { b } from "../tasks/b.ts";`), [
    "models/a.ts imports tasks/b.ts",
  ]);
  assert.deepEqual(climbing("models/a.ts", `import * as tf from "@tensorflow/tfjs";`), [
    "models/a.ts imports @tensorflow/tfjs past its door",
  ]);
  assert.deepEqual(climbing("poly/a.ts", `import { b } from "../ops/b.ts";\nimport "./c.ts";`), []);
});

Deno.test("no file writes the environment, which C libraries read from other threads meanwhile", async () => {
  const faults: string[] = [];
  for await (const file of sources(LIB)) {
    const text = await Deno.readTextFile(file);
    if (/\benv\.(set|delete)\(|\bprocess\.env(\.\w+|\[[^\]]*\])\s*=[^=]/.test(text)) {
      faults.push(relative(LIB, file));
    }
  }
  assert.deepEqual(faults, []);
});
