import { type RandomStream, randomStream } from "../util/random.ts";
import { applySkills, STRING_SKILLS } from "./string_skills.ts";
import { checkSuiteSize, type Example, type SuiteSize, type Task, type TaskSuite } from "./task.ts";

/** Settings of {@linkcode skillsSuite}. */
export interface SkillsOptions extends SuiteSize {
  /** Most skills in one training task; held-out tasks have at least two. 2 when absent. */
  readonly max_skills?: number;
  /** Whether an input opens with its task's name, as a prompt would. True when absent. */
  readonly name_in_input?: boolean;
  /** The run's seed; tasks come from its stream "tasks", examples from one stream per task. */
  readonly seed: number;
}

const LETTERS = "abcdefghijklmnoprstu";
const SHORTEST = 3;
const LONGEST = 6;

/**
 * Text-to-text tasks that are compositions of known string skills.
 *
 * Every skill stands in some training task as long as there are enough of them. A held-out task
 * composes skills that training tasks use, in a combination that no training task has. So the true
 * allocation of skills to tasks is known, and adapting to a held-out task means recombining.
 *
 * @throws {RangeError} when a count is out of range, or the skills have too few combinations
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const suite = skillsSuite({
 *   n_tasks: 16, n_heldout_tasks: 4, n_train: 8, n_validation: 2, n_test: 3, seed: 0,
 * });
 * assert.equal(suite.training.length, 16);
 * assert.match(suite.training[0]!.train[0]!.input, /^t00: [a-u]{3,6}$/);
 * ```
 */
export function skillsSuite(options: SkillsOptions): TaskSuite {
  checkSuiteSize(options);
  const { n_tasks, n_heldout_tasks, max_skills = 2, name_in_input = true, seed } = options;
  const { training, heldOut } = compositions(n_tasks, n_heldout_tasks, max_skills, seed);
  const digits = Math.max(2, String(n_tasks + n_heldout_tasks - 1).length);
  const makeTask = (skills: readonly number[], index: number): Task => {
    const name = `t${String(index).padStart(digits, "0")}`;
    const examples = exampleStream(name, skills, name_in_input, seed);
    const take = (count: number) => Array.from({ length: count }, examples);
    return {
      name,
      skills,
      train: take(options.n_train),
      validation: take(options.n_validation),
      test: take(options.n_test),
    };
  };
  return {
    name: "skills",
    skillNames: STRING_SKILLS.map(({ name }) => name),
    training: training.map(makeTask),
    heldOut: heldOut.map((skills, i) => makeTask(skills, n_tasks + i)),
  };
}

/** Draws different combinations of skills for training and for what is held out. */
function compositions(
  nTasks: number,
  nHeldOut: number,
  maxSkills: number,
  seed: number,
): { training: number[][]; heldOut: number[][] } {
  const nSkills = STRING_SKILLS.length;
  if (!Number.isSafeInteger(maxSkills) || maxSkills < 1 || maxSkills > nSkills) {
    throw new RangeError(
      `Cannot compose skills as max_skills must be in [1, ${nSkills}]: got ${maxSkills}`,
    );
  }
  const random = randomStream(seed, "tasks");
  const training: number[][] = [];
  const seen = new Set<string>();
  const add = (list: number[][], skills: number[]): boolean => {
    const key = skills.join();
    if (seen.has(key)) return false;
    seen.add(key);
    list.push(skills);
    return true;
  };
  // First a cover: every skill in turn, paired with another, so that none is left out.
  const uncovered = random.shuffle(STRING_SKILLS.map((_, skill) => skill));
  let tries = 0;
  const limit = 1000 * (nTasks + nHeldOut + nSkills);
  while (training.length < nTasks) {
    if (++tries > limit) throw tooFew(nTasks, maxSkills);
    const first = uncovered.length > 0 ? uncovered[0]! : random.integer(nSkills);
    const size = 1 + random.integer(maxSkills);
    if (add(training, subset(first, size, random, nSkills))) {
      for (const skill of training.at(-1)!) {
        if (uncovered.includes(skill)) uncovered.splice(uncovered.indexOf(skill), 1);
      }
    }
  }
  const known = [...new Set(training.flat())].sort((a, b) => a - b);
  const heldOut: number[][] = [];
  while (heldOut.length < nHeldOut) {
    if (++tries > 2 * limit || known.length < 2) throw tooFew(nHeldOut, maxSkills);
    const size = 2 + random.integer(Math.max(1, maxSkills - 1));
    const positions = subset(random.integer(known.length), size, random, known.length);
    add(heldOut, positions.map((position) => known[position]!));
  }
  return { training, heldOut };
}

function tooFew(count: number, maxSkills: number): RangeError {
  return new RangeError(
    `Cannot make ${count} different tasks of at most ${maxSkills} of ${STRING_SKILLS.length} ` +
      `skills: raise max_skills, or ask for fewer tasks`,
  );
}

/** A sorted subset of `size` of [0, `of`) that holds `first`. */
function subset(first: number, size: number, random: RandomStream, of: number): number[] {
  const others = random.shuffle(Array.from({ length: of }, (_, i) => i).filter((i) => i !== first));
  return [first, ...others.slice(0, size - 1)].sort((a, b) => a - b);
}

/** An endless source of examples with different words. */
function exampleStream(
  name: string,
  skills: readonly number[],
  nameInInput: boolean,
  seed: number,
): () => Example {
  const random = randomStream(seed, `examples/${name}`);
  const seen = new Set<string>();
  return () => {
    for (;;) {
      const length = SHORTEST + random.integer(LONGEST - SHORTEST + 1);
      const word = Array.from({ length }, () => LETTERS[random.integer(LETTERS.length)]).join("");
      const target = applySkills(skills, word);
      if (seen.has(word) || target === "") continue;
      seen.add(word);
      return { input: nameInInput ? `${name}: ${word}` : word, targets: [target] };
    }
  };
}
