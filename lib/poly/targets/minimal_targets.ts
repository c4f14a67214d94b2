/** Number of targets from which on a list is condensed. */
export const MIN_TARGETS_TO_CONDENSE = 20;

/**
 * The shortest dotted suffixes that distinguish the targets from the other modules.
 *
 * Source: tuners/tuners_utils.py of PEFT, `_find_minimal_target_modules`
 *
 * @param targets at least one name; none is empty or among the others
 * @throws {RangeError} when a target is empty
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const suffixes = minimalTargets(["h.0.q", "h.1.q", "h.0.attn.o"], ["h.0.mlp.o"]);
 * assert.deepEqual(suffixes, new Set(["q", "attn.o"]));
 * ```
 */
export function minimalTargets(
  targets: Iterable<string>,
  others: Iterable<string>,
): Set<string> {
  const names = new Set(targets);
  if (names.has("")) throw new RangeError("target_modules should not contain an empty string.");
  const taken = new Set([...others].flatMap(suffixesOf));
  const required = new Set<string>();
  const shortestFirst = [...names].map((name) => ({ name, suffixes: suffixesOf(name) }));
  for (const { name, suffixes } of shortestFirst.sort((a, b) => compare(a.suffixes, b.suffixes))) {
    for (const suffix of suffixes) {
      if (required.has(suffix) || taken.has(suffix)) continue;
      if (suffixes.some((covering) => covering !== name && required.has(covering))) continue;
      required.add(suffix);
      break;
    }
  }
  return required.size === 0 ? names : required;
}

/** The dotted endings of a name, shortest first. */
export function suffixesOf(name: string): string[] {
  const parts = name.split(".");
  return parts.map((_, i) => parts.slice(parts.length - 1 - i).join("."));
}

/** Compares lists of strings in Python's order. */
function compare(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    if (a[i] !== b[i]) return a[i]! < b[i]! ? -1 : 1;
  }
  return a.length - b.length;
}
