import type { Tokenizer as FileTokenizer } from "@huggingface/tokenizers";
import { notFound } from "../../files/file_system.ts";
import { pathIn } from "../../files/path.ts";
import { readJsonObject } from "../../files/json_object.ts";
import { ByteTokenizer } from "./byte_tokenizer.ts";
import {
  checkText,
  type EncodeBatchOptions,
  type EncodedBatch,
  type EncodeOptions,
  padBatch,
  surround,
} from "./encode_batch.ts";
import { resolveModel, type ResolveOptions, TOKENIZER_FILES } from "../../hub/hugging_face.ts";

/** Turns texts into the ids a model reads, and back. */
export interface Tokenizer {
  /** Fills up the rows of a batch. */
  readonly padId: number;
  /** Ends a sequence; null when nothing does. */
  readonly eosId: number | null;
  /** Every id is below it. */
  readonly vocabSize: number;
  /**
   * The ids of a text.
   * @throws {RangeError} when half of a surrogate pair is missing, or `maxLength` is not a whole
   * number that leaves room for the special tokens
   */
  encode(text: string, options?: EncodeOptions): number[];
  /**
   * The ids of texts as one batch, filled up to the longest.
   * @throws as {@linkcode encode} does
   */
  encodeBatch(texts: readonly string[], options?: EncodeBatchOptions): EncodedBatch;
  /**
   * The text of ids.
   * @throws {RangeError} when one of them cannot be an id
   */
  decode(ids: readonly number[], options?: { readonly skipSpecialTokens?: boolean }): string;
}

type Json = Readonly<Record<string, unknown>>;

/** A tokenizer that is described by a `tokenizer.json`. */
class JsonTokenizer implements Tokenizer {
  readonly padId: number;
  readonly eosId: number | null;
  readonly vocabSize: number;
  readonly #tokenizer: FileTokenizer;
  readonly #before: readonly number[];
  readonly #after: readonly number[];
  readonly #padSide: "left" | "right";
  readonly #cleanUp: boolean;

  /**
   * @param config `tokenizer_config.json` and what only `special_tokens_map.json` says
   * @param Tokenizer the library's class, which is loaded when a file needs it
   */
  constructor(json: Json, config: Json, Tokenizer: typeof FileTokenizer) {
    const unknown = beyondLibrary(json);
    if (unknown !== null) throw new RangeError(`${unknown} is not supported`);
    // Other keys of the configuration would change texts where Python does not.
    const { additional_special_tokens } = config;
    this.#tokenizer = new Tokenizer(json, {
      ...(additional_special_tokens !== undefined && {
        additional_special_tokens: [additional_special_tokens].flat().map(content),
      }),
    });
    const model = this.#tokenizer.model!;
    this.vocabSize = model.vocab.length;
    this.eosId = this.#idOf(config, "eos_token");
    this.padId = this.#idOf(config, "pad_token") ?? this.eosId ?? 0;
    this.#padSide = config.padding_side === "left" ? "left" : "right";
    this.#cleanUp = config.clean_up_tokenization_spaces === true &&
      (json.model as Json).merges === undefined; // as in Python, not of BPE
    [this.#before, this.#after] = this.#surroundings(config);
  }

  encode(text: string, options: EncodeOptions = {}): number[] {
    checkText(text);
    // A text without a known token has ids that are undefined where the model has none for it.
    const ids = this.#tokenizer.encode(text, { add_special_tokens: false }).ids
      .filter((id: number | undefined) => id !== undefined);
    const bare = options.addSpecialTokens === false;
    return surround(bare ? [] : this.#before, ids, bare ? [] : this.#after, options.maxLength);
  }

  encodeBatch(texts: readonly string[], options: EncodeBatchOptions = {}): EncodedBatch {
    const rows = texts.map((text) => this.encode(text, options));
    return padBatch(rows, this.padId, options.padSide ?? this.#padSide);
  }

  decode(
    ids: readonly number[],
    { skipSpecialTokens = false }: { readonly skipSpecialTokens?: boolean } = {},
  ): string {
    const wrong = ids.find((id) => !(Number.isInteger(id) && id >= 0));
    if (wrong !== undefined) {
      throw new RangeError(`Cannot decode id ${wrong} as ids must be integers of at least 0`);
    }
    // A model may have more ids than its tokenizer; those mean nothing.
    const known = ids.filter((id) => this.#tokenizer.id_to_token(id) !== undefined);
    return known.length === 0 ? "" : this.#tokenizer.decode(known, {
      skip_special_tokens: skipSpecialTokens,
      clean_up_tokenization_spaces: this.#cleanUp,
    });
  }

  /** The ids that a model expects before and after a text. */
  #surroundings(config: Json): [number[], number[]] {
    const { add_bos_token: bos, add_eos_token: eos } = config;
    const processor = this.#tokenizer.post_processor;
    if (bos !== undefined || eos !== undefined || processor === null) {
      const id = (wanted: unknown, key: string) => wanted === true ? this.#idOf(config, key) : null;
      const one = (id: number | null) => id === null ? [] : [id];
      return [one(id(bos, "bos_token")), one(id(eos, "eos_token"))];
    }
    const text = "text";
    const { tokens } = processor([text], null, true);
    const at = tokens.indexOf(text);
    return [this.#ids(tokens.slice(0, at)), this.#ids(tokens.slice(at + 1))];
  }

  #ids(tokens: readonly string[]): number[] {
    return tokens.map((token) => {
      const id = this.#tokenizer.token_to_id(token);
      if (id === undefined) throw new RangeError(`its vocabulary has no ${JSON.stringify(token)}`);
      return id;
    });
  }

  #idOf(config: Json, key: string): number | null {
    const token = config[key];
    return token === undefined || token === null ? null : this.#ids([content(token)])[0]!;
  }
}

