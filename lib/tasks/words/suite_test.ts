import assert from "node:assert/strict";
import { randomStream } from "../../util/random.ts";
import { lexicon, type Part } from "./lexicon.ts";
import { nameOf, wordsPretraining } from "./pretraining.ts";
import { questionsOf } from "./questions.ts";
import { wordsSuite } from "./suite.ts";
import { answers, type Question, QUESTIONS, skillsOf, WORD_SKILLS } from "./word_skills.ts";

const SMALL = { n_tasks: 16, n_heldout_tasks: 9, n_train: 5, n_validation: 3, n_test: 4, seed: 1 };

/** Questions by the names of their skills. */
const BY_NAME = new Map(QUESTIONS.map((question) => [nameOf(question), question]));

function questionWith(skills: readonly number[]): Question {
  return QUESTIONS.find((question) => skillsOf(question).join() === skills.join())!;
}

Deno.test("wordsSuite() answers each part of a task from words of that part alone", async () => {
  const words = await lexicon();
  const { training, heldOut, skillNames } = await wordsSuite(SMALL);
  assert.equal(skillNames, WORD_SKILLS);
  for (const task of [...training, ...heldOut]) {
    const parts: [Part, typeof task.train][] = [
      ["training", task.train],
      ["validation", task.validation],
      ["test", task.test],
    ];
    for (const [part, examples] of parts) {
      assert.ok(examples.length > 0);
      for (const { input, targets } of examples) {
        const [name, word] = input.split(": ") as [string, string];
        assert.equal(name, task.name);
        assert.equal(words.partOf(word), part);
        assert.deepEqual(targets, answers(questionWith(task.skills!), word, words));
      }
    }
  }
});

Deno.test("wordsSuite() holds out compositions of trained skills, none like another task", async () => {
  const words = await lexicon();
  const { known, reserved, areAlike } = questionsOf(words);
  for (let seed = 0; seed < 5; seed++) {
    const { training, heldOut } = await wordsSuite({ ...SMALL, seed });
    const covered = new Set(training.flatMap(({ skills }) => skills!));
    const drawn = [...training, ...heldOut].map(({ skills }) => questionWith(skills!));
    drawn.forEach((question, i) => {
      assert.ok((i < training.length ? known : reserved).includes(question));
      assert.ok(!drawn.slice(0, i).some((other) => areAlike(question, other)));
    });
    for (const { skills } of heldOut) {
      assert.ok(skills!.length === 2 && skills!.every((skill) => covered.has(skill)));
    }
  }
});

Deno.test("wordsSuite() keeps its tasks when more are trained on, and draws others for another seed", async () => {
  const few = await wordsSuite({ ...SMALL, n_tasks: 13 });
  const more = await wordsSuite({ ...SMALL, n_tasks: 30 });
  assert.deepEqual(more.training.slice(0, 13), few.training);
  assert.deepEqual(more.heldOut, few.heldOut);
  assert.deepEqual(await wordsSuite(SMALL), await wordsSuite(SMALL));
  assert.notDeepEqual((await wordsSuite({ ...SMALL, seed: 2 })).training, few.training);
});

Deno.test("wordsSuite() tests frequent or rare words when asked, and nothing else changes", async () => {
  const { isFrequent } = await lexicon();
  const [frequent, rare] = await Promise.all(
    (["frequent", "rare"] as const).map((test_words) => wordsSuite({ ...SMALL, test_words })),
  );
  const wordOf = ({ input }: { input: string }) => input.split(": ")[1]!;
  frequent!.training.forEach((task, i) => {
    const other = rare!.training[i]!;
    assert.ok(task.test.map(wordOf).every(isFrequent));
    assert.ok(!other.test.map(wordOf).some(isFrequent));
    assert.deepEqual([task.train, task.validation], [other.train, other.validation]);
  });
  const unnamed = await wordsSuite({ ...SMALL, name_in_input: false });
  assert.match(unnamed.training[0]!.train[0]!.input, /^[a-z]{2,9}$/);
});

Deno.test("wordsSuite() refuses counts out of range and more tasks than differ", async () => {
  const refused = (options: Partial<typeof SMALL>, message: RegExp) =>
    assert.rejects(wordsSuite({ ...SMALL, ...options }), { name: "RangeError", message });
  await refused({ n_tasks: 0 }, /n_tasks must be an integer of at least 1: got 0/);
  await refused({ n_tasks: 99 }, /Cannot make 99 training tasks of English words as only \d\d of/);
  await refused({ n_heldout_tasks: 40 }, /Cannot make 40 held-out tasks .* train on more tasks/);
});

Deno.test("questionsOf() reserves nothing that is known in effect, and nothing trivial", async () => {
  const { known, reserved, areAlike } = questionsOf(await lexicon());
  const named = (name: string) => BY_NAME.get(name)!;
  assert.ok(reserved.includes(named("pas rhy")), "the rhyming part of the past");
  assert.ok(areAlike(named("plu"), named("thi")), "plural and third person are spelled alike");
  assert.ok(!areAlike(named("plu"), named("pas")));
  const asked = [...known, ...reserved];
  for (const name of ["ger end", "sup end", "pas fir", "plu syl"]) {
    assert.ok(!asked.includes(named(name)), name);
  }
  assert.ok(!reserved.some((question) => known.some((other) => areAlike(question, other))));
});

Deno.test("wordsPretraining() asks training words for known questions alone", async () => {
  const words = await lexicon();
  const { known } = questionsOf(words);
  const next = wordsPretraining({ denoising: 0, pairs: 0.5 }, randomStream(1, "x"), words);
  const sizes = [0, 0, 0];
  for (let i = 0; i < 400; i++) {
    const { input, targets } = next();
    const [name, word] = input.split(": ") as [string, string];
    const question = BY_NAME.get(name)!;
    assert.ok(known.includes(question));
    assert.equal(words.partOf(word), "training");
    assert.deepEqual(targets, answers(question, word, words));
    sizes[skillsOf(question).length]!++;
  }
  assert.ok(sizes[1]! > 150 && sizes[2]! > 150, `sizes ${sizes}`);
});

Deno.test("wordsPretraining() masks a span of training words that the target restores", async () => {
  const words = await lexicon();
  const next = wordsPretraining({ denoising: 1, pairs: 0 }, randomStream(2, "x"), words);
  for (let i = 0; i < 50; i++) {
    const { input, targets } = next();
    const text = input.replace("_", targets[0]!);
    assert.ok(text.split(" ").every((word) => words.partOf(word) === "training"), text);
  }
});
