import assert from "node:assert/strict";
import { lexicon, makeLexicon, type Part } from "./lexicon.ts";
import { INFLECTIONS } from "./packages.ts";

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
  for (const form of ["goes", "going", "went", "gone"]) {
    if (form !== "gone") assert.equal(partOf(form), partOf("go"));
  }
  assert.equal(partOf("trudged"), partOf("trudging"));
  const share = (part: Part) => words.filter((word) => partOf(word) === part).length / words.length;
  for (const [part, wanted] of [["training", 0.7], ["validation", 0.1], ["test", 0.2]] as const) {
    assert.ok(Math.abs(share(part) - wanted) < 0.02, `${part} ${share(part)}`);
  }
  assert.ok(isFrequent("house") && !isFrequent("adder"));
});

Deno.test("makeLexicon() reads words, forms and pronunciations from the data it is given", () => {
  const { words, forms, sounds } = makeLexicon({
    pronunciations: {
      "lead": "L EH1 D",
      "lead(2)": "L IY1 D",
      "leads": "L IY1 D Z",
      "led": "L EH1 D",
      "rare": "R EH1 R",
    },
    counts: new Map([["lead", 90], ["leads", 30], ["leading", 25], ["led", 3], ["rare", 19]]),
    verbs: new Set(["lead"]),
    inflect: (inflection, word) =>
      ({ past: "led", gerund: `${word}ing`, comparative: `${word}er`, superlative: `${word}est` })[
        inflection as "past"
      ] ?? `${word}s`,
  });
  assert.deepEqual(words, ["lead", "leads"], "leading is not pronounced, led and rare are rare");
  assert.deepEqual([...forms.past], [["lead", "led"]], "a form may be rare");
  assert.equal(forms.gerund.size, 0);
  assert.equal(forms.plural.size, 0, "no word is known to be a noun");
  assert.deepEqual(sounds("lead"), [["L", "EH1", "D"], ["L", "IY1", "D"]]);
  assert.deepEqual(sounds("leading"), []);
});