/**
 * Part of a tokenizer that the library would silently compute otherwise than Python; null when
 * none.
 */
function beyondLibrary({ model, pre_tokenizer, added_tokens }: Json): string | null {
  const { type } = (model ?? {}) as Json;
  if (!["BPE", "Unigram", "WordPiece", undefined].includes(type as string)) return `model ${type}`;
  const behavior = /"behavior":"(MergedWith\w+|Contiguous)"/.exec(JSON.stringify(pre_tokenizer));
  if (behavior !== null) return `behavior ${behavior[1]}`;
  const word = (added_tokens as Json[]).find((token) => token.single_word === true);
  return word === undefined ? null : `single_word of ${JSON.stringify(word.content)}`;
}

/** A token of a configuration, which is its text or an object that has it. */
function content(token: unknown): string {
  return String((token as Json | null)?.content ?? token);
}

/** Loads tokenizers by what their folder holds. */
export const AutoTokenizer: {
  readonly fromPretrained: (nameOrPath: string, options?: ResolveOptions) => Promise<Tokenizer>;
} = {
  /**
   * The tokenizer of a folder, or of a hub's model. The first of these that fits:
   *
   * 1. `tokenizer_config.json` names the class `ByT5Tokenizer`: bytes.
   * 2. There is a `tokenizer.json`: what it says.
   * 3. There is none, and `config.json` has ByT5's vocabulary size, 384: bytes.
   *
   * The pad and end tokens are those of `tokenizer_config.json`, else of `special_tokens_map.json`. A
   * tokenizer without a pad token pads with the end token, as the attention mask hides it anyway.
   *
   * @throws {HubError} when there is no such folder or model
   * @throws {Deno.errors.NotFound} when it has no tokenizer
   * @throws {SyntaxError} when the tokenizer's files cannot be understood
   *
   * Source: transformers, tokenization_utils_tokenizers.py. Differs: nothing is added to the
   * vocabulary of `tokenizer.json`; a configuration that names a token it lacks is refused. The library
   * that reads it takes U+FEFF for a space, approximates SentencePiece's `Precompiled` normalizer by
   * NFKC, and decodes bytes of `<0x..>` tokens that are no UTF-8 to fewer replacement characters.
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * const dir = await Deno.makeTempDir();
   * await Deno.writeTextFile(`${dir}/config.json`, JSON.stringify({ vocab_size: 384 }));
   * const tokenizer = await AutoTokenizer.fromPretrained(dir);
   * assert.deepEqual(tokenizer.encodeBatch(["hi", "a"]), {
   *   inputIds: [[107, 108, 1], [100, 1, 0]],
   *   attentionMask: [[1, 1, 1], [1, 1, 0]],
   * });
   * await Deno.remove(dir, { recursive: true });
   * ```
   */
  async fromPretrained(nameOrPath: string, options: ResolveOptions = {}): Promise<Tokenizer> {
    const dir = await resolveModel(nameOrPath, { patterns: TOKENIZER_FILES, ...options });
    const read = (name: string) => readJsonObject(pathIn(dir, name));
    const config = {
      ...await read("special_tokens_map.json"),
      ...await read("tokenizer_config.json"),
    };
    const fault = (rule: string, cause?: unknown) =>
      new SyntaxError(`Cannot load a tokenizer from "${dir}" as ${rule}`, { cause });
    if (config.tokenizer_class === "ByT5Tokenizer") {
      const other = otherThanByT5(config);
      if (other !== null) throw fault(`ByT5's ids are fixed: found ${other}`);
      return new ByteTokenizer();
    }
    const json = await read("tokenizer.json");
    if (json !== null) {
      const { Tokenizer } = await import("@huggingface/tokenizers");
      try {
        return new JsonTokenizer(json, config, Tokenizer);
      } catch (error) {
        throw fault(`its tokenizer.json cannot be used: ${(error as Error).message}`, error);
      }
    }
    if ((await read("config.json"))?.vocab_size === 384) return new ByteTokenizer();
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
    const text = content(token);
    const [own, ...more] = bytes.encode(text, { addSpecialTokens: false });
    if (own !== Number(id) || more.length > 0) return `${JSON.stringify(text)} as id ${id}`;
  }
  return null;
}
