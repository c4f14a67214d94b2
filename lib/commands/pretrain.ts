import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { type BackendName, useBackend } from "../backend/backend.ts";
import { removeTemporaries, writeFilesAtomically } from "../files/atomic_write.ts";
import { readText } from "../files/file_system.ts";
import { saveBaseModel } from "../models/save_model.ts";
import {
  pretrain,
  PRETRAIN_CONFIG,
  type PretrainConfig,
  pretrainedModel,
} from "../run/pretrain.ts";
import { machineFacts } from "../sweep/provenance.ts";
import { readYaml } from "../sweep/plan/yaml_text.ts";
import { ArgumentError, runCommand } from "./arguments.ts";
import type { Help } from "./help.ts";
import type { CommandOutput } from "./output.ts";
import { lackingPermission } from "./permissions.ts";
import { readablePath, userPath } from "./user_path.ts";

const DEFAULT_FILE = "data/base/pretrain.yaml";

const HELP: Help = {
  about: [
    "Makes a small byte-level T5 by denoising and by named skills, of strings or of English words.",
  ],
  usage: "[FILE.yaml] [options]",
  rows: [
    ["FILE.yaml", `settings and seed [${DEFAULT_FILE}]`],
    ["--out DIR", "where the model goes [the folder of FILE.yaml]"],
    [
      "--backend NAME",
      "device: wasm, cpu or webgpu; the results of wasm repeat byte for byte on one machine [wasm]",
    ],
  ],
  examples: ["deno task pretrain data/base/pretrain.yaml --out results/my-base"],
  notes: [
    "The folder then holds config.json, model.safetensors, tokenizer_config.json and " +
    "provenance.json. What was there is replaced only when the new model is whole.",
  ],
  exitCodes: ["0 made", "2 the arguments or the file cannot be used"],
};

/** The options of `deno task pretrain`. */
export const PRETRAIN_OPTIONS = {
  out: { type: "string" },
  backend: { type: "string", default: "wasm" },
} as const;

/** Steps between two lines of progress. */
const REPORT_EVERY = 100;

/**
 * The command behind `deno task pretrain`.
 *
 * @param args the words after the task's name
 * @returns the exit code: 0 done, 2 when the arguments or the file cannot be used
 */
export async function pretrainCommand(
  args: readonly string[],
  output: CommandOutput = {},
): Promise<number> {
  const command = { task: "pretrain", help: HELP, options: PRETRAIN_OPTIONS };
  return await runCommand(command, args, output, async ({ values, positionals }, { say }) => {
    const file = positionals[0] === undefined ? DEFAULT_FILE : readablePath(positionals[0]);
    const dir = values.out === undefined ? dirname(file) : userPath(values.out);
    const lacking = lackingPermission("pretrain", args, { write: [dir] });
    if (lacking !== null) {
      say(`Cannot pretrain: ${lacking}`);
      return 2;
    }
    let config: PretrainConfig;
    let backend: string;
    try {
      if (positionals.length > 1) throw new SyntaxError("there is one file at most");
      config = await readPretrainConfig(file);
      backend = (await useBackend(values.backend as BackendName)).reason;
      say(backend);
    } catch (error) {
      throw new ArgumentError(`Cannot pretrain: ${(error as Error).message}`);
    }
    await pretrainInto(dir, config, backend, say);
    return 0;
  });
}

/**
 * Reads the settings of a pretraining.
 *
 * @throws {SyntaxError} naming the file, and the keys that are unknown or have wrong values
 */
export async function readPretrainConfig(file: string): Promise<PretrainConfig> {
  if (!existsSync(file)) throw new SyntaxError(`there is no file "${file}"`);
  const result = PRETRAIN_CONFIG.safeParse(readYaml(await readText(file), file).value);
  if (!result.success) {
    throw new SyntaxError(`${file}: ${z.prettifyError(result.error).replaceAll("\n", " ")}`);
  }
  return result.data;
}

async function pretrainInto(
  dir: string,
  config: PretrainConfig,
  backend: string,
  say: (line: string) => void,
): Promise<void> {
  const started = Date.now();
  // Before anything is written: the model may lie in the repository, and would count as a change of it.
  const facts = await machineFacts();
  const model = pretrainedModel(config);
  say(`${model.parameters.size.toLocaleString("en-US")} parameters, ${config.steps} steps`);
  let [sum, count, last] = [0, 0, 0];
  for await (const { step, loss } of pretrain(model, config)) {
    sum += loss;
    count++;
    if (step % REPORT_EVERY === 0 || step === config.steps) {
      last = sum / count;
      const left = (Date.now() - started) / step * (config.steps - step) / 1000;
      say(`step ${step}/${config.steps}  loss ${last.toFixed(4)}  ${Math.round(left)} s left`);
      [sum, count] = [0, 0];
    }
  }
  await removeTemporaries(dir); // of saves that were killed
  await saveBaseModel(model, dir);
  const provenance = {
    pretrained_with: config,
    backend,
    final_loss: last,
    seconds: Math.round((Date.now() - started) / 1000),
    ...facts,
  };
  await writeFilesAtomically(
    dir,
    new Map([
      ["tokenizer_config.json", json({ tokenizer_class: "ByT5Tokenizer" })],
      ["provenance.json", json(provenance)],
    ]),
  );
  say(`The model is in ${join(dir, "model.safetensors")}`);
  model.dispose();
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2) + "\n";
}
