/** A stage of a run as a file: what it depends on, what was found, and tensors. */
import { createHash } from "node:crypto";
import { parseSafetensors, writeSafetensors } from "../files/safetensors.ts";
import { isJsonObject } from "../files/json_object.ts";

/** Values that JSON keeps as they are. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [name: string]: Json };

/** Everything that a stage depends on, by name. Two stages with the same facts are the same stage. */
export interface StageFacts {
  /** What is done in the stage, such as `multitask`; also the folder of its file. */
  readonly kind: string;
  readonly [name: string]: Json;
}

/** What a stage has found. */
export interface StageContent {
  /** Numbers and texts. */
  readonly found: { readonly [name: string]: Json };
  /** Values of parameters, by name. */
  readonly tensors: ReadonlyMap<string, Float32Array>;
}

/**
 * The name of a stage: the SHA-256 of its facts, in whatever order they are written, as 64 hexadecimal
 * digits.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const facts = { kind: "multitask", seed: 3, steps: 200 };
 * assert.equal(stageKey(facts), stageKey({ steps: 200, kind: "multitask", seed: 3 }));
 * assert.notEqual(stageKey(facts), stageKey({ ...facts, seed: 4 }));
 * ```
 */
export function stageKey(facts: StageFacts): string {
  return sha256(canonical(facts));
}

/** Whether a stage's findings are written as they are: JSON has no NaN and no infinity. */
export function canBeKept(value: Json): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (value === null || typeof value !== "object") return true;
  return Object.values(value).every(canBeKept);
}

/** The bytes of a stage's file: safetensors, with everything else and a digest in its metadata. */
export function stageToBytes(facts: StageFacts, { found, tensors }: StageContent): Uint8Array {
  const stage = JSON.stringify({ facts, found });
  const stored = [...tensors].map(([name, data]) =>
    [name, { shape: [data.length], data }] as const
  );
  return writeSafetensors(stored, { stage, sha256: digest(stage, tensors) });
}

/** The facts in a stage's file, unchecked beyond their form. */
export interface StageHeader {
  readonly facts: StageFacts;
  readonly found: StageContent["found"];
}

/**
 * Reads what {@linkcode stageToBytes} made.
 *
 * @param path of the file, for messages
 * @throws {SyntaxError} when the bytes are not those that were written
 */
export function stageFromBytes(
  bytes: Uint8Array,
  path: string,
): StageHeader & { readonly tensors: ReadonlyMap<string, Float32Array> } {
  using file = parseSafetensors(bytes, path);
  const tensors = new Map<string, Float32Array>();
  for (const name of file.names) {
    const { data } = file.read(name);
    if (!(data instanceof Float32Array)) throw damaged(path);
    tensors.set(name, data);
  }
  const { stage = "", sha256 } = file.metadata ?? {};
  if (sha256 !== digest(stage, tensors)) throw damaged(path);
  return { ...stageHeader(stage, path), tensors };
}

/**
 * Reads the text in the metadata of a stage's file.
 * @throws {SyntaxError} when it is not of that form
 */
export function stageHeader(text: string, path: string): StageHeader {
  const value = parsed(text);
  if (!isJsonObject(value)) throw damaged(path);
  const { facts, found } = value as { facts?: unknown; found?: unknown };
  if (!isJsonObject(facts) || typeof facts.kind !== "string" || !isJsonObject(found)) {
    throw damaged(path);
  }
  return { facts: facts as unknown as StageFacts, found: found as StageContent["found"] };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function damaged(path: string): SyntaxError {
  return new SyntaxError(`Cannot read ${path} as it is damaged; remove it to have it made again`);
}

function digest(stage: string, tensors: ReadonlyMap<string, Float32Array>): string {
  const hash = createHash("sha256").update(stage);
  for (const name of [...tensors.keys()].sort()) {
    const { buffer, byteOffset, byteLength } = tensors.get(name)!;
    hash.update(`\n${name}\n`).update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest("hex");
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** JSON with the members of every object in one order. */
function canonical(value: Json): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const members = Object.entries(value as { readonly [name: string]: Json })
    .sort(([a], [b]) => a < b ? -1 : 1)
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`);
  return `{${members.join(",")}}`;
}
