import assert from "node:assert/strict";
import { lacking } from "../../testing/lacking.ts";
import { HAS_PYTHON, runPython } from "../../testing/python.ts";
import { differences, loadCase, type TokenizerCase } from "../../testing/cases/tokenizer_case.ts";
import { isObject } from "./options.ts";

/** The types of every component that a `tokenizer.json` names. */
function kinds(json: unknown): string[] {
  if (Array.isArray(json)) return json.flatMap(kinds);
  if (!isObject(json)) return [];
  const { vocab: _, merges: __, added_tokens: ___, ...rest } = json;
  const own = typeof json.type === "string" ? [json.type] : [];
  return [...own, ...Object.values(rest).flatMap(kinds)];
}

/** What may be refused; see README.md beside this file. */
const REFUSED =
  /^pre_tokenizer UnicodeScripts|^added tokens must differ in|^a TemplateProcessing after another/;

Deno.test({
  name: `random tokenizers have the ids and texts of Python, or are refused by name${
    lacking("Python", HAS_PYTHON)
  }`,
  ignore: !HAS_PYTHON,
  async fn() {
    const seed = Deno.env.get("TOKENIZER_SEED") ?? "1";
    const count = Deno.env.get("TOKENIZER_COUNT") ?? "320";
    const script = await Deno.readTextFile(
      new URL("../../testing/cases/random_tokenizers.py", import.meta.url),
    );
    const cases: TokenizerCase[] = JSON.parse(await runPython(script, [seed, count]));
    const refused = new Map<string, number>();
    const seen = new Map<string, number>();
    const wrong: string[] = [];
    let answers = 0;
    let computed = 0;
    for (const one of cases) {
      if (one.error !== undefined) continue;
      const tokenizer = loadCase(one);
      if (typeof tokenizer === "string") {
        refused.set(tokenizer, (refused.get(tokenizer) ?? 0) + 1);
        continue;
      }
      computed++;
      for (const kind of new Set(kinds(one.files["tokenizer.json"]))) {
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
      }
      const [found, compared] = differences(one, tokenizer);
      answers += compared;
      if (found.length > 0) wrong.push(`tokenizer ${one.number}, ${found.length}: ${found[0]}`);
    }
    // deno-lint-ignore no-console -- the numbers are what one wants to read after a run
    console.log(
      `${cases.length} tokenizers, ${computed} computed, ${answers} answers compared;`,
      "refused:",
      refused,
      "computed by kind:",
      seen,
    );
    assert.deepEqual(wrong, []);
    assert.deepEqual([...refused.keys()].filter((reason) => !REFUSED.test(reason)), []);
    assert.ok(computed >= 0.85 * cases.length, `only ${computed} were computed`);
  },
});
