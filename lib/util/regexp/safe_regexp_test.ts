import assert from "node:assert/strict";
import fc from "fast-check";
import { LinearMachine } from "./linear_machine.ts";
import { nativeCost } from "./native_cost.ts";
import { compile } from "./program.ts";
import { SafeRegExp } from "./safe_regexp.ts";
import { type Node, parseRegExp } from "./syntax.ts";

/** Expressions of a few letters, with all that may be in one but references. */
const PATTERN = fc.letrec<{ pattern: string }>((tie) => ({
  pattern: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(
      ..."ab😀.",
      "[ab]",
      "[^a]",
      "[b😀]",
      "\\p{L}",
      "\\u{1F600}",
      "^",
      "$",
      "\\b",
      "",
    ),
    fc.tuple(tie("pattern"), tie("pattern")).map(([a, b]) => a + b),
    fc.tuple(tie("pattern"), tie("pattern")).map(([a, b]) => `(?:${a}|${b})`),
    fc.tuple(fc.constantFrom("(?:", "(", "(?=", "(?!", "(?<=", "(?<!", "(?>"), tie("pattern"))
      .map(([open, inside]) => `${open}${inside})`),
    fc.tuple(
      tie("pattern"),
      fc.constantFrom("*", "+", "?", "{2}", "{1,2}", "{0,2}", "*?", "+?", "??", "{2,}?"),
    ).map(([inside, times]) => `(?:${inside})${times}`),
  ),
})).pattern.map(withoutAtomic).filter((source) => source !== null);

const TEXT = fc.string({ unit: fc.constantFrom(..."aab😀 "), maxLength: 8 });

