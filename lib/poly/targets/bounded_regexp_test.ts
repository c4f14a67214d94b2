import assert from "node:assert/strict";
import fc from "fast-check";
import { boundedRegExp } from "./bounded_regexp.ts";
import { pythonRegExp } from "./python_regexp.ts";
import { NoMatchingPeftModuleError, resolveTargets } from "./target_modules.ts";

const NAMES = Array.from(
  { length: 2000 },
  (_, i) => `model.decoder.layers.${i}.self_attention.projections.query_key_value_and_more.linear`,
);

/** How long work takes, in ms. */
function timeOf(work: () => unknown): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}

Deno.test("R15 patterns that take a RegExp exponential time are answered at once", () => {
  for (
    const pattern of [
      "([a-zA-Z0-9.]+)+!",
      "(a|a)*b|(.*)*!",
      "(.*.*.*.*.*.*.*.*.*.*)*!",
      "((([a-z_]*)*)*)*!",
      "(\\w|\\w\\.|[.]\\w)+!",
      "(?=(.+)+!)model.*",
      ".*(?<=(.+)+!)x",
      "(?:.?){50}.{50}!",
      "((.{0,9}){0,9}){0,9}!",
      "(?i)(M|m|[mM])*(o|O|.)*!",
      ".*(,|.)*(,|.)*(,|.)*(,|.)*!",
      "(.+)+$(?!)",
    ]
  ) {
    const found = pythonRegExp(pattern);
    const time = timeOf(() => NAMES.slice(0, 20).forEach((name) => assert.ok(!found.test(name))));
    assert.ok(time < 20_000, `${pattern}: ${time} ms`);
  }
});

Deno.test("R15 patterns that refer back and never end are refused after some steps", () => {
  const pattern = pythonRegExp("((.+)+)+\\1!");
  const time = timeOf(() =>
    assert.throws(() => NAMES.forEach((name) => pattern.test(name)), {
      name: "SyntaxError",
      message: /^Cannot use the pattern "\(\(\.\+\)\+\)\+.* as it takes too many steps to match$/,
    })
  );
  assert.ok(time < 60_000, `${time} ms`);
});

Deno.test("R15 no field of an adapter's config that holds patterns makes a model hang", () => {
  const base = {
    identity: { modelType: "t5" },
    modules: NAMES.map((name) => ({ name, kind: "Linear" })),
    outputEmbedding: null,
  };
  const hostile = "([a-zA-Z0-9._]+)+!";
  const none = { exclude_modules: null, modules_to_save: null, task_type: null };
  for (
    const fields of [
      { ...none, target_modules: hostile },
      { ...none, target_modules: "all-linear", exclude_modules: hostile },
      { ...none, target_modules: "all-linear", modules_to_save: [hostile] },
    ]
  ) {
    const time = timeOf(() => {
      try {
        resolveTargets(base, fields);
      } catch (error) {
        assert.ok(error instanceof NoMatchingPeftModuleError || error instanceof SyntaxError);
      }
    });
    assert.ok(time < 30_000, `${JSON.stringify(fields)}: ${time} ms`);
  }
});

Deno.test("R15 patterns that are too large are refused", () => {
  for (
    const pattern of [
      "((a{999}){999}){999}",
      "a".repeat(30_000),
      "(".repeat(9000) + ")".repeat(9000),
    ]
  ) {
    const time = timeOf(() =>
      assert.throws(() => pythonRegExp(pattern), SyntaxError, pattern.slice(0, 20))
    );
    assert.ok(time < 20_000, `${time} ms`);
  }
  const wide = pythonRegExp(
    `.*(${NAMES.slice(0, 200).map((name) => name.replaceAll(".", "[.]")).join("|")})`,
  );
  assert.equal(NAMES.filter((name) => wide.test(name)).length, 200, "long lists of names are none");
});

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
