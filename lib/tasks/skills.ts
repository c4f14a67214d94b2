import { type RandomStream, randomStream } from "../util/random.ts";
import { drawWord, functionOf, isRedundant } from "./skill_function.ts";
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

/**
 * Held-out tasks compose the skills of this many training tasks, the first: so they stay the same when
 * more tasks are trained on.
 */
const OPENING_TASKS = 8;

/**
 * Text-to-text tasks that are compositions of known string skills.
 *
 * Every skill stands in some training task as long as there are enough of them. A held-out task
 * composes skills that training tasks use, in a combination that no training task has, and stays the
 * same when there are more than eight training tasks. So the true allocation of skills to tasks is
 * known, and adapting to a held-out task means recombining.
 *
 * No two tasks are the same function of words, and no task has a skill without effect, such as reversing
 * before sorting. The base model in `data/base` was pretrained on all pairs of skills under their names,
 * the held-out pairs too: what is new about a held-out task is its name, not what it computes.
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
  const makeTask = (prefix: string) => (skills: readonly number[], i: number): Task => {
    const name = `${prefix}${String(i).padStart(2, "0")}`;
    const examples = exampleStream(name, skills, name_in_input, seed);
    const take = (size: number) => Array.from({ length: size }, examples);
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
    training: training.map(makeTask("t")),
    heldOut: heldOut.map(makeTask("h")),
  };
}

/** Draws combinations of skills, no two the same function, for training and for what is held out. */
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
  const seen = new Set<string>();
  /** Draws until a combination is a new function. */
  const draw = (what: number, propose: () => number[]): number[] => {
    for (let tries = 0; tries < 10_000; tries++) {
      const skills = propose();
      const computed = functionOf(skills);
      if (seen.has(computed) || isRedundant(skills)) continue;
      seen.add(computed);
      return skills;
    }
    throw tooFew(what, maxSkills);
  };
  // Training tasks cover the skills in a random order, so that none is left out when there are enough.
  const uncovered = random.shuffle(STRING_SKILLS.map((_, skill) => skill));
  const drawTraining = (): number[] => {
    const skills = draw(nTasks, () => {
      const first = uncovered[0] ?? random.integer(nSkills);
      return subset(first, 1 + random.integer(maxSkills), random, nSkills);
    });
    for (const skill of skills) {
      if (uncovered.includes(skill)) uncovered.splice(uncovered.indexOf(skill), 1);
    }
    return skills;
  };
  const opening = Array.from({ length: Math.min(nTasks, OPENING_TASKS) }, drawTraining);
  const known = [...new Set(opening.flat())].sort((a, b) => a - b);
  if (nHeldOut > 0 && known.length < 2) throw tooFew(nHeldOut, maxSkills);
  const randomHeldOut = randomStream(seed, "heldout_tasks");
  const heldOut = Array.from({ length: nHeldOut }, () =>
    draw(nHeldOut, () => {
      const size = 2 + randomHeldOut.integer(Math.max(1, maxSkills - 1));
      const first = randomHeldOut.integer(known.length);
      return subset(first, size, randomHeldOut, known.length).map((position) => known[position]!);
    }));
  const rest = Array.from({ length: nTasks - opening.length }, drawTraining);
  return { training: [...opening, ...rest], heldOut };
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
      const word = drawWord(random);
      const target = applySkills(skills, word);
      if (seen.has(word) || target === "") continue;
      seen.add(word);
      const before = nameInInput ? `${name}: ` : "";
      const instance = [before.length, before.length + word.length] as const;
      return { input: `${before}${word}`, targets: [target], instance };
    }
  };
}
