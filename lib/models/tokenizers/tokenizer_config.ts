import { type AddedToken, readAddedToken, readAddedTokens, sameToken } from "./added_tokens.ts";
import { isObject, type Json } from "./options.ts";

/** The files that say how a tokenizer is used, as they were read; null for one that is absent. */
export interface TokenizerFiles {
  /** `tokenizer.json` */
  readonly tokenizer: Json;
  /** `tokenizer_config.json` */
  readonly config: Json | null;
  /** `special_tokens_map.json` */
  readonly specialTokens: Json | null;
  /** `added_tokens.json` */
  readonly addedTokens: Json | null;
}

/** What the files say beside `tokenizer.json` itself. */
export interface TokenizerConfig {
  /** Special tokens by their name, such as `eos_token`. */
  readonly named: ReadonlyMap<string, AddedToken>;
  /** Tokens to add to those of `tokenizer.json`, given these. */
  missing(present: ReadonlyMap<number, AddedToken>): AddedToken[];
  /** Every token that is called special, named or not. */
  readonly special: readonly AddedToken[];
  readonly padSide: "left" | "right";
  readonly truncationSide: "left" | "right";
  /** Whether decoding takes spaces before punctuation away; for byte pairs it is asked for twice. */
  readonly cleansUp: boolean;
  readonly cleansUpBytePairs: boolean;
  /** Whether special tokens in a text are text like any other. */
  readonly splitSpecial: boolean;
}

/** What a class of tokenizers says where the files say nothing. */
export interface ClassDefaults {
  readonly named?: Readonly<Record<string, string>>;
  /** Special tokens without a name, given those of `additional_special_tokens`. */
  readonly extra?: (additional: unknown) => readonly unknown[];
  readonly padSide?: "left" | "right";
}

/** The names of special tokens, in the order in which they are added. */
const NAMES = [
  "bos_token",
  "eos_token",
  "unk_token",
  "sep_token",
  "pad_token",
  "cls_token",
  "mask_token",
];

/**
 * Reads what surrounds a `tokenizer.json`.
 *
 * `add_bos_token` and `add_eos_token` count for nothing there. Where `tokenizer_config.json` has no
 * `added_tokens_decoder`, what `special_tokens_map.json` says takes precedence over it.
 *
 * @throws {RangeError} when something is of a wrong kind
 *
 * Source: transformers 5.17, tokenization_utils_base.py `_from_pretrained`, and
 * tokenization_utils_tokenizers.py `TokenizersBackend.__init__`
 */
export function readTokenizerConfig(
  files: TokenizerFiles,
  defaults: ClassDefaults = {},
): TokenizerConfig {
  const settings = merged(files);
  const known = knownTokens(files, settings);
  const byContent = new Map([...known.values()].map((token) => [token.content, token]));
  const named = namedTokens(files.tokenizer, settings, byContent, defaults);
  const older = settings.additional_special_tokens ?? null;
  const extra = readExtra(
    "extra_special_tokens" in settings
      ? settings.extra_special_tokens
      : defaults.extra?.(older) ?? older,
  );
  const padding = isObject(files.tokenizer.padding) ? files.tokenizer.padding : {};
  const truncation = isObject(files.tokenizer.truncation) ? files.tokenizer.truncation : {};
  const { padSide = "right" } = defaults;
  const cleanUp = "clean_up_tokenization_spaces";
  return {
    named,
    special: [...named.values(), ...extra],
    missing: (present) => missingTokens(present, known, named, extra),
    padSide: side(settings, "padding_side", side(padding, "direction", padSide)),
    truncationSide: side(settings, "truncation_side", side(truncation, "direction", "right")),
    cleansUp: isSet(settings[cleanUp]),
    cleansUpBytePairs: isSet(
      settings[`${cleanUp}_for_bpe_even_though_it_will_corrupt_output`],
    ),
    splitSpecial: isSet(settings.split_special_tokens),
  };
}

/** `tokenizer_config.json` with what `special_tokens_map.json` says, where that counts. */
function merged({ config, specialTokens }: TokenizerFiles): Record<string, unknown> {
  const settings: Record<string, unknown> = { ...config };
  const additional = settings.additional_special_tokens;
  delete settings.additional_special_tokens;
  if (additional !== undefined && !("extra_special_tokens" in settings)) {
    settings.extra_special_tokens = additional;
  }
  const found = modelTokens(settings);
  const own = settings.model_specific_special_tokens;
  const models = Object.keys(found).length === 0 && isObject(own) ? { ...own } : found;
  if (!("added_tokens_decoder" in settings)) {
    for (const [key, value] of Object.entries(specialTokens ?? {})) {
      const before = settings.extra_special_tokens ?? [];
      if (key === "extra_special_tokens" && Array.isArray(value) && Array.isArray(before)) {
        const more = value.map(asSpecial).filter((token) => !before.includes(token));
        settings[key] = [...before, ...more];
      } else {
        settings[key] = key === "extra_special_tokens" ? value : asSpecial(value);
      }
    }
    if (isObject(settings.extra_special_tokens)) {
      Object.assign(models, settings.extra_special_tokens);
      delete settings.extra_special_tokens;
    }
  }
  return { ...settings, model_specific_special_tokens: models };
}

