import assert from "node:assert/strict";
import fc from "fast-check";
import { boundedRegExp } from "./bounded_regexp.ts";

Deno.test("boundedRegExp() accepts what RegExp accepts", () => {
  const leaf = fc.constantFrom(
    ..."abA.",
    "[ab]",
    "[^a]",
    "[a-c]",
    "\\w",
    "\\d",
    "\\.",
    "^",
    "$",
    "\\b",
    "\\B",
    "\\x61",
    "\n",
  );
  const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
    pattern: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      fc.tuple(tie("pattern"), tie("pattern")).map(([a, b]) => a + b),
      fc.tuple(tie("pattern"), tie("pattern")).map(([a, b]) => `(?:${a}|${b})`),
      fc.tuple(
        fc.constantFrom("(?:", "(", "(?i:", "(?=", "(?!", "(?<=", "(?<!", "(?s-i:"),
        tie("pattern"),
      )
        .map(([open, inside]) => `${open}${inside})`),
      fc.tuple(
        tie("pattern"),
        fc.constantFrom("*", "+", "?", "{2}", "{1,2}", "{0,}", "*?", "{2,3}?"),
      )
        .map(([inside, times]) => `(?:${inside})${times}`),
    ),
  }));
  const text = fc.string({ unit: fc.constantFrom(..."abA.b0\n"), maxLength: 6 });
  const flags = fc.constantFrom("", "i", "m", "s", "im", "ims");
  const counts = { matched: 0, not: 0 };
  fc.assert(
    fc.property(
      pattern,
      fc.array(text, { minLength: 4, maxLength: 8 }),
      flags,
      (source, texts, flags) => {
        const [exact, start] = [
          boundedRegExp(source, flags, true),
          boundedRegExp(source, flags, false),
        ];
        // The ends of the whole text, which ^ and $ are not with the flag m.
        const [all, beginning] = [`(?<![^])(?:${source})(?![^])`, `(?<![^])(?:${source})`];
        for (const text of texts) {
          assert.equal(exact.test(text), new RegExp(all, flags).test(text), `${source} of ${text}`);
          const expected = new RegExp(beginning, flags).test(text);
          assert.equal(start.test(text), expected, `start ${source} of ${text}`);
          counts[expected ? "matched" : "not"]++;
        }
      },
    ),
    { numRuns: 2000 },
  );
  assert.ok(counts.matched > 1000 && counts.not > 1000, JSON.stringify(counts));
});

Deno.test("boundedRegExp() refers back to groups as Python does", () => {
  for (
    const [source, text, expected] of [
      ["(a|b)\\1", "aa", true],
      ["(a|b)\\1", "ab", false],
      ["(?<x>a+)b\\k<x>", "aabaa", true],
      ["(?<x>a+)b\\k<x>", "aaba", false],
      ["(a*)*\\1", "aaaa", true],
      ["(?:(a)|b)*\\1", "aba", true],
      ["(q)?\\1", "", false],
      ["(?=(a+))a*b\\1", "aabaa", true],
      ["(?i:(a)\\1)", "aA", true],
      ["((a)b)\\2", "aba", true],
    ] as const
  ) assert.equal(boundedRegExp(source, "", true).test(text), expected, `${source} of ${text}`);
  assert.throws(() => boundedRegExp("(a)\\2", "", true), /there is no group 2/);
  assert.throws(() => boundedRegExp("(a)\\k<x>", "", true), /there is no group x/);
});
