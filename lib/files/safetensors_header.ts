import { escaped } from "./escaped.ts";
import { duplicateKey } from "./duplicate_key.ts";
import { CODECS, type Dtype, isDtype } from "./dtype.ts";
import { isTooDeep, MAX_JSON_DEPTH } from "./json_depth.ts";

/** What a safetensors file does not obey; the message names the file, the rule and the values. */
export class SafetensorsError extends SyntaxError {
  /** The class's name, which stack traces show. */
  override readonly name = "SafetensorsError";

  /**
   * Makes the error for one broken rule.
   *
   * @param source the file
   * @param rule what must hold
   * @param found what is there instead
   */
  constructor(source: string, rule: string, found: unknown) {
    const shown = typeof found === "string" ? found : String(found);
    const short = shown.length > 300 ? `${shown.slice(0, 300)}…` : shown;
    super(`Cannot read "${source}" as ${rule}: ${short}`);
  }
}

/** Where and how a tensor is stored. */
export interface TensorInfo {
  /** The type of its numbers. */
  readonly dtype: Dtype;
  /** Its sizes; none for a single number. */
  readonly shape: readonly number[];
  /** First byte, counted from the end of the header. */
  readonly begin: number;
  /** The byte after the last. */
  readonly end: number;
}

/** A header that has been checked against the size of its file. */
export interface SafetensorsHeader {
  /** The free text under `__metadata__`; null where there is none. */
  readonly metadata: Readonly<Record<string, string>> | null;
  /** By name, in the order of storage. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
}

/** The longest header that the reference implementation reads, in bytes. */
const MAX_HEADER_BYTES = 100_000_000;

/**
 * Reads the length of the header, so that nothing larger than the file is ever allocated.
 *
 * @param prefix the file's first 8 bytes, fewer when it is shorter
 * @param fileBytes the file's size
 * @throws {SafetensorsError} when there is no room for such a header
 */
export function headerLength(prefix: Uint8Array, fileBytes: number, source: string): number {
  if (prefix.length < 8) {
    throw new SafetensorsError(
      source,
      "a file begins with 8 bytes of header length",
      `it has ${prefix.length}`,
    );
  }
  const view = new DataView(prefix.buffer, prefix.byteOffset, 8);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw new SafetensorsError(
      source,
      `a header has at most ${MAX_HEADER_BYTES} bytes`,
      `it claims ${length}`,
    );
  }
  if (length > BigInt(fileBytes - 8)) {
    throw new SafetensorsError(
      source,
      "the header must fit into the file",
      `it claims ${length} bytes, the file has ${fileBytes}; is it cut off?`,
    );
  }
  return Number(length);
}

/**
 * Parses and checks a header.
 *
 * @param bytes the header alone, without its length
 * @param dataBytes how many bytes follow it in the file
 * @param source the file's name, for errors
 * @throws {SafetensorsError} when anything but the tensors' values is wrong with the file
 *
 * Source: safetensors, README.md (format) and safetensors/src/tensor.rs (validation)
 */
export function parseHeader(
  bytes: Uint8Array,
  dataBytes: number,
  source: string,
): SafetensorsHeader {
  const entries = Object.entries(parseObject(bytes, source));
  let metadata: Record<string, string> | null = null;
  const tensors: [string, TensorInfo][] = [];
  for (const [name, value] of entries) {
    if (name === "__metadata__") metadata = parseMetadata(value, source);
    else tensors.push([name, parseInfo(name, value, source)]);
  }
  tensors.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let expected = 0;
  for (const [name, { begin, end }] of tensors) {
    if (begin !== expected) {
      throw new SafetensorsError(
        source,
        "tensors must follow each other without overlap or hole",
        `"${name}" begins at ${begin}, what is before it ends at ${expected}`,
      );
    }
    expected = end;
  }
  if (expected !== dataBytes) {
    throw new SafetensorsError(
      source,
      "the tensors must fill the file",
      `they end at ${expected}, the file has ${dataBytes} bytes after its header`,
    );
  }
  return { metadata, tensors: new Map(tensors) };
}

function parseObject(bytes: Uint8Array, source: string): Record<string, unknown> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new SafetensorsError(
      source,
      "the header must be UTF-8",
      `${bytes.length} bytes that are not`,
    );
  }
  if (!text.startsWith("{")) {
    throw new SafetensorsError(
      source,
      "the header must begin with {",
      JSON.stringify(text.slice(0, 20)),
    );
  }
  if (isTooDeep(text)) {
    throw new SafetensorsError(
      source,
      `the header can nest at most ${MAX_JSON_DEPTH} lists and objects`,
      "it nests more",
    );
  }
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(text);
  } catch (error) {
    throw new SafetensorsError(
      source,
      "the header must be JSON",
      escaped((error as Error).message),
    );
  }
  const twice = duplicateKey(text);
  if (twice !== null) {
    throw new SafetensorsError(source, "a key can be there only once", JSON.stringify(twice));
  }
  const malformed = Object.keys(header).find((name) => !name.isWellFormed());
  if (malformed !== undefined) {
    throw new SafetensorsError(
      source,
      "names must be well-formed Unicode",
      JSON.stringify(malformed),
    );
  }
  return header;
}

function parseMetadata(value: unknown, source: string): Record<string, string> | null {
  if (value === null) return null; // as the reference reads it
  if (!isObject(value) || Object.values(value).some((text) => typeof text !== "string")) {
    throw new SafetensorsError(source, "__metadata__ must hold texts only", shown(value));
  }
  return value as Record<string, string>;
}

function parseInfo(name: string, value: unknown, source: string): TensorInfo {
  const refuse = (rule: string, found: unknown): never => {
    throw new SafetensorsError(
      source,
      `${rule} of tensor ${JSON.stringify(name)}`,
      found === undefined ? "nothing" : shown(found),
    );
  };
  if (!isObject(value)) return refuse("an object must follow the name", value);
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDtype(dtype)) {
    return refuse(`one of ${Object.keys(CODECS).join(", ")} must be the dtype`, dtype);
  }
  if (!isSizes(shape)) return refuse("a list of integers must be the shape", shape);
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    return refuse("a begin and an end must be the data_offsets", offsets);
  }
  const [begin, end] = offsets as [number, number];
  let bytes = CODECS[dtype].size;
  for (const size of shape) {
    bytes *= size;
    if (!Number.isSafeInteger(bytes)) {
      return refuse("sizes that can be multiplied must be the shape", shape);
    }
  }
  if (end - begin !== bytes) {
    const rule =
      `${bytes} bytes, as many as ${dtype} [${shape}] takes, must lie between the data_offsets`;
    return refuse(rule, offsets);
  }
  return { dtype, shape, begin, end };
}

/** A value for a message, which shows its beginning only. */
function shown(value: unknown): string {
  return JSON.stringify(Array.isArray(value) ? value.slice(0, 300) : value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) &&
    value.every((size) => Number.isSafeInteger(size) && size >= 0 && !Object.is(size, -0));
}
