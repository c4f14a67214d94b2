import type { Lexicon } from "./lexicon.ts";
import { INFLECTIONS } from "./packages.ts";
import { answers, type Question, QUESTIONS, wordsFor } from "./word_skills.ts";

/** The questions that tasks may ask. */
export interface Questions {
  /** Single skills, and the compositions that pretraining may practise and training tasks may ask. */
  readonly known: readonly Question[];
  /** Compositions that no pretraining practises and no training task asks. */
  readonly reserved: readonly Question[];
  /** Whether two questions are one task in effect. */
  readonly areAlike: (one: Question, other: Question) => boolean;
}

/**
 * The share of words from where on two questions with the same answer are one task in effect, as plural and
 * third person are; and from where on a question is left out as one constant answer is right.
 */
const MOST_ALIKE = 0.75;
const MOST_CONSTANT = 0.5;
/** Words of each inflection with which questions are compared. */
const PROBES = 100;

const made = new WeakMap<Lexicon, Questions>();

/**
 * Divides all questions that are worth asking into known and reserved ones.
 *
 * Left out is a composition that one constant answer or copying the word solves for half of the words, such
 * as the ending of the gerund; and one that is in effect a known question asked before, such as the first
 * sound of the past. Every second composition of an inflection with a reading is reserved; third person and
 * plural, which are spelled alike, reserve the same ones. The division is the same for every seed.
 */
export function questionsOf(lexicon: Lexicon): Questions {
  if (!made.has(lexicon)) made.set(lexicon, divide(lexicon));
  return made.get(lexicon)!;
}

function divide(lexicon: Lexicon): Questions {
  const probes = new Map(INFLECTIONS.map((inflection) => [
    inflection,
    spread(wordsFor({ inflection, reading: null }, lexicon)),
  ]));
  const all = [...new Set([...probes.values()].flat())];
  const first = new Map(QUESTIONS.map((question) => [
    question,
    new Map(all.map((word) => [word, answers(question, word, lexicon)[0]])),
  ]));
  const probesOf = (...questions: Question[]): readonly string[] => {
    const asked = questions.flatMap(({ inflection }) =>
      inflection === null ? [] : probes.get(inflection)!
    );
    return asked.length === 0 ? all : [...new Set(asked)];
  };
  const compare = (one: Question, other: Question): boolean => {
    const [here, there] = [first.get(one)!, first.get(other)!];
    const both = probesOf(one, other).filter((word) =>
      here.get(word) !== undefined && there.get(word) !== undefined
    );
    const same = both.filter((word) => here.get(word) === there.get(word));
    return same.length > MOST_ALIKE * both.length;
  };
  const compared = new Map(
    QUESTIONS.map((question) => [question, new Map<Question, boolean>()]),
  );
  const areAlike = (one: Question, other: Question): boolean => {
    const known = compared.get(one)!;
    if (!known.has(other)) known.set(other, compare(one, other));
    return known.get(other)!;
  };
  const isTrivial = (question: Question): boolean => {
    const words = probesOf(question).filter((word) => first.get(question)!.get(word) !== undefined);
    const given = Map.groupBy(words, (word) => first.get(question)!.get(word));
    const constant = Math.max(...[...given.values()].map(({ length }) => length));
    const copied = words.filter((word) => first.get(question)!.get(word) === word).length;
    return Math.max(constant, copied) > MOST_CONSTANT * words.length;
  };
  const isSingle = ({ inflection, reading }: Question) => inflection === null || reading === null;
  const singles = QUESTIONS.filter(isSingle);
  const sound = QUESTIONS.filter((question) =>
    !isSingle(question) && !isTrivial(question) &&
    !singles.some((single) => areAlike(question, single))
  );
  const known = [...singles, ...sound.filter((question) => !isReserved(question))];
  const reserved = sound.filter((question) =>
    isReserved(question) && !known.some((other) => areAlike(question, other))
  );
  return { known, reserved, areAlike };
}

/** Every second composition, as the fields of one colour on a chessboard. */
function isReserved({ inflection, reading }: Question): boolean {
  const row = inflection === "third_person" ? "plural" : inflection!;
  return (INFLECTIONS.indexOf(row) + reading!) % 2 === 0;
}

/** Some words, evenly spread from frequent to rare. */
function spread(words: readonly string[]): string[] {
  const step = Math.max(1, Math.floor(words.length / PROBES));
  return words.filter((_, i) => i % step === 0).slice(0, PROBES);
}
