import assert from "node:assert/strict";
import fc from "fast-check";
import { onEachBackend } from "../../testing/on_each_backend.ts";
import {
  tableCall,
  tableLogits,
  tableModel,
  type TableOptions,
} from "../../testing/models/table_model.ts";
import { type Beam, type BeamOptions, beamSearch } from "./beam_search.ts";
import { Decoding } from "./decoding.ts";
import { minLength } from "./processors/forced_tokens.ts";
import type { LogitsProcessor } from "./processors/processor.ts";
import { bestToken, sample } from "./sampling.ts";

const ROWS = [[4, 5, 6], [2, 3, 2]];

async function start(table: TableOptions, copies: number, rows = ROWS): Promise<Decoding> {
  const prompt = { inputIds: rows, attentionMask: rows.map((row) => row.map(() => 1)) };
  return await Decoding.start(tableModel(table), prompt, tableCall([...rows.keys()]), { copies });
}

async function search(
  table: TableOptions,
  options: BeamOptions,
  max_new_tokens: number,
  { rows = ROWS, processors = [] as LogitsProcessor[] } = {},
): Promise<readonly (readonly Beam[])[]> {
  const decoding = await start(table, options.num_beams, rows);
  const limits = { max_new_tokens, eos: table.eos ?? [1] };
  const found = await beamSearch(decoding, processors, limits, options);
  decoding.dispose();
  return found;
}

/** log p(token | history), in double precision. */
function logProbability(table: TableOptions, history: readonly number[], token: number): number {
  const logits = tableLogits(table, 0, history);
  return logits[token]! - Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
}

/** Every sequence that ends within `length` tokens, with its log-probability. */
function exhaust(table: TableOptions, prompt: readonly number[], length: number): Beam[] {
  const ended: Beam[] = [];
  const extend = (tokens: readonly number[], score: number) => {
    for (let token = 0; token < table.vocabSize; token++) {
      const next = [...tokens, token];
      const sum = score + logProbability(table, [...prompt, ...tokens], token);
      if ((table.eos ?? [1]).includes(token) || next.length === length) {
        ended.push({ tokens: next, score: sum });
      } else extend(next, sum);
    }
  };
  extend([], 0);
  return ended;
}

const settings = fc.record({
  table: fc.record({
    isEncoderDecoder: fc.constant(false),
    vocabSize: fc.integer({ min: 7, max: 13 }),
    seed: fc.nat(999),
    eosBias: fc.constantFrom(-3, 0, 2, 4),
    eos: fc.constantFrom<number[]>([1], [1, 4], []),
  }),
  options: fc.record({
    num_beams: fc.integer({ min: 1, max: 4 }),
    length_penalty: fc.constantFrom(-1, 0, 0.7, 1, 2),
    early_stopping: fc.constantFrom(true, false, "never" as const),
  }),
  length: fc.integer({ min: 1, max: 6 }),
});

for (const length_penalty of [0, 1, 2]) {
  onEachBackend(
    `beamSearch() with beams for everything is exhaustive search, length penalty ${length_penalty}`,
    async () => {
      for (const seed of [3, 4, 5]) {
        const table = { isEncoderDecoder: false, vocabSize: 3, seed, eosBias: 1 };
        const options = { num_beams: 27, length_penalty, early_stopping: "never" as const };
        const found = await search(table, options, 4);
        for (const [row, prompt] of ROWS.entries()) {
          const best = exhaust(table, prompt, 4)
            .map(({ tokens, score }) => ({
              tokens,
              score: score / tokens.length ** length_penalty,
            }))
            .sort((a, b) => b.score - a.score);
          assert.deepEqual(
            found[row]!.slice(0, 5).map(({ tokens }) => tokens),
            best.slice(0, 5).map(({ tokens }) => tokens),
          );
        }
      }
    },
    { only: ["cpu"] },
  );
}

onEachBackend(
  "beamSearch() with one beam that stops at its first end is greedy search",
  async () => {
    await fc.assert(
      fc.asyncProperty(settings, async ({ table, options, length }) => {
        const one = { ...options, num_beams: 1, early_stopping: true };
        const found = await search(table, one, length);
        const decoding = await start(table, 1);
        const greedy = await sample(
          decoding,
          bestToken,
          [],
          { max_new_tokens: length, eos: table.eos },
          () => -1,
        );
        decoding.dispose();
        assert.deepEqual(
          found.map((row) => row[0]!.tokens),
          greedy.map((row) => row.filter((token) => token >= 0)),
        );
      }),
      { numRuns: 40, seed: 1 },
    );
  },
  { only: ["cpu"] },
);

onEachBackend("beamSearch() returns distinct ended sequences by falling score", async () => {
  await fc.assert(
    fc.asyncProperty(settings, async ({ table, options, length }) => {
      const found = await search(table, options, length);
      for (const [row, beams] of found.entries()) {
        assert.equal(beams.length, options.num_beams);
        assert.equal(new Set(beams.map(({ tokens }) => `${tokens}`)).size, beams.length);
        for (const [rank, { tokens, score }] of beams.entries()) {
          assert.ok(rank === 0 || score <= beams[rank - 1]!.score, "scores fall");
          const ends = tokens.map((token) => table.eos.includes(token));
          assert.ok(!ends.slice(0, -1).includes(true), "nothing follows the end");
          assert.ok(ends.at(-1) || tokens.length === length, "a sequence ends or is full");
          const sum = tokens.reduce(
            (sum, token, i) =>
              sum + logProbability(table, [...ROWS[row]!, ...tokens.slice(0, i)], token),
            0,
          );
          const expected = sum / tokens.length ** options.length_penalty;
          assert.ok(Math.abs(score - expected) <= 1e-4 * Math.abs(expected) + 1e-6);
        }
      }
    }),
    { numRuns: 60, seed: 2 },
  );
}, { only: ["cpu"] });

onEachBackend("beamSearch() finds for a row what it finds for that row alone", async () => {
  await fc.assert(
    fc.asyncProperty(settings, async ({ table, options, length }) => {
      const together = await search(table, options, length);
      for (const [row, prompt] of ROWS.entries()) {
        const [alone] = await search(table, options, length, { rows: [prompt] });
        assert.deepEqual(together[row], alone);
      }
    }),
    { numRuns: 40, seed: 3 },
  );
}, { only: ["cpu"] });

onEachBackend("beamSearch() ends no sequence that a processor forbids to end", async () => {
  const table = { isEncoderDecoder: false, vocabSize: 9, seed: 6, eosBias: 6 };
  const options = { num_beams: 3, length_penalty: 1, early_stopping: true };
  const lengths = async (processors: LogitsProcessor[]) =>
    (await search(table, options, 6, { processors })).flat().map(({ tokens }) => tokens.length);
  assert.ok(Math.min(...await lengths([])) < 4, "without it sequences end early");
  assert.ok(Math.min(...await lengths([minLength(3 + ROWS[0]!.length, [1])])) >= 4);
}, { only: ["cpu"] });
