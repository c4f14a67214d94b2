import { environmentVariable } from "../util/environment.ts";

/** What a terminal can show. */
export interface Terminal {
  /** Characters of a line. */
  readonly width: number;
  /** Whether it shows bold and coloured text, and its person has not said that they want none. */
  readonly hasColour: boolean;
}

/** Characters of a line where a terminal does not say how many it has. */
const WIDTH = 80;

/**
 * The terminal that a stream leads to.
 *
 * @param environment what else turns colour off: `NO_COLOR`, or that the terminal calls itself dumb
 * @returns null where it leads to a file or to another program
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const stream = { isTTY: true, columns: 44 };
 * assert.deepEqual(terminalOf(stream, { noColor: false }), { width: 44, hasColour: true });
 * assert.equal(terminalOf(stream, { noColor: true })!.hasColour, false);
 * assert.equal(terminalOf({}), null);
 * ```
 */
export function terminalOf(
  stream: object,
  environment: { readonly noColor: boolean; readonly term?: string | undefined } = {
    noColor: Deno.noColor,
    term: environmentVariable("TERM"),
  },
): Terminal | null {
  const { isTTY, columns } = stream as { isTTY?: boolean; columns?: number };
  if (isTTY !== true) return null;
  return {
    width: columns ?? WIDTH,
    hasColour: !environment.noColor && environment.term !== "dumb",
  };
}
