/** How many of the texts of a suite a model reads and learns whole. */
import type { TaskSuite } from "../tasks/task.ts";
import { isInstanceWhole } from "./fit_input.ts";
import { type Encoding, isTargetWhole } from "./task_batch.ts";

/** Shares of examples, in [0, 1]. */
export interface WholeShares {
  /** Share of examples whose instance is read whole, with or without the definition of their task. */
  readonly whole_instances: number;
  /** Share of examples whose first target is learned whole. */
  readonly whole_targets: number;
}

/** Examples of each part of a task that are looked at, as a suite may have millions. */
const LOOKED_AT = 256;

/**
 * Counts what is not cut away by `max_input_tokens` and `max_target_tokens`, over the first 256 training,
 * validation and test examples of every task.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { ByteTokenizer } from "../models/tokenizers/byte_tokenizer.ts";
 *
 * const train = ["a", "abcd"].map((input) => ({ input, targets: ["yes"] }));
 * const suite = { name: "s", training: [{ name: "t", train, validation: [], test: [] }], heldOut: [] };
 * const encoding = { tokenizer: new ByteTokenizer(), isEncoderDecoder: true, maxInputTokens: 4 };
 * assert.deepEqual(wholeShares(suite, { ...encoding, maxTargetTokens: 4 }), {
 *   whole_instances: 0.5,
 *   whole_targets: 1,
 * });
 * ```
 */
export function wholeShares(suite: TaskSuite, encoding: Encoding): WholeShares {
  const { tokenizer, maxInputTokens } = encoding;
  const examples = [...suite.training, ...suite.heldOut].flatMap(({ train, validation, test }) =>
    [train, validation, test].flatMap((part) => part.slice(0, LOOKED_AT))
  );
  const share = (count: number) => count / examples.length;
  return {
    whole_instances: share(
      examples.filter((example) => isInstanceWhole(example, tokenizer, maxInputTokens)).length,
    ),
    whole_targets: share(
      examples.filter(({ targets }) => isTargetWhole(targets[0]!, encoding)).length,
    ),
  };
}
