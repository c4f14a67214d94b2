import { isObject, Options } from "./options.ts";

/** Puts what a model expects around the ids of a text. */
export interface PostProcessor {
  /** How many ids it says to add, which truncation leaves room for. */
  readonly added: number;
  /** The parts of a text with what goes around them; a text comes as one part. */
  process(parts: Parts, addSpecial: boolean): Parts;
}

/** Ids in several parts, as one post-processor hands them to the next. */
export type Parts = readonly (readonly number[])[];

const NOTHING: PostProcessor = { added: 0, process: (parts) => parts };

/**
 * The post-processor that a `tokenizer.json` describes.
 *
 * @throws {RangeError} when it is unknown or an option is wrong
 *
 * Source: tokenizers 0.23, src/processors
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const bert = { type: "BertProcessing", sep: ["[SEP]", 3], cls: ["[CLS]", 2] };
 * assert.deepEqual(readPostProcessor(bert).process([[7, 8]], true), [[2, 7, 8, 3]]);
 * ```
 */
export function readPostProcessor(json: unknown): PostProcessor {
  if (json === null || json === undefined) return NOTHING;
  const options = new Options("post_processor", json);
  switch (options.type) {
    case "ByteLevel": // moves offsets only
      return NOTHING;
    case "BertProcessing":
    case "RobertaProcessing": {
      const [before, after] = [idOf(options, "cls"), idOf(options, "sep")];
      const twice = options.type === "RobertaProcessing" ? [after] : [];
      const surround = (ids: readonly number[], i: number) =>
        i === 0 ? [before, ...ids, after] : [...twice, ...ids, after];
      return { added: 2, process: (parts, addSpecial) => addSpecial ? parts.map(surround) : parts };
    }
    case "TemplateProcessing":
      return template(options);
    case "Sequence": {
      const processors = options.list("processors").map(readPostProcessor);
      return {
        added: processors.reduce((sum, { added }) => sum + added, 0),
        process: (parts, addSpecial) =>
          processors.reduce((processed, one) => one.process(processed, addSpecial), parts),
      };
    }
    default:
      throw new RangeError(`post_processor ${options.type} is not supported`);
  }
}

function idOf(options: Options, name: string): number {
  const [token, id] = options.list(name);
  if (typeof token === "string" && Number.isInteger(id)) return id as number;
  throw new RangeError(`${options.type}.${name} must be a token and its id`);
}

/** A part of a template: which text stands there, or the ids of a special token. */
type Place = { readonly text: number } | { readonly ids: readonly number[] };

function template(options: Options): PostProcessor {
  const special = options.object("special_tokens");
  const read = (name: string) => options.list(name).map((place) => readPlace(place, special));
  const templates = [read("single"), read("pair")];
  const added = templates[0]!.reduce(
    (sum, place) => sum + ("ids" in place ? place.ids.length : 0),
    0,
  );
  const process = (parts: Parts, addSpecial: boolean): Parts => {
    const places = templates[parts.length - 1];
    if (places === undefined) {
      throw new RangeError(
        `a TemplateProcessing after another post-processor must get one or two parts: found ` +
          `${parts.length}`,
      );
    }
    return places.flatMap((place) => {
      if ("ids" in place) return addSpecial ? [place.ids] : [];
      const ids = parts[place.text];
      if (ids === undefined) throw new RangeError("TemplateProcessing.single must have no text B");
      return [ids];
    });
  };
  return { added, process };
}

function readPlace(json: unknown, special: Readonly<Record<string, unknown>>): Place {
  const place = isObject(json) ? json : {};
  if (isObject(place.Sequence) && (place.Sequence.id === "A" || place.Sequence.id === "B")) {
    return { text: place.Sequence.id === "A" ? 0 : 1 };
  }
  if (isObject(place.SpecialToken)) {
    const token = special[String(place.SpecialToken.id)];
    if (isObject(token) && Array.isArray(token.ids) && token.ids.every(Number.isInteger)) {
      return { ids: token.ids };
    }
  }
  throw new RangeError(
    `TemplateProcessing must hold texts A and B and special tokens with their ids: found ` +
      JSON.stringify(json),
  );
}
