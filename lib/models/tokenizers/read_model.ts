import { BytePairEncoding } from "./bpe.ts";
import { type Model } from "./model.ts";
import { isObject, Options } from "./options.ts";
import { Unigram } from "./unigram.ts";
import { WordLevel, WordPiece } from "./word_models.ts";

/**
 * The model that a `tokenizer.json` describes. Old files do not name its type, and what they hold
 * tells it.
 *
 * @throws {RangeError} when it is unknown or an option is wrong
 */
export function readModel(json: unknown): Model {
  const options = new Options("model", isObject(json) ? { type: typeOf(json), ...json } : json);
  switch (options.type) {
    case "BPE":
      return new BytePairEncoding(options);
    case "Unigram":
      return new Unigram(options);
    case "WordPiece":
      return new WordPiece(options);
    case "WordLevel":
      return new WordLevel(options);
    default:
      throw new RangeError(`model ${options.type} is not supported`);
  }
}

function typeOf(json: Readonly<Record<string, unknown>>): string {
  if ("merges" in json) return "BPE";
  if (Array.isArray(json.vocab)) return "Unigram";
  return "max_input_chars_per_word" in json ? "WordPiece" : "WordLevel";
}
