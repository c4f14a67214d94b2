/** All tests of the suite that need the packages: loading them takes a second, so it is done once. */
import assert from "node:assert/strict";
import { randomStream } from "../../util/random.ts";
import { lexicon, type Part } from "./lexicon.ts";
import { INFLECTIONS } from "./packages.ts";
import { nameOf, wordsPretraining } from "./pretraining.ts";
import { questionsOf } from "./questions.ts";
import { wordsSuite } from "./suite.ts";
import {
  answers,
  type Question,
  QUESTIONS,
  skillsOf,
  WORD_SKILLS,
  wordsFor,
} from "./word_skills.ts";

const SMALL = { n_tasks: 16, n_heldout_tasks: 9, n_train: 5, n_validation: 3, n_test: 4, seed: 1 };

/** Questions by the names of their skills. */
const BY_NAME = new Map(QUESTIONS.map((question) => [nameOf(question), question]));

function questionWith(skills: readonly number[]): Question {
  return QUESTIONS.find((question) => skillsOf(question).join() === skills.join())!;
}

Deno.test("lexicon() has the irregular forms of English, and asks for none that English does not have", async () => {
  const { forms, words } = await lexicon();
  const known = {
    plural: { mouse: "mice", child: "children", foot: "feet", person: "people", city: "cities" },
    past: { go: "went", think: "thought", take: "took", stop: "stopped", carry: "carried" },
    gerund: { run: "running", make: "making", die: "dying", see: "seeing" },
    third_person: { go: "goes", do: "does", have: "has", try: "tries", watch: "watches" },
    comparative: { good: "better", bad: "worse", big: "bigger", happy: "happier" },
    superlative: { good: "best", bad: "worst", nice: "nicest", far: "furthest" },
  };
  for (const inflection of INFLECTIONS) {
    for (const [word, form] of Object.entries(known[inflection])) {
      assert.equal(forms[inflection].get(word), form, `${inflection} of ${word}`);
    }
  }
  assert.ok(!forms.plural.has("arrive") && !forms.past.has("child"));
  assert.ok(!forms.comparative.has("run") && !forms.comparative.has("earn"));
  assert.ok(words.every((word) => /^[a-z]{2,9}$/.test(word)));
  assert.equal(new Set(words).size, words.length);
});

Deno.test("lexicon() keeps a word and all its forms in one part, and has enough of each", async () => {
  const { forms, words, partOf, isFrequent } = await lexicon();
  for (const inflection of INFLECTIONS) {
    for (const [word, form] of forms[inflection]) assert.equal(partOf(word), partOf(form));
  }
  for (const form of ["goes", "going", "went"]) {
    assert.equal(partOf(form), partOf("go"));
  }
  assert.equal(partOf("trudged"), partOf("trudging"));
  const share = (part: Part) => words.filter((word) => partOf(word) === part).length / words.length;
  for (const [part, wanted] of [["training", 0.7], ["validation", 0.1], ["test", 0.2]] as const) {
    assert.ok(Math.abs(share(part) - wanted) < 0.02, `${part} ${share(part)}`);
  }
  assert.ok(isFrequent("house") && !isFrequent("adder"));
});

Deno.test("answers() gives the sound, the spelling and the forms of known words", async () => {
  const words = await lexicon();
  const answer = (word: string, ...names: string[]) =>
    answers(questionWith(names.map((name) => WORD_SKILLS.indexOf(name))), word, words);
  assert.deepEqual(answer("mouse", "plural"), ["mice"]);
  assert.deepEqual(answer("mice", "pronunciation"), ["mYs"]);
  assert.deepEqual(answer("children", "pronunciation"), ["CIldrAn"]);
  assert.deepEqual(answer("banana", "syllables"), ["3"]);
  assert.deepEqual(answer("banana", "stress"), ["010"]);
  assert.deepEqual(answer("station", "rhyme"), ["eSAn"]);
  assert.deepEqual(answer("knee", "first_sound"), ["n"]);
  assert.deepEqual(answer("house", "ending"), ["use"]);
  assert.deepEqual(answer("house", "vowel_count"), ["3"]);
  assert.deepEqual(answer("house", "without_vowels"), ["hs"]);
  assert.deepEqual(answer("house", "sorted"), ["ehosu"]);
  assert.deepEqual(answer("house", "capitals"), ["HOUSE"]);
  assert.deepEqual(answer("house", "backwards"), ["esuoh"]);
  assert.deepEqual(answer("go", "past", "rhyme"), ["Ent"]);
  assert.deepEqual(answer("good", "comparative", "pronunciation"), ["bEtR"]);
  assert.deepEqual(answer("child", "plural", "backwards"), ["nerdlihc"]);
});

Deno.test("answers() takes each pronunciation of a word as right, once", async () => {
  const words = await lexicon();
  assert.deepEqual(answers(BY_NAME.get("fir")!, "read", words), ["r"]);
  assert.deepEqual(answers(BY_NAME.get("pro")!, "read", words).toSorted(), ["rEd", "rid"]);
});

Deno.test("answers() has one for every word that a question is asked of", async () => {
  const words = await lexicon();
  for (const question of QUESTIONS) {
    const asked = wordsFor(question, words);
    for (let i = 0; i < asked.length; i += 37) {
      const found = answers(question, asked[i]!, words);
      assert.ok(found.length > 0 && found.every((text) => text !== "" && !/undefined/.test(text)));
    }
  }
});

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
