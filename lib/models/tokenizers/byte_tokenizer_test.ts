import assert from "node:assert/strict";
import fc from "fast-check";
import { anyText } from "../../testing/any_text.ts";
import { ByteTokenizer } from "./byte_tokenizer.ts";

const tokenizer = new ByteTokenizer();

// The expected values are those of ByT5Tokenizer() of transformers 5.17.0.

Deno.test("ByteTokenizer has ByT5's ids", () => {
  const { padId, eosId, bosId, unkId, vocabSize } = tokenizer;
  assert.deepEqual([padId, eosId, bosId, unkId, vocabSize], [0, 1, null, 2, 384]);
  assert.deepEqual(tokenizer.encode("<extra_id_0><extra_id_124>"), [259, 383, 1]);
});

Deno.test("encode() agrees with ByT5Tokenizer on bytes, special tokens and the spaces beside", () => {
  const cases: [string, number[]][] = [
    ["", [1]],
    ["héllo €😀", [107, 198, 172, 111, 111, 114, 35, 229, 133, 175, 243, 162, 155, 131, 1]],
    [" a </s> b", [35, 100, 1, 101, 1]],
    ["</s>", [1]],
    ["a</s></s>", [100, 1, 1]],
    ["x <extra_id_0> y<extra_id_124>", [123, 35, 259, 35, 124, 383, 1]],
    ["<pad>\u0085\x1c a", [0, 100, 1]],
    ["<pad>\ufeffa", [0, 242, 190, 194, 100, 1]],
    ["a<unk> b", [100, 2, 101, 1]],
    ["\x00\n", [3, 13, 1]],
    ["<extra_id_125>", [63, 104, 123, 119, 117, 100, 98, 108, 103, 98, 52, 53, 56, 65, 1]],
  ];
  for (const [text, ids] of cases) assert.deepEqual(tokenizer.encode(text), ids, text);
  assert.deepEqual(tokenizer.encode("a</s>", { addSpecialTokens: false }), [100, 1]);
});

Deno.test("encode() cuts the end of a text off and keeps its </s>", () => {
  assert.deepEqual(tokenizer.encode("abcd", { maxLength: 3 }), [100, 101, 1]);
  assert.deepEqual(tokenizer.encode("ab", { maxLength: 3 }), [100, 101, 1]);
  assert.deepEqual(tokenizer.encode("abcd", { maxLength: 1 }), [1]);
  assert.deepEqual(tokenizer.encode("</s></s>a", { maxLength: 2 }), [1]);
  assert.deepEqual(tokenizer.encode("abcd", { maxLength: 3, addSpecialTokens: false }), [
    100,
    101,
    102,
  ]);
  for (const maxLength of [0, -1, 1.5, NaN]) {
    assert.throws(() => tokenizer.encode("a", { maxLength }), RangeError);
  }
});

Deno.test("encode() refuses half of a surrogate pair, as UTF-8 has none", () => {
  assert.throws(() => tokenizer.encode("a\ud83d"), {
    name: "RangeError",
    message: `Cannot encode a text as it must be well-formed Unicode: ` +
      `found half of a surrogate pair in "a\\ud83d"`,
  });
});

Deno.test("encodeBatch() fills rows up on the side asked for", () => {
  assert.deepEqual(tokenizer.encodeBatch(["abcd", "é"]), {
    inputIds: [[100, 101, 102, 103, 1], [198, 172, 1, 0, 0]],
    attentionMask: [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]],
  });
  assert.deepEqual(tokenizer.encodeBatch(["abcd", "é"], { padSide: "left", maxLength: 4 }), {
    inputIds: [[100, 101, 102, 1], [0, 198, 172, 1]],
    attentionMask: [[1, 1, 1, 1], [0, 1, 1, 1]],
  });
  assert.deepEqual(tokenizer.encodeBatch([]), { inputIds: [], attentionMask: [] });
});

Deno.test("decode() agrees with ByT5Tokenizer on special tokens and broken bytes", () => {
  const cases: [number[], string, string][] = [
    [[], "", ""],
    [[68, 1, 0, 0], "A</s><pad><pad>", "A"],
    [[68, 259, 260, 383, 2], "A<extra_id_0><extra_id_1><extra_id_124><unk>", "A"],
    [[198, 68], "A", "A"],
    [[229, 133, 1, 175], "</s>", "€"],
    [[243, 162, 68, 131], "A", "A"],
    [[240, 163, 131, 70], "C", "C"],
    [[242, 190, 194, 70], "\ufeffC", "\ufeffC"],
    [[242, 194, 192, 255, 70], "\ufffdC", "\ufffdC"],
  ];
  for (const [ids, text, plain] of cases) {
    assert.equal(tokenizer.decode(ids), text);
    assert.equal(tokenizer.decode(ids, { skipSpecialTokens: true }), plain);
  }
});

Deno.test("decode() refuses ids that are none", () => {
  for (const id of [384, -1, 1.5, NaN]) {
    assert.throws(() => tokenizer.decode([68, id]), {
      name: "RangeError",
      message: `Cannot decode id ${id} as ids of bytes must be in [0, 384)`,
    });
  }
});

Deno.test("decode() gives back any text without special tokens", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      fc.pre(!/<(pad|\/s|unk|extra_id_\d+)>/.test(text));
      const ids = tokenizer.encode(text);
      assert.equal(tokenizer.decode(ids, { skipSpecialTokens: true }), text);
      assert.equal(ids.length, new TextEncoder().encode(text).length + 1);
    }),
    { numRuns: 50 },
  );
});
