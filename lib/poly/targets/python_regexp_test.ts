import assert from "node:assert/strict";
import fc from "fast-check";
import { pythonRegExp } from "./python_regexp.ts";
import { NoMatchingPeftModuleError, resolveTargets } from "./target_modules.ts";

// deno-fmt-ignore
const TEXTS = [
  "", "a", "b", "q", "Q", "ab", "aab", "aa", "a.b", "v", "qq", "1.x", "a-b", "_a", "]", "[a]", "x",
  "aB", "Ab", "\b", "a{", "a{}", "{a", "\x07",
];

// Which of TEXTS re.fullmatch of Python 3.11 accepts; null where re.compile raises re.error. Python
// knows \N{DIGIT ONE}, which is refused here.
// deno-fmt-ignore
const BY_PYTHON: [string, string[] | null][] = [
  ["q", ["q"]],
  [".*q", ["q", "qq"]],
  ["(?P<a>q|v)(?P=a)?", ["q", "v", "qq"]],
  ["(?i)Q", ["q", "Q"]],
  ["(?i)(?s)A.", ["ab", "aa", "aB", "Ab", "a{"]],
  ["\\Aab\\Z", ["ab"]],
  ["[]a]+", ["a", "aa", "]"]],
  ["[^]a]+", ["b", "q", "Q", "v", "qq", "1.x", "x", "Ab", "\b", "\u0007"]],
  ["a{,2}b", ["b", "ab", "aab"]],
  ["a{2,}", ["aa"]],
  ["a\\.b", ["a.b"]],
  ["\\q", null],
  ["(?#x)ab", ["ab"]],
  ["(?<n>a)", null],
  ["(?=a)a", ["a"]],
  ["(?<=a)b", []],
  ["[a-", null],
  ["(", null],
  ["a)|(b", null],
  ["*a", null],
  ["a**", null],
  ["\\d+\\.\\w*", ["1.x"]],
  ["(a)\\1", ["aa"]],
  ["\\x61", ["a"]],
  ["\\x6", null],
  ["a|ab", ["a", "ab"]],
  ["", [""]],
  ["a\\-b", ["a-b"]],
  ["\\_a", ["_a"]],
  [".*\\", null],
  ["(?i:A)b", ["ab", "Ab"]],
  ["a??b", ["b", "ab"]],
  ["x{2,1}", null],
  ["a{", ["a{"]],
  ["a{}", ["a{}"]],
  ["{a", ["{a"]],
  ["\\bab\\b", ["ab"]],
  ["[\\b]", ["\b"]],
  ["[[]a]", ["[a]"]],
  ["\\N{DIGIT ONE}", null],
  ["[^a", null],
  ["a$", ["a"]],
  ["\\a", ["\u0007"]],
];

Deno.test("pythonRegExp() accepts what re.fullmatch accepts, and refuses what re.compile refuses", () => {
  for (const [pattern, expected] of BY_PYTHON) {
    if (expected === null) {
      assert.throws(() => pythonRegExp(pattern), {
        name: "SyntaxError",
        message: /^Cannot use the pattern /,
      }, pattern);
    } else {
      const accepted = TEXTS.filter((text) => pythonRegExp(pattern).test(text));
      assert.deepEqual(accepted, expected, pattern);
    }
  }
});

Deno.test("pythonRegExp() names the pattern it refuses", () => {
  assert.throws(() => pythonRegExp("q("), /^SyntaxError: Cannot use the pattern "q\("/);
});

Deno.test("pythonRegExp() refuses what only Python has", () => {
  for (const pattern of ["a*+", "a++", "a{2}+", "(?>a)", "(?x) a", "(?L)a"]) {
    assert.throws(() => pythonRegExp(pattern), SyntaxError, pattern);
  }
});

Deno.test("pythonRegExp() anchored at the start only matches a beginning, as re.match", () => {
  const pattern = pythonRegExp("b|a.", false);
  assert.deepEqual(["bx", "axe", "xb", "a"].map((text) => pattern.test(text)), [
    true,
    true,
    false,
    false,
  ]);
});

Deno.test("pythonRegExp() of any text is a pattern or a SyntaxError", () => {
  const piece = fc.constantFrom(..."()[]{}?*+|\\^$.,:=!<>P#-0129abdiqxuAZ");
  const outcomes = { patterns: 0, refused: 0 };
  fc.assert(fc.property(fc.string({ unit: piece, maxLength: 9 }), (text) => {
    try {
      pythonRegExp(text).test("encoder.q");
      outcomes.patterns++;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      outcomes.refused++;
    }
  }));
  assert.ok(outcomes.patterns > 5 && outcomes.refused > 5, JSON.stringify(outcomes));
});

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
