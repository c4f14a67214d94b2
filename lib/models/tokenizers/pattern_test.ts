import assert from "node:assert/strict";
import { SafeRegExp } from "../../util/regexp/safe_regexp.ts";
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
    ["(?<=(?>a|ab))c", /has an atomic part in a look behind, which is not supported/],
    ["(?<!a++)c", /has an atomic part in a look behind/],
    ["a".repeat(10_001), /^the pattern a{200}… has more than 10000 letters/],
    ["(((a{0,99}){0,99}){0,99}b", /has no form in JavaScript/],
    ["((a{0,99}){0,99}){0,99}b", /has no form that takes bounded time: it is too large/],
    [`${"(".repeat(600)}${")".repeat(600)}`, /bounded time: its groups are nested too deeply/],
    ["(", /has no form in JavaScript/],
  ];
  for (const [Regex, message] of wrong) {
    assert.throws(() => readPattern({ Regex }), { name: "RangeError", message }, Regex);
  }
  assert.throws(() => readPattern("a"), /pattern must be \{ String \} or \{ Regex \}: found "a"/);
});

/** Those of tokenizers in use: GPT-2, Llama 3, Qwen2, cl100k, o200k, DeepSeek, Bloom, OLMo, T5, CLIP. */
const KNOWN = [
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s",
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "[!-/:-@\\[-`{-~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  " ?[^(\\s|[.,!?…。，、।۔،])]+",
  " ?\\w+| ?[^\\s\\w]+|\\s+(?!\\S)|\\s+",
  " {2,}",
  "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+",
  "\\p{N}{1,3}(?=(?:\\p{N}{3})*(?!\\p{N}))",
];

Deno.test("R15 RegExp itself matches the expressions of tokenizers in use", () => {
  const text = "It's  naïve: 1234567 things,\n\n  日本語 на русском 😀!?\t(x_y) \r\n".repeat(200);
  for (const Regex of KNOWN) {
    const pattern = readPattern({ Regex });
    assert.ok(pattern instanceof SafeRegExp && pattern.isNative, Regex);
    assert.ok(spans(text, pattern).length > 100, Regex);
    assert.equal(pattern.steps, 0, Regex);
    // A long run is left to the other matcher, which finds the same.
    const runs = `${text}${" ".repeat(3000)}${"あ".repeat(3000)}${"7".repeat(3000)}`;
    const regex = spans(runs.slice(0, 990), pattern); // too short for that
    assert.deepEqual(spans(runs, pattern).slice(0, regex.length - 1), regex.slice(0, -1), Regex);
  }
});

Deno.test("R15 expressions that take RegExp time without bound take steps in proportion to the text", () => {
  const hostile: [Regex: string, unit: string][] = [
    ["(a+)+$", "a"],
    ["([a-zA-Z0-9.]+)+!", "a.b"],
    ["(?:a|a)*b", "a"],
    ["(?:a|ab|b)*c", "ab"],
    ["(?:a|b|ab)++c", "ab"],
    ["\\s*\\s*\\s*\\s*x", " "],
    ["(\\s*)*!", " "],
    ["(.*)*(.*)*!", "é"],
    ["(?:.*.*)*=", "x"],
    ["(?:a?){30}a{30}b", "a"],
    ["(?=(?:\\p{L}+)+!)\\p{L}", "ñ"],
    ["(?<=!(?:\\w+)+)-", "w"],
    ["(?:(?:(?:[a-z_]*)*)*)*!", "a_"],
    ["(?=.*x)a", "a"],
    ["(?>.*?=)?a", "a"],
    ["\\s+$", " "],
    ["[^x]+x|[^y]+y", "ab"],
  ];
  for (const [Regex, unit] of hostile) {
    const perLetter = [1000, 4000, 16_000].map((letters) => {
      const pattern = readPattern({ Regex });
      assert.ok(pattern instanceof SafeRegExp);
      const text = `${unit.repeat(letters / unit.length)}?`;
      assert.ok(spans(text, pattern).length > 0);
      return pattern.steps / letters;
    });
    const [short, , long] = perLetter as [number, number, number];
    assert.ok(long > 0 && long < 1000, `${Regex}: ${long} steps a letter`);
    assert.ok(long < 1.2 * short + 5, `${Regex}: ${perLetter} steps a letter`);
  }
});
