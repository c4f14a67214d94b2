import { parse } from "yaml";

/**
 * The values of a setting as written on the command line: `2,4,8` are three, `0..4` are five, and
 * `[a,b]` is one list.
 *
 * @throws {SyntaxError} when the text has no value or a range runs backwards
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(settingValues("2,4,8"), [2, 4, 8]);
 * assert.deepEqual(settingValues("0..2,7"), [0, 1, 2, 7]);
 * assert.deepEqual(settingValues("[q,v],all-linear"), [["q", "v"], "all-linear"]);
 * ```
 */
export function settingValues(text: string): unknown[] {
  return splitOutsideBrackets(text).flatMap((part) => {
    const range = /^(-?\d+)\.\.(-?\d+)$/.exec(part.trim());
    if (range === null) {
      if (part.trim() === "") throw new SyntaxError(`Cannot read "${text}" as a value is missing`);
      return [parse(part) as unknown];
    }
    const [first, last] = [Number(range[1]), Number(range[2])];
    if (last < first) {
      throw new SyntaxError(
        `Cannot read "${part}" as a range must run upwards: write ${last}..${first}`,
      );
    }
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

function splitOutsideBrackets(text: string): string[] {
  const parts = [""];
  let depth = 0;
  for (const letter of text) {
    if (letter === "[") depth++;
    if (letter === "]") depth--;
    if (letter === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += letter;
  }
  return parts;
}
