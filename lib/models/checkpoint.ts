import { escaped, escapedValue } from "../files/escaped.ts";
import * as tf from "../tf.ts";
import { writeFilesAtomically } from "../files/atomic_write.ts";
import {
  exists,
  namesIn,
  notFound,
  readText,
  readTextIfThere,
  removeIfThere,
} from "../files/file_system.ts";
import { isJsonObject, parseJsonObject } from "../files/json_object.ts";
import { isTooDeep } from "../files/json_depth.ts";
import { pathIn } from "../files/path.ts";
import { isPlainFileName } from "../files/plain_file_name.ts";
import { pythonJson } from "../files/python_json.ts";
import { CODECS } from "../files/dtype.ts";
import type { Shaped } from "./check_tensors.ts";
import {
  openSafetensors,
  type SafetensorsFile,
  type TensorToStore,
  writeSafetensors,
} from "../files/safetensors.ts";

/** Contents of a Hugging Face folder. */
export interface Checkpoint {
  /** `config.json` as read. */
  readonly config: Readonly<Record<string, unknown>>;
  /** `generation_config.json` as read; null where there is none, or one that is no JSON. */
  readonly generationConfig: Readonly<Record<string, unknown>> | null;
  /** What is worth knowing about the files, as sentences. */
  readonly warnings: readonly string[];
  /** The weights by name, floats as float32, everything else as int32. Whoever holds them disposes them. */
  readonly tensors: Map<string, tf.Tensor>;
}

/** Contents of a Hugging Face folder, its weights left in their files. */
export interface CheckpointOutline extends Omit<Checkpoint, "tensors"> {
  /** The sizes of the weights by name, and the types that they are read as. */
  readonly tensors: Map<string, Shaped>;
}

const WEIGHTS = "model.safetensors";
const INDEX = "model.safetensors.index.json";
const GENERATION = "generation_config.json";
const PICKLES = ["pytorch_model.bin", "pytorch_model.bin.index.json"];

/** Settings of models that transformers wants as floats, also when they are whole. */
const FLOAT_SETTINGS = new Set([
  "attention_dropout",
  "attention_factor",
  "attn_logit_softcapping",
  "classifier_dropout",
  "dropout_rate",
  "factor",
  "final_logit_softcapping",
  "high_freq_factor",
  "initializer_factor",
  "initializer_range",
  "layer_norm_epsilon",
  "low_freq_factor",
  "rms_norm_eps",
  "rope_theta",
]);

/** The same of generation. */
const FLOAT_GENERATION_SETTINGS = new Set([
  "encoder_repetition_penalty",
  "repetition_penalty",
  "temperature",
]);

/**
 * Reads a folder in the Hugging Face layout: `config.json`, `generation_config.json` where there is
 * one, and the weights from `model.safetensors` or else from the shards of
 * `model.safetensors.index.json`.
 *
 * Every header is checked before the first tensor is made; tensors are then read one at a time, and
 * all are disposed when one of them cannot be.
 *
 * @throws {Deno.errors.NotFound} when the folder, its configuration, its weights or a shard is missing
 * @throws {SyntaxError} when a JSON file is not an object, when the index and its shards disagree, when the
 * weights are in PyTorch's own format only, or, as `SafetensorsError`, when a weight file is not valid
 *
 * Source: transformers modeling_utils.py (`_get_resolved_checkpoint_files`), utils/hub.py
 * (`get_checkpoint_shard_files`). Differs: a tensor that two shards hold is refused, not taken from
 * the later one; shards outside the folder are refused.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const dir = await Deno.makeTempDir();
 * const data = new Float32Array([1, 2]);
 * await writeCheckpoint(dir, { model_type: "custom" }, [["w", { shape: [2], data }]]);
 * const { config, tensors } = await readCheckpoint(dir);
 * assert.equal(config.model_type, "custom");
 * assert.deepEqual(await tensors.get("w")!.data(), data);
 * for (const tensor of tensors.values()) tensor.dispose();
 * await Deno.remove(dir, { recursive: true });
 * ```
 */
export async function readCheckpoint(dir: string): Promise<Checkpoint> {
  const configs = await readConfigs(dir);
  const files: SafetensorsFile[] = [];
  const tensors = new Map<string, tf.Tensor>();
  try {
    await openWeights(dir, files);
    for (const file of files) {
      for (const name of file.names) {
        const { shape, data } = file.read(name);
        const dtype = data instanceof Int32Array ? "int32" : "float32";
        tensors.set(name, tf.tensor(data, [...shape], dtype));
      }
    }
  } catch (error) {
    for (const tensor of tensors.values()) tensor.dispose();
    throw error;
  } finally {
    for (const file of files) file.close();
  }
  return { ...configs, tensors };
}

