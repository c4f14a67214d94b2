import assert from "node:assert/strict";
import { HAS_PYTHON, runPython } from "../../testing/python.ts";
import { isObject, type Json } from "./options.ts";
import { JsonTokenizer } from "./json_tokenizer.ts";
import { tokenizerClass } from "./tokenizer_class.ts";

/** A tokenizer's files, and what Python does with them; null where it fails. */
interface Case {
  readonly number: number;
  readonly files: Readonly<Record<string, Json>>;
  readonly error?: string;
  readonly asked?: {
    readonly max_id: number;
    readonly pad_id: number | null;
    readonly eos_id: number | null;
    readonly encode: readonly {
      readonly text: string;
      readonly limit: number;
      readonly ids: number[] | null;
      readonly bare: number[] | null;
      readonly cut: number[] | null;
      readonly bare_cut: number[] | null;
    }[];
    readonly decode: readonly { ids: number[]; text: string | null; plain: string | null }[];
    readonly batch: readonly {
      texts: string[];
      limit: number;
      ids: number[][];
      mask: number[][];
    }[];
  };
}

/** The tokenizer of a case, or the reason for which it is refused. */
function load({ files }: Case): JsonTokenizer | string {
  const config = files["tokenizer_config.json"] ?? null;
  const model = files["config.json"]!;
  try {
    return new JsonTokenizer({
      tokenizer: files["tokenizer.json"]!,
      config,
      specialTokens: files["special_tokens_map.json"] ?? null,
      addedTokens: files["added_tokens.json"] ?? null,
    }, tokenizerClass(config, model));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return error.message;
  }
}

/** What a tokenizer does otherwise than Python, and how many answers were compared. */
function differences({ asked }: Case, tokenizer: JsonTokenizer): [string[], number] {
  const found: string[] = [];
  let compared = 0;
  const compare = (what: string, python: unknown, ours: () => unknown) => {
    if (python === null) return; // Python fails, which is no answer
    compared++;
    let got: unknown;
    try {
      got = ours();
    } catch (error) {
      got = String(error);
      // Python adds more special tokens than it may and cuts nothing.
      if (/as maxLength must be/.test(String(got))) return;
    }
    const [a, b] = [JSON.stringify(python), JSON.stringify(got)];
    if (a !== b) found.push(`${what}: Python ${a}, here ${b}`);
  };
  const { max_id, pad_id, eos_id, encode, decode, batch } = asked!;
  compare("vocabSize", max_id + 1, () => tokenizer.vocabSize);
  compare("padId", pad_id, () => tokenizer.padId);
  compare("eosId", eos_id, () => tokenizer.eosId);
  for (const { text, limit: maxLength, ids, bare, cut, bare_cut } of encode) {
    const name = JSON.stringify(text);
    const addSpecialTokens = false;
    compare(`ids of ${name}`, ids, () => tokenizer.encode(text));
    compare(`bare ids of ${name}`, bare, () => tokenizer.encode(text, { addSpecialTokens }));
    compare(`cut ids of ${name}`, cut, () => tokenizer.encode(text, { maxLength }));
    compare(
      `cut bare ids of ${name}`,
      bare_cut,
      () => tokenizer.encode(text, { maxLength, addSpecialTokens }),
    );
  }
  for (const { ids, text, plain } of decode) {
    compare(`text of ${ids}`, text, () => tokenizer.decode(ids));
    compare(
      `plain text of ${ids}`,
      plain,
      () => tokenizer.decode(ids, { skipSpecialTokens: true }),
    );
  }
  for (const { texts, limit: maxLength, ids, mask } of batch) {
    compare("batch", [ids, mask], () => {
      const { inputIds, attentionMask } = tokenizer.encodeBatch(texts, { maxLength });
      return [inputIds, attentionMask];
    });
  }
  return [found, compared];
}

/** The types of every component that a `tokenizer.json` names. */
function kinds(json: unknown): string[] {
  if (Array.isArray(json)) return json.flatMap(kinds);
  if (!isObject(json)) return [];
  const { vocab: _, merges: __, added_tokens: ___, ...rest } = json;
  const own = typeof json.type === "string" ? [json.type] : [];
  return [...own, ...Object.values(rest).flatMap(kinds)];
}

Deno.test({
  name: "random tokenizers have the ids and texts of Python, or are refused by name",
  ignore: !HAS_PYTHON,
  async fn() {
    const seed = Deno.env.get("TOKENIZER_SEED") ?? "1";
    const count = Deno.env.get("TOKENIZER_COUNT") ?? "320";
    const script = await Deno.readTextFile(
      new URL("../../testing/cases/random_tokenizers.py", import.meta.url),
    );
    const cases: Case[] = JSON.parse(await runPython(script, [seed, count]));
    const refused = new Map<string, number>();
    const seen = new Map<string, number>();
    const wrong: string[] = [];
    let answers = 0;
    let computed = 0;
    for (const one of cases) {
      if (one.error !== undefined) continue;
      const tokenizer = load(one);
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
    console.log(
      `${cases.length} tokenizers, ${computed} computed, ${answers} answers compared;`,
      "refused:",
      refused,
      "computed by kind:",
      seen,
    );
    assert.deepEqual(wrong, []);
    assert.ok(computed >= 0.6 * cases.length, `only ${computed} were computed`);
  },
});
