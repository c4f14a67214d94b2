/** What JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/**
 * The text that Python's `json.dumps(value, indent=2, sort_keys=True)` gives: keys sorted by code
 * point, everything outside printable ASCII escaped, no line break at the end.
 *
 * @param value its numbers must be integers, as JavaScript does not tell 1 from 1.0
 * @throws {RangeError} when a number is not a safe integer
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(pythonJson({ r: 8, base: "größe", list: [] }), `{
 *   "base": "gr\\u00f6\\u00dfe",
 *   "list": [],
 *   "r": 8
 * }`);
 * ```
 */
export function pythonJson(value: Json): string {
  return JSON.stringify(sorted(value), null, 2)
    .replace(/[^\n -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function sorted(value: Json): Json {
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw new RangeError(`Cannot write JSON as numbers must be safe integers: found ${value}`);
  }
  if (value === null || typeof value !== "object") return value;
  if (isArray(value)) return value.map(sorted);
  // Without a prototype a key called __proto__ is a key like any other. Keys that look like whole
  // numbers would come first whatever the order; no file of PEFT has such.
  const object: Record<string, Json> = Object.create(null);
  for (const key of Object.keys(value).sort(byCodePoint)) object[key] = sorted(value[key]!);
  return object;
}

/** The order of Python's strings; JavaScript's puts characters above U+FFFF before U+E000. */
export function byCodePoint(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** `Array.isArray` for read-only arrays. */
function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
