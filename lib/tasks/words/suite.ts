import { randomStream } from "../../util/random.ts";
import {
  checkSuiteSize,
  type Example,
  type SuiteSize,
  type Task,
  type TaskSuite,
} from "../task.ts";
import { type Lexicon, lexicon, type Part } from "./lexicon.ts";
import { type Questions, questionsOf } from "./questions.ts";
import { answers, type Question, skillsOf, WORD_SKILLS, wordsFor } from "./word_skills.ts";

/** Settings of {@linkcode wordsSuite}. */
export interface WordsOptions extends SuiteSize {
  /**
   * Which words are tested: those used ten times or more in a million, those used less, or all. "all" when
   * absent. A task that has fewer such words than `n_test` is tested with all of them.
   */
  readonly test_words?: "all" | "frequent" | "rare";
  /** Whether an input opens with its task's name, as a prompt would. True when absent. */
  readonly name_in_input?: boolean;
  /** The run's seed; tasks come from its stream "tasks", examples from streams of each task. */
  readonly seed: number;
}

/**
 * Held-out tasks compose the skills of this many training tasks, the first: so they stay the same when
 * more tasks are trained on.
 */
const OPENING_TASKS = 12;

/**
 * Text-to-text tasks about English words that are known skills or compositions of two: an inflection, and
 * something to read from a word's sound or spelling, such as the rhyming part of the past tense.
 *
 * A held-out task composes skills that training tasks use, in a composition that neither training tasks nor
 * the pretraining of `data/words_base` ever ask for. No two tasks are the same in effect, and none is solved
 * for half of its words by one constant answer or by copying the word, save single skills. Test words, with
 * all their inflected forms, stand in no training and no pretraining; nor do validation words.
 *
 * @throws {RangeError} when a count is out of range, or there are too few different tasks or words
 */
export async function wordsSuite(options: WordsOptions): Promise<TaskSuite> {
  checkSuiteSize(options);
  const words = await lexicon();
  const { training, heldOut } = drawQuestions(options, questionsOf(words));
  const makeTask = (prefix: string) => (question: Question, i: number): Task => {
    const name = `${prefix}${String(i).padStart(2, "0")}`;
    return { name, skills: skillsOf(question), ...examplesOf(name, question, words, options) };
  };
  return {
    name: "words",
    skillNames: WORD_SKILLS,
    training: training.map(makeTask("t")),
    heldOut: heldOut.map(makeTask("h")),
  };
}

/** Draws different questions for training and for what is held out. */
function drawQuestions(
  { n_tasks, n_heldout_tasks, seed }: WordsOptions,
  { known, reserved, areAlike }: Questions,
): { training: Question[]; heldOut: Question[] } {
  const random = randomStream(seed, "tasks");
  const pool = random.shuffle(known);
  const training: Question[] = [];
  const covered = new Set<number>();
  const drawTraining = (): void => {
    const different = unlike(pool, training, areAlike);
    if (different.length === 0) throw tooFew("training tasks", n_tasks, training.length);
    // Tasks cover the skills in a random order, so that none is left out when there are enough.
    const uncovering = (question: Question) => skillsOf(question).some((s) => !covered.has(s));
    const question = different.find(uncovering) ?? different[0]!;
    training.push(question);
    for (const skill of skillsOf(question)) covered.add(skill);
  };
  for (let i = 0; i < Math.min(n_tasks, OPENING_TASKS); i++) drawTraining();
  const heldOut: Question[] = [];
  const possible = randomStream(seed, "heldout_tasks").shuffle(reserved)
    .filter((question) => skillsOf(question).every((skill) => covered.has(skill)));
  for (let i = 0; i < n_heldout_tasks; i++) {
    const [question] = unlike(possible, heldOut, areAlike);
    if (question === undefined) throw tooFew("held-out tasks", n_heldout_tasks, heldOut.length);
    heldOut.push(question);
  }
  while (training.length < n_tasks) drawTraining();
  return { training, heldOut };
}

/** The questions that are, in effect, none of those drawn. */
function unlike(
  questions: readonly Question[],
  drawn: readonly Question[],
  areAlike: Questions["areAlike"],
): Question[] {
  return questions.filter((question) => !drawn.some((other) => areAlike(question, other)));
}

function tooFew(what: string, count: number, most: number): RangeError {
  return new RangeError(
    `Cannot make ${count} ${what} of English words as only ${most} of this seed differ: ask for ` +
      (what === "held-out tasks" ? "fewer, or train on more tasks" : "fewer"),
  );
}

/** Examples of a question, each part from its own words. */
function examplesOf(
  name: string,
  question: Question,
  words: Lexicon,
  { n_train, n_validation, n_test, test_words = "all", name_in_input = true, seed }: WordsOptions,
): Pick<Task, "train" | "validation" | "test"> {
  const asked = Map.groupBy(wordsFor(question, words), words.partOf);
  const take = (part: Part, count: number, isAsked: (word: string) => boolean = () => true) => {
    const chosen = (asked.get(part) ?? []).filter(isAsked);
    if (count > 0 && chosen.length === 0) {
      const skills = skillsOf(question).map((skill) => WORD_SKILLS[skill]).join(" and ");
      throw new RangeError(
        `Cannot make examples of ${skills} as there is no ${test_words} word to test it: set ` +
          `test_words to "all"`,
      );
    }
    return randomStream(seed, `examples/${name}/${part}`).shuffle(chosen).slice(0, count)
      .map((word): Example => ({
        input: name_in_input ? `${name}: ${word}` : word,
        targets: answers(question, word, words),
      }));
  };
  const isTested = (word: string) =>
    test_words === "all" || words.isFrequent(word) === (test_words === "frequent");
  return {
    train: take("training", n_train),
    validation: take("validation", n_validation),
    test: take("test", n_test, isTested),
  };
}