/** Takes the named tokens that are not of every model, such as `image_token`, out of settings. */
function modelTokens(settings: Record<string, unknown>): Record<string, unknown> {
  const tokens: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(settings)) {
    if (!key.endsWith("_token") || NAMES.includes(key) || typeof value !== "string") continue;
    tokens[key] = value;
    delete settings[key];
  }
  if (isObject(settings.extra_special_tokens)) {
    Object.assign(tokens, settings.extra_special_tokens);
    delete settings.extra_special_tokens;
  }
  return tokens;
}

function asSpecial(value: unknown): unknown {
  return isObject(value) ? { ...value, special: true, __type: "AddedToken" } : value;
}

/** By id: the added tokens that the files list. */
function knownTokens(files: TokenizerFiles, settings: Json): Map<number, AddedToken> {
  const known = new Map<number, AddedToken>();
  if ("added_tokens_decoder" in settings) {
    const decoder = settings.added_tokens_decoder;
    if (!isObject(decoder)) throw new RangeError("added_tokens_decoder must be an object");
    for (const [id, token] of Object.entries(decoder)) known.set(Number(id), readAddedToken(token));
    return known;
  }
  // An object counts for its content only where special_tokens_map.json has it.
  const content = (key: string) =>
    [settings[key] ?? []].flat().map((value) =>
      isObject(value) && files.specialTokens?.[key] !== undefined ? value.content : value
    );
  const special = [...NAMES, "extra_special_tokens"].flatMap(content);
  for (const [token, id] of Object.entries(files.addedTokens ?? {})) {
    if (!Number.isInteger(id)) {
      throw new RangeError(
        `the id of ${JSON.stringify(token)} in added_tokens.json must be a whole number: found ` +
          JSON.stringify(id),
      );
    }
    const is = special.includes(token);
    const flags = { single_word: false, lstrip: false, rstrip: false };
    known.set(id as number, { content: token, ...flags, normalized: !is, special: is });
  }
  const listed = readAddedTokens(files.tokenizer);
  const ids = files.tokenizer.added_tokens as Json[] | undefined;
  listed.forEach((token, i) => known.set(Number(ids![i]!.id), token));
  return known;
}

function namedTokens(
  tokenizer: Json,
  settings: Json,
  byContent: ReadonlyMap<string, AddedToken>,
  defaults: ClassDefaults,
): Map<string, AddedToken> {
  const padding = isObject(tokenizer.padding) ? tokenizer.padding.pad_token : undefined;
  const found: Record<string, unknown> = {
    ...(padding !== undefined && { pad_token: padding }),
    ...defaults.named,
    ...settings,
  };
  const models = settings.model_specific_special_tokens as Json;
  const automatic = Object.keys(settings)
    .filter((key) => key.endsWith("_token") && !NAMES.includes(key) && readable(settings[key]));
  const named = new Map<string, AddedToken>();
  for (const name of [...NAMES, ...automatic, ...Object.keys(models)]) {
    const value = models[name] ?? found[name];
    if (value === undefined || value === null) continue;
    named.set(name, readToken(name, value, NAMES.includes(name) ? byContent : new Map()));
  }
  return named;
}

function readable(value: unknown): boolean {
  return typeof value === "string" || (isObject(value) && value.__type === "AddedToken");
}

/** A special token: its text, or an object that calls itself an added token. */
function readToken(
  name: string,
  value: unknown,
  byContent: ReadonlyMap<string, AddedToken>,
): AddedToken {
  if (!readable(value)) {
    throw new RangeError(
      `${name} must be a text or an AddedToken with its __type: found ${JSON.stringify(value)}`,
    );
  }
  const token = typeof value === "string"
    ? readAddedToken({ content: value, special: true })
    : readAddedToken(value);
  return byContent.get(token.content) ?? token;
}

function readExtra(value: unknown): AddedToken[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    throw new RangeError(`extra_special_tokens must be a list: found ${JSON.stringify(value)}`);
  }
  return value.map((token) => readToken("extra_special_tokens", token, new Map()));
}

/** What Python adds to the tokens that a `tokenizer.json` has, in its order. */
function missingTokens(
  present: ReadonlyMap<number, AddedToken>,
  known: ReadonlyMap<number, AddedToken>,
  named: ReadonlyMap<string, AddedToken>,
  extra: readonly AddedToken[],
): AddedToken[] {
  const there = [...present.values()];
  const listed = [...known].sort(([a], [b]) => a - b).map(([, token]) => token);
  const contents = new Set([...there, ...listed].map(({ content }) => content));
  const more: AddedToken[] = [];
  for (const token of [...named.values(), ...extra]) {
    if (contents.has(token.content) || more.some((other) => sameToken(token, other))) continue;
    more.push(token);
  }
  const names = new Set([...named.values()].map(({ content }) => content));
  return [...listed, ...more]
    .map((token) => names.has(token.content) ? { ...token, special: true } : token);
}

function side(json: Json, key: string, fallback: "left" | "right"): "left" | "right" {
  const value = json[key];
  if (value === undefined || value === null) return fallback;
  const lower = String(value).toLowerCase();
  if (lower === "left" || lower === "right") return lower;
  throw new RangeError(`${key} must be "left" or "right": found ${JSON.stringify(value)}`);
}

/** Whether Python takes a value for true. */
function isSet(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isObject(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}
