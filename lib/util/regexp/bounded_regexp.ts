/**
 * Regular expressions that cannot hang: a pattern may come with an adapter that a stranger made, and
 * `RegExp` takes time exponential in the text for patterns such as `(a+)+!`.
 *
 * @module
 */
import { BacktrackingMachine } from "./backtracking_machine.ts";
import { LinearMachine } from "./linear_machine.ts";
import { compile } from "./program.ts";
import { type Node, parseRegExp } from "./syntax.ts";

/** Says whether a text matches. */
export interface Pattern {
  /** @throws {SyntaxError} when the steps of this pattern are used up */
  test(text: string): boolean;
}

const MOST_INSTRUCTIONS = 200_000;
/** Bounds of one pattern over all its texts. */
const BOUNDS = { steps: 100_000_000, states: 2 ** 26 };
/** Steps of a pattern that refers back, each of which takes longer. */
const BACKTRACKING_STEPS = 5_000_000;

const AT_END: Node = { kind: "place", is: (text, at) => at === text.length };

/**
 * A pattern that takes no more than bounded time.
 *
 * @param source what `new RegExp(source, flags)` accepts
 * @param flags of `i`, `m` and `s`
 * @param full whether the whole text must match, or its beginning
 * @throws {SyntaxError} when the pattern is too large, or refers to a group that is not there
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const pattern = boundedRegExp("([a-z.]+)+!", "", true);
 * assert.ok(pattern.test("encoder.q!"));
 * assert.ok(!pattern.test("encoder.block.0.layer.0.SelfAttention.q".repeat(10)));
 * ```
 */
export function boundedRegExp(source: string, flags: string, full: boolean): Pattern {
  const syntax = parseRegExp(source, flags);
  const node: Node = full ? { kind: "all", parts: [syntax.node, AT_END] } : syntax.node;
  const program = compile({ ...syntax, node }, MOST_INSTRUCTIONS);
  if (syntax.hasBack) return new BacktrackingMachine(program, BACKTRACKING_STEPS);
  const machine = new LinearMachine(program, BOUNDS);
  return {
    test(text) {
      machine.begin(text);
      return machine.endAt(0) >= 0;
    },
  };
}
