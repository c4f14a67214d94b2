import assert from "node:assert/strict";
import { ByteTokenizer } from "./byte_tokenizer.ts";
import { callable } from "./callable.ts";

Deno.test("a tokenizer that is called gives what encode() and encodeBatch() give", () => {
  const plain = new ByteTokenizer();
  const tokenizer = callable(plain);
  const texts = ["abcd", "é", ""];
  assert.deepEqual(tokenizer(texts, { padding: true }), plain.encodeBatch(texts));
  assert.deepEqual(tokenizer(texts).inputIds, texts.map((text) => plain.encode(text)));
  assert.deepEqual(tokenizer(texts).attentionMask, [[1, 1, 1, 1, 1], [1, 1, 1], [1]]);
  const cut = { padding: true, truncation: true, max_length: 3, add_special_tokens: false };
  assert.deepEqual(
    tokenizer(texts, cut),
    plain.encodeBatch(texts, { maxLength: 3, addSpecialTokens: false }),
  );
  assert.deepEqual(
    tokenizer("abcd", { max_length: 2 }).inputIds,
    [plain.encode("abcd")],
    "is not cut",
  );
  assert.equal(tokenizer.decode([100, 101, 1], { skipSpecialTokens: true }), "ab");
  assert.deepEqual(
    [tokenizer.padId, tokenizer.eosId, tokenizer.bosId, tokenizer.unkId, tokenizer.vocabSize],
    [0, 1, null, 2, plain.vocabSize],
  );
  assert.throws(() => tokenizer("a", { truncation: true }), /max_length must be given/);
  assert.throws(
    () => tokenizer("a", { maxLength: 3 } as never),
    /option "maxLength" as there are padding/,
  );
});
