import type { Node } from "./syntax.ts";

/** How long `RegExp` takes to match. */
export interface NativeCost {
  /**
   * The most steps for each letter of a text, in which the letters that a loop of `runs` takes follow
   * one another at most `run` times; infinite where it is not known to be bounded.
   */
  readonly steps: number;
  /** What loops take that may have to give all of it back, and take it again from the next letter on. */
  readonly runs: readonly Node[];
}

/** What is known of the rest of a pattern behind a part. */
interface Rest {
  /** It cannot fail, so the part is left once. */
  readonly once: boolean;
  /** What the part took stays taken, so its loops are paid for by the letters that they take. */
  readonly kept: boolean;
}

const NOTHING_FAILS: Rest = { once: true, kept: true };
const MAY_FAIL: Rest = { once: false, kept: false };

/** How a part is matched from one place. */
interface Cost {
  /** In how many ways it may match, all of which are tried when the rest fails. */
  readonly ways: number;
  readonly steps: number;
}

/**
 * A bound on the steps that a backtracking matcher takes, found in the pattern alone.
 *
 * A part that matches in several ways makes what follows it be tried as often, unless nothing behind it
 * can fail. So `a+` is cheap at the end of a pattern, `a+b` takes as many steps as there are `a` in a
 * row, `a*a*b` the square of that, and `(a+)+b` a power of 2.
 *
 * @param run the most letters in a row of any loop that may have to give them back
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRegExp } from "./syntax.ts";
 *
 * const steps = (source: string) => nativeCost(parseRegExp(source, "").node, 1000).steps;
 * assert.ok(steps("a+|b+") < 10);
 * assert.ok(steps("a+b") > 1000 && steps("a+b") < 5000);
 * assert.ok(steps("a*a*b") > 1e6);
 * assert.equal(steps("(a+)+b"), Infinity);
 * ```
 */
export function nativeCost(node: Node, run: number): NativeCost {
  const runs = new Set<Node>();
  const known = new Map<Node, Map<string, Cost>>();

  /** @param back whether the part is matched backwards, from its last letter to its first */
  const costOf = (node: Node, rest: Rest, back: boolean): Cost => {
    const costs = known.getOrInsertComputed(node, () => new Map());
    return costs.getOrInsertComputed(`${rest.once} ${rest.kept}`, () => compute(node, rest, back));
  };

  const compute = (node: Node, rest: Rest, back: boolean): Cost => {
    switch (node.kind) {
      case "text":
        return { ways: 1, steps: Math.max(1, node.text.length) };
      case "one":
      case "place":
        return { ways: 1, steps: 1 };
      case "group":
        return costOf(node.part, rest, back);
      case "atomic":
        return { ways: 1, steps: costOf(node.part, { once: true, kept: rest.kept }, false).steps };
      case "look": {
        const inside = costOf(node.part, { once: true, kept: false }, node.behind);
        return { ways: 1, steps: 1 + inside.steps };
      }
      case "back":
        return { ways: 1, steps: Infinity };
      case "all": {
        const parts = back ? node.parts.toReversed() : node.parts;
        let [ways, steps] = [1, 0];
        for (const [i, part] of parts.entries()) {
          const cost = costOf(part, restOf(parts.slice(i + 1), rest), back);
          // What cannot fail is tried once, however often what comes before it could be matched anew.
          steps += restOf(parts.slice(i), rest).once ? cost.steps : ways * cost.steps;
          ways *= cost.ways;
        }
        // Nothing takes a step, too: in infinitely many ways it would else cost 0 times infinity, no number.
        return { ways: rest.once ? 1 : ways, steps: Math.max(1, steps) };
      }
      case "any": {
        const costs = node.parts.map((part) => costOf(part, rest, back));
        return {
          ways: rest.once ? 1 : costs.reduce((sum, { ways }) => sum + ways, 0),
          steps: costs.reduce((sum, { steps }) => sum + steps, 1),
        };
      }
      case "repeat":
        return repeated(node, rest, back);
    }
  };

  const repeated = (
    { part, min, max }: Extract<Node, { kind: "repeat" }>,
    rest: Rest,
    back: boolean,
  ): Cost => {
    let [ways, steps] = [1, 1];
    if (min > 1) {
      const round = costOf(part, MAY_FAIL, back);
      ways = round.ways ** (min - 1);
      steps += sumOfPowers(round.ways, min - 1) * round.steps;
    }
    const round = costOf(part, rest, back);
    if (min > 0) {
      steps += ways * round.steps;
      ways *= round.ways;
    }
    if (max > min) {
      const isLong = max - min > run;
      const rounds = rest.kept ? 1 : isLong && round.ways === 1 ? run : max - min;
      if (isLong && !rest.kept) runs.add(part);
      steps += (rest.once ? 1 : ways) * sumOfPowers(round.ways, rounds) * round.steps;
      ways *= sumOfPowers(round.ways, rounds + 1);
    }
    return { ways: rest.once ? 1 : ways, steps };
  };

  const { steps } = costOf(node, NOTHING_FAILS, false);
  return { steps, runs: [...runs] };
}

/** What comes behind a part, when other parts are between. */
function restOf(parts: readonly Node[], rest: Rest): Rest {
  return parts.every(cannotFail) ? rest : MAY_FAIL;
}

function cannotFail(node: Node): boolean {
  switch (node.kind) {
    case "text":
      return node.text === "";
    case "group":
    case "atomic":
      return cannotFail(node.part);
    case "all":
      return node.parts.every(cannotFail);
    case "any":
      return node.parts.some(cannotFail);
    case "repeat":
      return node.min === 0 || cannotFail(node.part);
    default:
      return false;
  }
}

/** 1 + base + … with so many terms. */
function sumOfPowers(base: number, terms: number): number {
  if (base === 1) return terms;
  return base < Infinity ? (base ** terms - 1) / (base - 1) : terms > 1 ? Infinity : 1;
}
