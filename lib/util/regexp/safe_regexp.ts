import { LinearMachine } from "./linear_machine.ts";
import { nativeCost } from "./native_cost.ts";
import { compile } from "./program.ts";
import { type Node, parseRegExp } from "./syntax.ts";

/** Finds one match after the other, from `lastIndex` on, as a `RegExp` with the flag `g` does. */
export interface Searcher {
  lastIndex: number;
  exec(text: string): { readonly index: number; readonly 0: string } | null;
}

/** The most letters in a row of a loop that `RegExp` may have to take again from each of them. */
const RUN = 1000;
/** The most steps of `RegExp` for each letter, and as many more as the pattern has letters. */
const MOST_STEPS = 32 * RUN;
/** Most instructions of a machine that does all the work, or the work that `RegExp` hands over. */
const MOST_INSTRUCTIONS = { always: 2000, sometimes: 20_000 };
/** A machine's time is bounded by itself, and its memory is to be at most 128 MiB. */
const BOUNDS = { steps: Infinity, states: 2 ** 25 };

/**
 * A regular expression that finds what `RegExp` finds, in time in proportion to a text's length.
 *
 * `RegExp` itself does the work where its time is bounded: it is fast, and the expressions of known
 * tokenizers are so. Where a look at the expression cannot tell (`(a+)+b`), or the text has a long run of
 * what an expression such as `\s+$` may have to read anew from each letter, a {@linkcode LinearMachine}
 * does.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const regex = new SafeRegExp(/(?:a+)+b/gu);
 * const text = "a".repeat(100_000) + "!aab";
 * const found = regex.searcher(text).exec(text);
 * assert.deepEqual(found, { index: 100_001, 0: "aab" });
 * ```
 */
export class SafeRegExp {
  /** Whether `RegExp` takes bounded time for texts without long runs. */
  readonly isNative: boolean;
  readonly #regex: RegExp;
  readonly #runs: readonly Node[];
  readonly #machine: LinearMachine | null;

  /**
   * @param regex with the flag `g`, perhaps `i`, `m`, `s` and `u`, and without references to groups
   * @throws {SyntaxError} when it is too large for a machine, and `RegExp` takes no bounded time
   */
  constructor(regex: RegExp) {
    const syntax = parseRegExp(regex.source, regex.flags.replace("g", ""));
    if (syntax.hasBack) throw new SyntaxError("it refers to a group");
    const { steps, runs } = nativeCost(syntax.node, RUN);
    this.isNative = steps <= MOST_STEPS + regex.source.length;
    this.#regex = regex;
    this.#runs = runs;
    const most = MOST_INSTRUCTIONS[this.isNative ? "sometimes" : "always"];
    const needsMachine = !this.isNative || runs.length > 0;
    this.#machine = needsMachine ? new LinearMachine(compile(syntax, most), BOUNDS) : null;
  }

  /** How many steps were made that `RegExp` did not make. */
  get steps(): number {
    return this.#machine?.steps ?? 0;
  }

  /**
   * What finds the matches of a text, until the next call.
   * @throws {RangeError} by its `exec`, when the text is too long for an expression so large
   */
  searcher(text: string): Searcher {
    const machine = this.#machine;
    const isFine = () => text.length < RUN || !this.#runs.some((run) => hasLongRun(text, run));
    if (machine === null || (this.isNative && isFine())) {
      this.#regex.lastIndex = 0;
      return this.#regex;
    }
    const { source } = this.#regex;
    machine.begin(text);
    return {
      lastIndex: 0,
      exec() {
        const found = tryToFind(machine, this.lastIndex, source, text.length);
        this.lastIndex = found?.end ?? 0;
        return found && { index: found.start, 0: text.slice(found.start, found.end) };
      },
    };
  }
}

function tryToFind(machine: LinearMachine, from: number, source: string, length: number) {
  try {
    return machine.find(from);
  } catch (error) {
    const shown = source.length > 200 ? `${source.slice(0, 200)}…` : source;
    throw new RangeError(
      `Cannot search for the pattern ${shown} as ${
        (error as Error).message
      }, of ${length} letters; ` +
        `shorten the text`,
    );
  }
}

/** Whether a text may have more than {@linkcode RUN} letters in a row that a part takes. */
function hasLongRun(text: string, part: Node): boolean {
  const half = RUN / 2; // so that every such run has a multiple of this in its first half
  for (let start = 0; start + half <= text.length; start += half) {
    let at = start > 0 && text.codePointAt(start - 1)! > 0xffff ? start + 1 : start;
    while (at < start + half) {
      const letter = String.fromCodePoint(text.codePointAt(at)!);
      if (!takes(part, letter)) break;
      at += letter.length;
    }
    if (at >= start + half) return true;
  }
  return false;
}

/** Whether a part has a place for a letter. */
function takes(node: Node, letter: string): boolean {
  switch (node.kind) {
    case "text":
      return node.text.includes(letter);
    case "one":
      return node.is(letter);
    case "all":
    case "any":
      return node.parts.some((part) => takes(part, letter));
    case "group":
    case "atomic":
    case "repeat":
      return takes(node.part, letter);
    default:
      return false;
  }
}
