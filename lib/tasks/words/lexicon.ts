import { createHash } from "node:crypto";
import { type EnglishData, type Inflection, INFLECTIONS, loadEnglish } from "./packages.ts";

/** What a word may be used for: pretraining and training, choosing checkpoints, or testing. */
export type Part = "training" | "validation" | "test";

/** The vocabulary of the suite `words`. */
export interface Lexicon {
  /** Every word, the most frequent first. */
  readonly words: readonly string[];
  /** For each inflection the words that have it, with their forms, in the order of `words`. */
  readonly forms: Readonly<Record<Inflection, ReadonlyMap<string, string>>>;
  /** The inflected form of any word, whether or not English has it. */
  readonly inflect: (inflection: Inflection, word: string) => string;
  /** The pronunciations of a word as lists of ARPAbet symbols with stress; none when not known. */
  readonly sounds: (word: string) => string[][];
  /** The part that a word and all its inflected forms belong to. */
  readonly partOf: (word: string) => Part;
  /** Whether a word is used ten times or more in a million words. */
  readonly isFrequent: (word: string) => boolean;
}

/** Words of fewer occurrences in 51 million are left out: many are names, or of other languages. */
const LEAST_COUNT = 20;
/** Ten in a million of the 51 million words, from where on words count as frequent. */
const FREQUENT_COUNT = 510;
const LONGEST = 9;

/** Shares of the families of words; the rest is for testing. */
const SHARES = { training: 0.7, validation: 0.1 };

/** What passes for an adjective by its forms, as `earner` and `earnest` do for `earn`. */
const NO_ADJECTIVES = new Set(["dive", "earn", "faire", "mil", "sur", "temp"]);
/** Words of more forms than `en-inflectors` has: `is` and `was` beside `are` and `were`. */
const LEFT_OUT = new Set(["be"]);

let loaded: Promise<Lexicon> | null = null;

/**
 * The vocabulary, made once in a process.
 *
 * A word is in lower case, has at most nine letters, a pronunciation and a count of twenty or more. An
 * inflected form is asked for only where it is counted and has a pronunciation too. Plurals are asked for
 * nouns that are no verbs as well, unless their plural differs from the third person (`mice`): no package
 * says whether `arrives` is a plural.
 *
 * A family is a word with all its inflected forms. Which part it belongs to is read from a hash of its
 * first word, so it is the same for every seed and every pretraining. The threshold of frequent words is
 * Zipf value 4 (van Heuven et al. 2014, SUBTLEX-UK).
 */
export function lexicon(): Promise<Lexicon> {
  return loaded ??= loadEnglish().then(makeLexicon);
}

/**
 * The vocabulary of some data, by the rules of {@linkcode lexicon}.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const { words, forms, sounds } = makeLexicon({
 *   pronunciations: { "mice": "M AY1 S", "mouse": "M AW1 S" },
 *   counts: new Map([["mouse", 1100], ["mice", 400]]),
 *   verbs: new Set(),
 *   inflect: (inflection, word) => inflection === "plural" ? "mice" : `${word}ing`,
 * });
 * assert.deepEqual(words, ["mouse", "mice"]);
 * assert.equal(forms.plural.get("mouse"), "mice");
 * assert.deepEqual(sounds("mice"), [["M", "AY1", "S"]]);
 * ```
 */
export function makeLexicon(english: EnglishData): Lexicon {
  const { counts, pronunciations, verbs, inflect } = english;
  const isKnown = (word: string) => counts.has(word) && Object.hasOwn(pronunciations, word);
  const words = [...counts].filter(([word, count]) =>
    count >= LEAST_COUNT && word.length <= LONGEST && /^[a-z]+$/.test(word) && isKnown(word) &&
    !LEFT_OUT.has(word) &&
    (word.length > 2 || verbs.has(word))
  ).map(([word]) => word);
  const families = new Families();
  const found = words.map((word) => {
    const isVerb = verbs.has(word);
    const form = (inflection: Inflection): string | null => {
      const form = inflect(inflection, word);
      return form !== word && form.length <= LONGEST && isKnown(form) ? form : null;
    };
    const [plural, past, gerund, third] = [
      form("plural"),
      isVerb ? form("past") : null,
      isVerb ? form("gerund") : null,
      isVerb ? form("third_person") : null,
    ];
    let [comparative, superlative] = [form("comparative"), form("superlative")];
    if (comparative === null || superlative === null || NO_ADJECTIVES.has(word)) {
      [comparative, superlative] = [null, null];
    }
    const forms = { plural, past, gerund, third_person: third, comparative, superlative };
    for (const form of Object.values(forms)) if (form !== null) families.join(word, form);
    return [word, forms] as const;
  });
  // Forms of a verb that is too rare or too long itself are a family all the same.
  for (const verb of verbs) {
    for (const inflection of ["past", "gerund", "third_person"] as const) {
      families.join(verb, inflect(inflection, verb));
    }
  }
  const inflected = new Set(
    found.flatMap(([, { past, gerund, comparative, superlative }]) => [
      ...[past, gerund, comparative, superlative],
    ]),
  );
  const isNoun = (word: string, plural: string) =>
    !inflected.has(word) && (!verbs.has(word) || plural !== inflect("third_person", word));
  const forms = Object.fromEntries(INFLECTIONS.map((inflection) => [
    inflection,
    new Map(found.flatMap(([word, forms]) => {
      const form = forms[inflection];
      return form !== null && (inflection !== "plural" || isNoun(word, form)) ? [[word, form]] : [];
    })),
  ])) as Record<Inflection, Map<string, string>>;
  const parts = new Map<string, Part>();
  return {
    words,
    forms,
    inflect,
    sounds: (word) => {
      const variants: string[][] = [];
      for (let i = 1;; i++) {
        const key = i === 1 ? word : `${word}(${i})`;
        if (!Object.hasOwn(pronunciations, key)) return variants;
        variants.push(pronunciations[key]!.split(" "));
      }
    },
    partOf: (word) => {
      if (!parts.has(word)) parts.set(word, drawPart(families.nameOf(word)));
      return parts.get(word)!;
    },
    isFrequent: (word) => (counts.get(word) ?? 0) >= FREQUENT_COUNT,
  };
}

/** Draws the part of a family from its name alone. */
function drawPart(family: string): Part {
  const share = createHash("sha256").update(`words/${family}`).digest().readUInt32BE() / 2 ** 32;
  if (share < SHARES.training) return "training";
  return share < SHARES.training + SHARES.validation ? "validation" : "test";
}

/** Words that belong together, each family named by its first word in the alphabet. */
class Families {
  readonly #parent = new Map<string, string>();

  nameOf(word: string): string {
    let name = word;
    for (let next = this.#parent.get(name); next !== undefined; next = this.#parent.get(name)) {
      name = next;
    }
    return name;
  }

  join(one: string, other: string): void {
    const [first, second] = [this.nameOf(one), this.nameOf(other)].sort();
    if (first !== second) this.#parent.set(second!, first!);
  }
}