/** Atomic groups as JavaScript writes them; null when one is in a look behind, which it reads backwards. */
function withoutAtomic(source: string): string | null {
  let count = 0;
  for (let at = source.indexOf("(?>"); at >= 0; at = source.indexOf("(?>")) {
    const end = endOfGroup(source, at);
    const name = `x${count++}`;
    const inside = source.slice(at + 3, end);
    source = `${source.slice(0, at)}(?:(?=(?<${name}>${inside}))\\k<${name}>)${
      source.slice(end + 1)
    }`;
  }
  for (const { index } of source.matchAll(/\(\?<[=!]/g)) {
    if (source.slice(index, endOfGroup(source, index)).includes("\\k")) return null;
  }
  return source;
}

function endOfGroup(source: string, start: number): number {
  let depth = 0;
  for (let at = start;; at++) {
    if (source[at] === "(") depth++;
    if (source[at] === ")" && --depth === 0) return at;
  }
}

/** Where an expression matches, as `String.matchAll` has it for whole characters. */
function nativeMatches(source: string, text: string): [number, number][] {
  return [...text.matchAll(new RegExp(source, "gu"))]
    .filter(({ index }) => index === 0 || text.codePointAt(index - 1)! <= 0xffff)
    .map(({ 0: { length }, index }) => [index, index + length]);
}

Deno.test("a linear machine finds what RegExp finds, in steps bounded by the text's length", () => {
  let found = 0;
  fc.assert(
    fc.property(PATTERN, fc.array(TEXT, { minLength: 3, maxLength: 6 }), (source, texts) => {
      const program = compile(parseRegExp(source, "u"), 10_000);
      const machine = new LinearMachine(program, { steps: Infinity, states: 2 ** 24 });
      const { instructions, splits, depth } = program;
      for (const text of texts) {
        machine.begin(text);
        const before = machine.steps;
        const matches: [number, number][] = [];
        for (let from = 0;;) {
          const match = machine.find(from);
          if (match === null) break;
          matches.push([match.start, match.end]);
          from = Math.max(
            match.end,
            match.start + (text.codePointAt(match.start)! > 0xffff ? 2 : 1),
          );
          if (match.end > match.start) from = match.end;
        }
        assert.deepEqual(matches, nativeMatches(source, text), `${source} in ${text}`);
        const most = instructions.length * (2 * splits * (depth + 1) + 1) * (text.length + 1);
        assert.ok(machine.steps - before <= most, `${source} in ${text}`);
        found += matches.length;
      }
    }),
    { numRuns: 3000 },
  );
  assert.ok(found > 5000, `${found} matches`);
});

/** How many letters, places and rounds a matcher without memory tries, as `RegExp` does. */
function stepsOfBacktracking(root: Node, text: string): number {
  let steps = 0;
  const count = () => {
    if (++steps > 200_000) throw new RangeError("too many");
  };
  type Next = (at: number) => number;
  const run = (node: Node, at: number, back: boolean, next: Next): number => {
    switch (node.kind) {
      case "text": {
        count();
        const begin = back ? at - node.text.length : at;
        if (begin < 0 || !text.startsWith(node.text, begin)) return -1;
        return next(back ? begin : at + node.text.length);
      }
      case "one": {
        count();
        const letters = back ? [...text.slice(0, at)].at(-1) : [...text.slice(at)][0];
        if (letters === undefined || !node.is(letters)) return -1;
        return next(at + (back ? -1 : 1) * letters.length);
      }
      case "place":
        count();
        return node.is(text, at) ? next(at) : -1;
      case "all": {
        const parts = back ? node.parts.toReversed() : node.parts;
        const from = (i: number, at: number): number =>
          i === parts.length ? next(at) : run(parts[i]!, at, back, (to) => from(i + 1, to));
        return from(0, at);
      }
      case "any":
        for (const part of node.parts) {
          const end = run(part, at, back, next);
          if (end >= 0) return end;
        }
        return -1;
      case "group":
        return run(node.part, at, back, next);
      case "atomic": {
        const end = run(node.part, at, false, (to) => to);
        return end < 0 ? -1 : next(end);
      }
      case "look": {
        count();
        const found = run(node.part, at, node.behind, (to) => to) >= 0;
        return found === node.not ? -1 : next(at);
      }
      case "back":
        throw new Error("a reference");
      case "repeat": {
        const round = (done: number, at: number): number => {
          count();
          const more = () =>
            done === node.max
              ? -1
              : run(node.part, at, back, (to) =>
                to === at && done >= node.min ? -1 : round(done + 1, to));
          if (done < node.min) return more();
          const [first, second] = node.lazy ? [() => next(at), more] : [more, () => next(at)];
          const end = first();
          return end >= 0 ? end : second();
        };
        return round(0, at);
      }
    }
  };
  for (let at = 0; at <= text.length;) at = Math.max(at + 1, run(root, at, false, (to) => to));
  return steps;
}

Deno.test("nativeCost() is no less than what a matcher without memory takes", () => {
  const counts = { bounded: 0, not: 0 };
  fc.assert(
    fc.property(PATTERN, fc.array(TEXT, { minLength: 3, maxLength: 6 }), (source, texts) => {
      const { node } = parseRegExp(source, "u");
      for (const text of [...texts, "a".repeat(12), "ab".repeat(6), " ".repeat(12)]) {
        const { steps } = nativeCost(node, text.length + 1);
        counts[steps < 10_000 ? "bounded" : "not"]++;
        if (steps >= 10_000) continue;
        const taken = stepsOfBacktracking(node, text);
        const most = 3 * steps * (text.length + 1);
        assert.ok(taken <= most, `${source} in "${text}" takes ${taken} steps, at most ${most}`);
      }
    }),
    { numRuns: 8000 },
  );
  assert.ok(counts.bounded > 5000 && counts.not > 20, JSON.stringify(counts));
});

Deno.test("nativeCost() tells expressions that take long from those that do not", () => {
  const isFast = (source: string) => new SafeRegExp(new RegExp(source, "gu")).isNative;
  for (
    const source of [
      "a+",
      "a+b",
      "[ab]*[bc]+",
      "(?:a*b|a)+",
      "(?:a|ab)+",
      "\\s+(?!\\S)|\\s+",
      "\\s*[\\r\\n]+",
      "\\d{1,3}(?=(?:\\d{3})*(?!\\d))",
      "(?:a|b|c)?d",
      "a{9000}",
      Array.from({ length: 2000 }, (_, i) => `w${i}`).join("|"),
    ]
  ) assert.ok(isFast(source), source.slice(0, 80));
  for (
    const source of [
      "(?:a+)+b",
      "(?:a|a)*b",
      "a*a*b",
      "(?:a|ab|b)*c",
      "(?:a?){30}a{30}",
      "(?=(?:a+)+b)a",
      "(?<=b(?:a+)+)c",
      "(?:a{0,20}){0,20}b",
    ]
  ) assert.ok(!isFast(source), source);
});

Deno.test("nativeCost() is a number where nothing follows what can match in any number of ways", () => {
  const { node } = parseRegExp("(?:(?:(?:a)*)*(?:)a|a)", "u");
  assert.equal(nativeCost(node, 10).steps, Infinity);
});

Deno.test("SafeRegExp finds the same where a long run hands the work over", () => {
  for (const source of ["\\s+$", "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+|\\S+", "[a😀]+!", "(?<=a+)b"]) {
    const regex = new SafeRegExp(new RegExp(source, "gu"));
    assert.ok(regex.isNative, source);
    for (const run of [" ", "a", "😀", "\n ", "a😀"]) {
      for (const times of [10, 400, 2500]) {
        const text = `x ${run.repeat(times)}y${run.repeat(times)}!b `;
        const searcher = regex.searcher(text);
        const found: [number, number][] = [];
        for (let match = searcher.exec(text); match; match = searcher.exec(text)) {
          found.push([match.index, match.index + match[0].length]);
        }
        assert.deepEqual(
          found,
          nativeMatches(source, text),
          `${source} with ${run} ${times} times`,
        );
      }
    }
    assert.ok(regex.steps > 0, `${source} was never handed over`);
  }
});

Deno.test("SafeRegExp refuses what is too large for bounded time", () => {
  const tooLarge = /(?:(?:a{0,99}){0,99}){0,99}b/gu;
  assert.throws(() => new SafeRegExp(tooLarge), {
    name: "SyntaxError",
    message: "it is too large",
  });
  const text = "a".repeat(100_000);
  const large = new SafeRegExp(/(?:.?){400}(?:.|a)*!/gu);
  assert.throws(() => large.searcher(text).exec(text), {
    name: "RangeError",
    message:
      /^Cannot search for the pattern \(\?:\.\?\).* as it is too large .* 100000 letters; shorten/,
  });
});