/**
 * The same without the weights themselves: the headers of their files are read, and checked.
 *
 * @throws as {@linkcode readCheckpoint}
 */
export async function outlineCheckpoint(dir: string): Promise<CheckpointOutline> {
  const configs = await readConfigs(dir);
  const files: SafetensorsFile[] = [];
  const tensors = new Map<string, Shaped>();
  try {
    await openWeights(dir, files);
    for (const file of files) {
      for (const name of file.names) {
        const { shape, dtype } = file.info(name);
        tensors.set(name, { shape, dtype: /F/.test(dtype) ? "float32" : "int32" });
      }
    }
  } finally {
    for (const file of files) file.close();
  }
  return { ...configs, tensors };
}

/** Reads what stands beside the weights. */
async function readConfigs(dir: string): Promise<Omit<Checkpoint, "tensors">> {
  if (!(await exists(pathIn(dir, "config.json")))) {
    throw notFound(
      `Cannot read checkpoint "${dir}" as it must be a folder with a config.json; download a model ` +
        `of the hub first`,
    );
  }
  const config = await readObject(pathIn(dir, "config.json"));
  const warnings: string[] = [];
  const generationConfig = await readGeneration(pathIn(dir, GENERATION), warnings);
  return { config, generationConfig, warnings };
}

/** `generation_config.json`; as in transformers one that is no JSON is passed over, with a warning. */
async function readGeneration(
  path: string,
  warnings: string[],
): Promise<Record<string, unknown> | null> {
  const text = await readTextIfThere(path);
  if (text === null) return null;
  const json = infinitiesAsJson(text);
  try {
    if (!isTooDeep(json)) JSON.parse(json);
  } catch (error) {
    warnings.push(
      `"${path}" is passed over, and config.json counts in its place, as it is no JSON: ` +
        (error as Error).message,
    );
    return null;
  }
  return parseJsonObject(json, path);
}

/** Python writes and reads numbers that JSON does not have, such as the bias −Infinity. */
function infinitiesAsJson(text: string): string {
  return text.replace(
    /"(?:[^"\\]|\\.)*"|-?\bInfinity\b/g,
    (found) => found.endsWith("Infinity") ? found.replace("Infinity", "1e999") : found,
  );
}

/** Opens the file or shards that hold the weights, into `files`, and checks that they agree. */
async function openWeights(dir: string, files: SafetensorsFile[]): Promise<void> {
  if (await exists(pathIn(dir, WEIGHTS))) {
    files.push(await openSafetensors(pathIn(dir, WEIGHTS)));
    return;
  }
  if (!(await exists(pathIn(dir, INDEX)))) throw await noWeights(dir);
  const weightMap = await readWeightMap(pathIn(dir, INDEX));
  const shardOf = new Map<string, string>();
  for (const shard of [...new Set(weightMap.values())].sort()) {
    if (!(await exists(pathIn(dir, shard)))) {
      throw notFound(
        `Cannot read checkpoint "${dir}" as every shard of ${INDEX} must be there: ${shard} is missing`,
      );
    }
    const file = await openSafetensors(pathIn(dir, shard));
    files.push(file);
    for (const name of file.names) {
      const other = shardOf.get(name);
      if (other !== undefined) {
        throw new SyntaxError(
          `Cannot read checkpoint "${dir}" as a tensor must be in one shard only: ` +
            `"${name}" is in ${other} and in ${shard}`,
        );
      }
      shardOf.set(name, shard);
    }
  }
  for (const [name, shard] of weightMap) {
    if (shardOf.get(name) !== shard) {
      throw new SyntaxError(
        `Cannot read checkpoint "${dir}" as tensors must be where ${INDEX} says: ` +
          `"${escaped(name)}" is not in ${shard} but in ${shardOf.get(name) ?? "no shard"}`,
      );
    }
  }
}

/** The most characters of a file's name, as in the file systems that are in use. */
const LONGEST_NAME = 255;

async function readWeightMap(path: string): Promise<Map<string, string>> {
  const { weight_map: weightMap } = await readObject(path);
  if (!isJsonObject(weightMap)) {
    throw new SyntaxError(
      `Cannot read "${path}" as weight_map must be an object: found ${escapedValue(weightMap)}`,
    );
  }
  for (const [name, shard] of Object.entries(weightMap)) {
    if (typeof shard !== "string" || !isPlainFileName(shard) || shard.length > LONGEST_NAME) {
      throw new SyntaxError(
        `Cannot read "${path}" as weight_map must name files of the same folder: ` +
          `"${escaped(name)}" is said to be in ${escapedValue(shard)}`,
      );
    }
  }
  return new Map(Object.entries(weightMap as Record<string, string>));
}

