import { escaped } from "../../files/escaped.ts";
import { notFound } from "../../files/file_system.ts";
import { pathIn } from "../../files/path.ts";
import { readJsonObject } from "../../files/json_object.ts";
import { ByteTokenizer } from "./byte_tokenizer.ts";
import {
  callable,
  type CallableTokenizer,
  type TokenizeOptions,
  type Tokenizer,
} from "./callable.ts";
import { isObject, type Json } from "./options.ts";
import { tokenizerClass } from "./tokenizer_class.ts";
import { resolveModel, type ResolveOptions, TOKENIZER_FILES } from "../../hub/hugging_face.ts";

export type { CallableTokenizer, TokenizeOptions, Tokenizer };

/** Loads tokenizers by what their folder holds. */
export const AutoTokenizer: {
  readonly fromPretrained: (
    nameOrPath: string,
    options?: ResolveOptions,
  ) => Promise<CallableTokenizer>;
} = {
  /**
   * The tokenizer of a folder, or of a hub's model. The first of these that fits:
   *
   * 1. `tokenizer_config.json` names the class `ByT5Tokenizer`: bytes.
   * 2. There is a `tokenizer.json`: what it says.
   * 3. There is none, and `config.json` has ByT5's vocabulary size, 384: bytes.
   *
   * The other files, `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json`, count as
   * they do in Python. A tokenizer without a pad token pads with the end token, as the attention mask
   * hides it anyway.
   *
   * @throws {HubError} when there is no such folder or model
   * @throws {Deno.errors.NotFound} when it has no tokenizer
   * @throws {SyntaxError} when the tokenizer's files cannot be understood, or Python computes otherwise
   *
   * Source: transformers 5.17, models/auto/tokenization_auto.py and tokenization_utils_tokenizers.py.
   * Differs: what is not computed as there is refused, by name; README.md beside this file lists it.
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * const dir = await Deno.makeTempDir();
   * await Deno.writeTextFile(`${dir}/config.json`, JSON.stringify({ vocab_size: 384 }));
   * const tokenizer = await AutoTokenizer.fromPretrained(dir);
   * assert.deepEqual(tokenizer(["hi", "a"], { padding: true }), {
   *   inputIds: [[107, 108, 1], [100, 1, 0]],
   *   attentionMask: [[1, 1, 1], [1, 1, 0]],
   * });
   * await Deno.remove(dir, { recursive: true });
   * ```
   */
  async fromPretrained(
    nameOrPath: string,
    options: ResolveOptions = {},
  ): Promise<CallableTokenizer> {
    const dir = await resolveModel(nameOrPath, { patterns: TOKENIZER_FILES, ...options });
    const read = (name: string) => readJsonObject(pathIn(dir, name));
    const fault = (rule: string, cause?: unknown) =>
      new SyntaxError(`Cannot load a tokenizer from "${dir}" as ${rule}`, { cause });
    const config = await read("tokenizer_config.json");
    if (config?.tokenizer_class === "ByT5Tokenizer") {
      const other = otherThanByT5(config);
      if (other !== null) throw fault(`ByT5's ids are fixed: found ${other}`);
      return callable(new ByteTokenizer());
    }
    const tokenizer = await read("tokenizer.json");
    const model = await read("config.json");
    if (tokenizer !== null) {
      const specialTokens = await read("special_tokens_map.json");
      const addedTokens = await read("added_tokens.json");
      const { JsonTokenizer } = await import("./json_tokenizer.ts");
      try {
        const files = { tokenizer, config, specialTokens, addedTokens };
        return callable(new JsonTokenizer(files, tokenizerClass(config, model)));
      } catch (error) {
        const why = escaped((error as Error).message);
        throw fault(`its tokenizer.json cannot be used: ${why}`, error);
      }
    }
    if (model?.vocab_size === 384) return callable(new ByteTokenizer());
    throw notFound(
      `Cannot load a tokenizer from "${dir}" as it has no tokenizer.json; make one with Python: ` +
        `transformers.AutoTokenizer.from_pretrained(name).save_pretrained(folder)`,
    );
  },
};

/** Part of a ByT5 configuration that changes its vocabulary; null when none. */
function otherThanByT5(config: Json): string | null {
  const bytes = new ByteTokenizer();
  for (const [id, token] of Object.entries((config.added_tokens_decoder ?? {}) as Json)) {
    const text = String(isObject(token) ? token.content : token);
    const [own, ...more] = bytes.encode(text, { addSpecialTokens: false });
    if (own !== Number(id) || more.length > 0) return `${JSON.stringify(text)} as id ${id}`;
  }
  return null;
}
