/** What JavaScript itself says of a fault in a program; no reader of files may let it through. */
const FAULTS_OF_A_PROGRAM = [
  /Cannot (read|set) propert/,
  /Cannot (destructure|convert|access|mix|assign to|create property|use 'in'|add property)/,
  /Cannot (define|delete|redefine) propert/,
  /is not (a function|iterable|a constructor|defined|an object)/,
  /Maximum call stack|Invalid (array|string|typed array) length|Array buffer allocation/,
  /Invalid (count value|regular expression)|Method .* called on incompatible/,
  /(offset|start) .*is out(side)? (of )?(the )?bounds|Offset is outside/,
  /must be a multiple of|is out of range$/,
];

/** PEFT's own messages, which are given in its words. */
const OF_PEFT =
  /^(Target modules? .* not found|No (modules were targeted|`target_modules` passed)|Please specify `target_modules`)/s;

/** The most characters of a message that a person is to read. */
const MOST_MESSAGE = 20_000;

/**
 * What is wrong with how an input was refused.
 *
 * A refusal is an error that says what cannot be done and why, "Cannot …": one line for a person, and no
 * fault of the program that a damaged input uncovered.
 *
 * @returns null for a refusal
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(faultOf(new SyntaxError('Cannot read "a.json" as it must hold one JSON object')), null);
 * assert.match(faultOf(new TypeError("Cannot read properties of undefined"))!, /^TypeError: /);
 * ```
 */
export function faultOf(error: unknown): string | null {
  if (!(error instanceof Error)) return `thrown: ${String(error).slice(0, 200)}`;
  const { name, message } = error;
  const shown = `${name}: ${message.slice(0, 500)}`;
  if (FAULTS_OF_A_PROGRAM.some((fault) => fault.test(message))) return shown;
  if (message.length > MOST_MESSAGE) return `a message of ${message.length} characters: ${shown}`;
  if (/^(Cannot|Unknown option) /.test(message) || OF_PEFT.test(message)) return null;
  return error instanceof SyntaxError ? null : shown;
}
