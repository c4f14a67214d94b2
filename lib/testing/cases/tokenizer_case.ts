import { JsonTokenizer } from "../../models/tokenizers/json_tokenizer.ts";
import { type Json } from "../../models/tokenizers/options.ts";
import { tokenizerClass } from "../../models/tokenizers/tokenizer_class.ts";

/** A tokenizer's files, and what Python does with them; null where it fails. */
export interface TokenizerCase {
  readonly number: number;
  readonly files: Readonly<Record<string, Json>>;
  readonly error?: string;
  readonly asked?: {
    readonly max_id: number;
    readonly pad_id: number | null;
    readonly eos_id: number | null;
    readonly bos_id: number | null;
    readonly unk_id: number | null;
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
export function loadCase({ files }: TokenizerCase): JsonTokenizer | string {
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
export function differences(
  { asked }: TokenizerCase,
  tokenizer: JsonTokenizer,
): [string[], number] {
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
  const { max_id, pad_id, eos_id, bos_id, unk_id, encode, decode, batch } = asked!;
  compare("vocabSize", max_id + 1, () => tokenizer.vocabSize);
  compare("padId", pad_id, () => tokenizer.padId);
  compare("eosId", eos_id, () => tokenizer.eosId);
  compare("bosId", bos_id, () => tokenizer.bosId);
  compare("unkId", unk_id, () => tokenizer.unkId);
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
