import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { type CardFacts, modelCard } from "./model_card.ts";

const T5: CardFacts = {
  baseModel: "google/flan-t5-small",
  isTransformers: true,
  taskType: "SEQ_2_SEQ_LM",
  peftType: "POLY",
};

function front(card: string): Record<string, unknown> {
  const [, yaml] = /^---\n([\s\S]*?)\n---\n/.exec(card)!;
  return parse(yaml!);
}

Deno.test("modelCard() writes PEFT's front matter, more than 1,000 characters, PEFT's last lines", () => {
  const card = modelCard(T5);
  assert.ok(
    card.startsWith(
      "---\nbase_model: google/flan-t5-small\nlibrary_name: peft\ntags:\n" +
        "  - base_model:adapter:google/flan-t5-small\n  - transformers\n---\n\n# ",
    ),
    card.slice(0, 200),
  );
  assert.ok(card.length > 1000);
  assert.ok(card.endsWith("\n### Framework versions\n\n- PEFT 0.21.0"));
});

Deno.test("modelCard() says text-generation of a decoder, lora of LoRA, no base of a model without name", () => {
  assert.deepEqual(
    front(modelCard({ ...T5, baseModel: null, taskType: "CAUSAL_LM", peftType: "LORA" })),
    { library_name: "peft", pipeline_tag: "text-generation", tags: ["lora", "transformers"] },
  );
  const custom = { ...T5, baseModel: null, isTransformers: false, taskType: null };
  assert.deepEqual(front(modelCard(custom)), { library_name: "peft" });
});

Deno.test("modelCard() keeps what people wrote and is idempotent", () => {
  const existing = [
    "---",
    "meta: hello # mine",
    "pipeline_tag: summarization",
    "tags: [base_model:adapter:other, zebra]",
    "---",
    "Hello — a line ends here",
    "",
    "--- not a fence",
    "### Framework versions",
    "",
    "- PEFT 0.1.0",
    "Bye",
    "",
  ].join("\n");
  const card = modelCard({ ...T5, taskType: "CAUSAL_LM" }, existing);
  assert.deepEqual(front(card), {
    meta: "hello",
    pipeline_tag: "summarization",
    tags: ["base_model:adapter:google/flan-t5-small", "transformers", "zebra"],
    base_model: "google/flan-t5-small",
    library_name: "peft",
  });
  assert.match(card, /meta: hello # mine/);
  assert.ok(card.endsWith(
    "---\nHello — a line ends here\n\n--- not a fence\n### Framework versions\n\n- PEFT 0.21.0\n- PEFT 0.1.0\nBye",
  ));
  assert.equal(modelCard({ ...T5, taskType: "CAUSAL_LM" }, card), card);
});

Deno.test("modelCard() updates a card without front matter, an empty one, and one with Windows lines", () => {
  for (const [existing, text] of [["My words", "My words\n"], ["", ""], ["---\n---\nx", "x\n"]]) {
    const card = modelCard(T5, existing);
    assert.equal(front(card)["library_name"], "peft");
    assert.ok(card.endsWith(`---\n${text}### Framework versions\n\n- PEFT 0.21.0`), card);
  }
  const card = modelCard(T5, "---\r\nmeta: hello\r\n---\r\nMy words\r\n");
  assert.equal(front(card)["meta"], "hello");
  assert.match(card, /\nMy words\n### Framework/);
});

Deno.test("modelCard() quotes a base model whose name YAML would read otherwise", () => {
  for (const baseModel of ["null", "1.0", "a: b", "- x", "C:\\models\\t5", "#t5", "'"]) {
    assert.equal(front(modelCard({ ...T5, baseModel }))["base_model"], baseModel);
  }
});

Deno.test("modelCard() throws SyntaxError when the front matter is not a mapping", () => {
  assert.throws(() => modelCard(T5, "---\n- a\n---\n"), {
    name: "SyntaxError",
    message: /must be a YAML mapping: found \["a"\]/,
  });
  assert.throws(() => modelCard(T5, "---\na: [\n---\n"), { name: "SyntaxError" });
});

Deno.test("modelCard() updates any text once and for all, or refuses it", () => {
  const line = fc.constantFrom(
    "---",
    "a: 1",
    "- b",
    "tags: [x]",
    "",
    " ",
    "text",
    "a: 1\r",
    "# c",
    "x: [",
  );
  fc.assert(fc.property(fc.array(line, { maxLength: 7 }), (lines) => {
    let card: string;
    try {
      card = modelCard(T5, lines.join("\n"));
    } catch (error) {
      assert.ok(error instanceof SyntaxError, String(error));
      return;
    }
    assert.equal(front(card)["library_name"], "peft");
    assert.equal(modelCard(T5, card), card);
  }));
});
