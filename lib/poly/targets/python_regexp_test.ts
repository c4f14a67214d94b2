import assert from "node:assert/strict";
import fc from "fast-check";
import { pythonRegExp } from "./python_regexp.ts";

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