async function noWeights(dir: string): Promise<Error> {
  for (const pickle of PICKLES) {
    if (await exists(pathIn(dir, pickle))) {
      return new SyntaxError(
        `Cannot read checkpoint "${dir}" as weights must be in safetensors files: found ${pickle}; ` +
          `convert it once with Python: transformers.AutoModelForSeq2SeqLM (or AutoModelForCausalLM)` +
          `.from_pretrained(dir).save_pretrained(dir)`,
      );
    }
  }
  return notFound(
    `Cannot read checkpoint "${dir}" as it must hold ${WEIGHTS} or ${INDEX}: found neither`,
  );
}

/** The object in a JSON file that is there. */
async function readObject(path: string): Promise<Record<string, unknown>> {
  return parseJsonObject(await readText(path), path);
}

/** Options for writing a checkpoint. */
export interface WriteCheckpointOptions {
  /** Most bytes of tensors in one file, unless one tensor alone has more; by default 5e9. */
  readonly maxShardBytes?: number;
  /** Contents of `generation_config.json`; null, the default, for no such file. */
  readonly generationConfig?: Readonly<Record<string, unknown>> | null;
}

/**
 * Writes a folder that `from_pretrained` of transformers and {@linkcode readCheckpoint} read:
 * `config.json`, `generation_config.json` where there is one, and `model.safetensors` or, above
 * `maxShardBytes`, shards and their index. What was there before of these is replaced, all or none;
 * see {@linkcode writeFilesAtomically}.
 *
 * @param dir made when absent
 * @param tensors the tensors by name; shards are filled in this order
 * @throws {RangeError} when `maxShardBytes` is not positive, or a tensor or setting cannot be written
 * @throws {TypeError} when a tensor's type cannot be written
 *
 * Source: transformers modeling_utils.py (`save_pretrained`), huggingface_hub serialization/_base.py
 * (`split_state_dict_into_shards_factory`)
 */
export async function writeCheckpoint(
  dir: string,
  config: Readonly<Record<string, unknown>>,
  tensors: Iterable<readonly [string, TensorToStore]>,
  { maxShardBytes = 5e9, generationConfig = null }: WriteCheckpointOptions = {},
): Promise<void> {
  if (!(maxShardBytes > 0)) {
    throw new RangeError(
      `Cannot write checkpoint "${dir}" as maxShardBytes must be positive: got ${maxShardBytes}`,
    );
  }
  const files = new Map<string, string | Uint8Array>();
  const entries = [...tensors];
  const shards = intoShards(entries, maxShardBytes);
  if (shards.length <= 1) {
    files.set(WEIGHTS, writeSafetensors(entries));
  } else {
    const weightMap: [string, string][] = [];
    for (const [i, shard] of shards.entries()) {
      const name = `model-${fiveDigits(i + 1)}-of-${fiveDigits(shards.length)}.safetensors`;
      for (const [tensor] of shard) weightMap.push([tensor, name]);
      files.set(name, writeSafetensors(shard));
    }
    const metadata = {
      total_parameters: entries.reduce((total, [, { data }]) => total + data.length, 0),
      total_size: entries.reduce((total, [, tensor]) => total + storedBytes(tensor), 0),
    };
    const index = { metadata, weight_map: Object.fromEntries(weightMap) };
    files.set(INDEX, `${pythonJson(index)}\n`);
  }
  if (generationConfig !== null) {
    files.set(GENERATION, `${pythonJson(generationConfig, FLOAT_GENERATION_SETTINGS)}\n`);
  }
  files.set("config.json", `${pythonJson(config, FLOAT_SETTINGS)}\n`);
  await writeFilesAtomically(dir, files);
  await removeStale(dir, files);
}

function intoShards(
  tensors: readonly (readonly [string, TensorToStore])[],
  maxShardBytes: number,
): (readonly [string, TensorToStore])[][] {
  const shards: (readonly [string, TensorToStore])[][] = [];
  let room = 0;
  for (const entry of tensors) {
    const bytes = storedBytes(entry[1]);
    if (bytes > room || shards.length === 0) {
      shards.push([]);
      room = maxShardBytes;
    }
    shards.at(-1)!.push(entry);
    room -= bytes;
  }
  return shards;
}

function storedBytes({ dtype = "F32", data }: TensorToStore): number {
  return CODECS[dtype].size * data.length; // I32 has the size of F32
}

function fiveDigits(n: number): string {
  return String(n).padStart(5, "0");
}

/** Removes what an earlier model left, and would otherwise be read beside or instead of the new. */
async function removeStale(dir: string, written: ReadonlyMap<string, unknown>): Promise<void> {
  for (const name of await namesIn(dir)) {
    const isOurs = name === INDEX || name === GENERATION ||
      /^model(-\d{5}-of-\d{5})?\.safetensors$/.test(name);
    if (isOurs && !written.has(name)) await removeIfThere(pathIn(dir, name));
  }
}
