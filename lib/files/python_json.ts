/**
 * The text that Python's `json.dumps(value, indent=2, sort_keys=True)` gives, so that files which
 * both sides write are equal byte by byte.
 *
 * JavaScript has one kind of number, Python two, and some readers refuse an integer where they
 * want a float: transformers does for `"layer_norm_epsilon": 1`. Numbers that are not whole are
 * floats, and so is every number under one of `floatKeys`.
 *
 * @param value as for `JSON.stringify`; undefined members are left out
 * @param floatKeys keys whose numbers are floats, at any depth
 * @throws {RangeError} when a number is not finite, which JSON cannot say
 * @throws {TypeError} when something is no JSON value, such as a function
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(
 *   pythonJson({ size: 2, rate: 0, eps: 1e-6 }, new Set(["rate"])),
 *   `{\n  "eps": 1e-06,\n  "rate": 0.0,\n  "size": 2\n}`,
 * );
 * ```
 */
export function pythonJson(value: unknown, floatKeys: ReadonlySet<string> = new Set()): string {
  return dump(value, "", "\n", floatKeys);
}

function dump(value: unknown, key: string, newline: string, floats: ReadonlySet<string>): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return quote(value);
  if (typeof value === "number") return number(value, key, floats.has(key));
  const inner = `${newline}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    const items = value.map((item) => dump(item, key, inner, floats));
    return `[${inner}${items.join(`,${inner}`)}${newline}]`;
  }
  if (typeof value !== "object") {
    throw new TypeError(`Cannot write "${key}" as JSON has no ${typeof value}`);
  }
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => byCodePoint(a, b))
    .map(([name, member]) => `${quote(name)}: ${dump(member, name, inner, floats)}`);
  return members.length === 0 ? "{}" : `{${inner}${members.join(`,${inner}`)}${newline}}`;
}

/** Both languages give the fewest digits that tell a number from its neighbours, but lay them out differently. */
function number(value: number, key: string, float: boolean): string {
  if (!Number.isFinite(value)) {
    throw new RangeError(`Cannot write "${key}" as JSON has finite numbers only: got ${value}`);
  }
  if (!float && Number.isInteger(value)) return BigInt(value).toString();
  const [digits, exponent] = value.toExponential().split("e") as [string, string];
  const power = Number(exponent);
  if (power < -4 || power >= 16) {
    return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  const plain = Object.is(value, -0) ? "-0" : String(value);
  return Number.isInteger(value) ? `${plain}.0` : plain;
}

function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The order of Python's strings; JavaScript's puts characters above U+FFFF before U+E000. */
export function byCodePoint(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
