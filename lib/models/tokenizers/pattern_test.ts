import assert from "node:assert/strict";
import { readPattern, spans } from "./pattern.ts";

/** What a pattern matches in a text, as Oniguruma does in tokenizers 0.23.2. */
function matches(Regex: string, text: string): string[] {
  return spans(text, readPattern({ Regex })).filter(({ matched }) => matched)
    .map(({ start, end }) => text.slice(start, end));
}

Deno.test("readPattern() takes a String for its characters", () => {
  const found = spans("a.b|c.", readPattern({ String: "." })).map(({ matched }) => matched);
  assert.deepEqual(found, [false, true, false, true]);
});

Deno.test("readPattern() matches as Oniguruma does", () => {
  const cases: [string, string, string[]][] = [
    ["a++b", "aab ab b", ["aab", "ab"]],
    ["a++a", "aaa", []],
    ["(?>a|ab)c", "abc ac", ["ac"]],
    ["(?>a|b)+c", "abac", ["abac"]],
    ["[ab]?+[ab]", "ab", ["ab"]],
    ["(?i:'s|'k)", "'S 's '\u017f '\u212a", ["'S", "'s", "'\u017f", "'\u212a"]],
    ["\\s", "a\u0085b\ufeffc", ["\u0085"]],
    [".", "a\n😀", ["a", "😀"]],
    ["^|$", "a\nb😀", ["", "", "", ""]],
    ["x*", "axa", ["", "x", ""]],
  ];
  for (const [regex, text, found] of cases) assert.deepEqual(matches(regex, text), found, regex);
});

Deno.test("readPattern() refuses what JavaScript cannot match so, and names it", () => {
  const wrong: [string, RegExp][] = [
    ["(?i)a", /the pattern \(\?i\)a has a group \(\?i, which is not supported/],
    ["(?m:.)", /a group \(\?m:, which is not supported/],
    ["(?i:straße)", /a group \(\?i:, which is not supported/],
    ["(?i:less)", /\(\?i:less\), which is not supported/],
    ["(a)\\1", /has \\1, which is not supported/],
    ["\\Ga", /has \\G, which is not supported/],
    ["a\\Kb", /has \\K, which is not supported/],
    ["a{2}?", /has \{n\}\?, which is not supported/],
    ["\\p{^L}", /has no form in JavaScript/],
    ["(", /has no form in JavaScript/],
  ];
  for (const [Regex, message] of wrong) {
    assert.throws(() => readPattern({ Regex }), { name: "RangeError", message }, Regex);
  }
  assert.throws(() => readPattern("a"), /pattern must be \{ String \} or \{ Regex \}: found "a"/);
});
