/**
 * Evaluates a language model on tasks: loss and accuracy of given targets, and generated answers.
 */
import type { GenerateOptions } from "../models/generation/options.ts";
import { DEFAULTS } from "../models/generation/settings.ts";
import { UNSUPPORTED } from "../models/generation/unsupported.ts";
import * as tf from "../tf.ts";
import type { Example } from "../tasks/task.ts";
import type { MultiTaskModel } from "./multi_task_model.ts";
import { encodeExamples, encodePrompts, type Encoding, type TaskExample } from "./task_batch.ts";

/** Examples of one task for evaluation, with the id by which the model knows the task. */
export interface EvaluationTask<E = Example> {
  /** Name of the task, for messages. */
  readonly name: string;
  /** Index of the task in the model, from 0. */
  readonly taskId: number;
  /** Examples to evaluate on, at least one. */
  readonly examples: readonly E[];
}

/** Losses and accuracies of a model's predictions of the targets. */
export interface TokenScores {
  /** Mean cross-entropy per target token, in nats. */
  readonly loss: number;
  /** Share of target tokens that are the most likely one, in [0, 1]. */
  readonly tokenAccuracy: number;
}

/**
 * Mean loss and token accuracy of one task.
 *
 * @param batchSize number of examples in a batch; positive
 * @throws {RangeError} when the task has no examples
 */
export async function evaluateTokens(
  model: MultiTaskModel,
  task: EvaluationTask,
  encoding: Encoding,
  batchSize: number,
): Promise<TokenScores> {
  let [loss, right, tokens] = [0, 0, 0];
  for (const chunk of chunks(withTask(task), batchSize)) {
    const batch = encodeExamples(chunk, encoding);
    const [meanLoss, hits] = tf.tidy(() => {
      const { loss, logits } = model.forward(batch);
      // Logits of a decoder at one position predict the next.
      const shift = encoding.isEncoderDecoder ? 0 : 1;
      const labels = tf.tensor2d(batch.labels.map((row) => row.slice(shift)), undefined, "int32");
      const [B, M] = labels.shape;
      const best = tf.argMax(tf.slice(logits, [0, 0, 0], [B, M, logits.shape[2]]), -1);
      return [loss, tf.sum(tf.cast(tf.equal(best, labels), "int32"))];
    });
    const count = batch.labels.flat().filter((id) => id >= 0).length;
    loss += (await meanLoss!.data())[0]! * count;
    right += (await hits!.data())[0]!;
    tokens += count;
    tf.dispose([meanLoss!, hits!]);
  }
  return { loss: loss / tokens, tokenAccuracy: right / tokens };
}

/** How answers are generated. */
export interface AnswerOptions {
  /** Examples in a batch; positive. */
  readonly batchSize: number;
  /** Beams in generation; 1 is greedy. */
  readonly numBeams: number;
  /** What starts, ends and fills up answers; what the model's files say when absent. */
  readonly ids?: AnswerIds | undefined;
}

/** What starts, ends and fills up answers. */
export type AnswerIds = Pick<
  GenerateOptions,
  "eos_token_id" | "pad_token_id" | "decoder_start_token_id"
>;

/** Every setting of generation, said: what a base model's files ask for must not change its scores. */
const PLAIN: GenerateOptions = {
  ...DEFAULTS,
  ...Object.fromEntries(UNSUPPORTED.map((name) => [name, null])),
};

/**
 * The model's answers to all examples of all tasks, in order. A batch may hold several tasks.
 *
 * @returns for each task, one string per example
 */
export async function answer(
  model: MultiTaskModel,
  tasks: readonly EvaluationTask[],
  encoding: Encoding,
  options: AnswerOptions,
): Promise<string[][]> {
  const texts: string[] = [];
  for (const chunk of chunks(tasks.flatMap(withTask), options.batchSize)) {
    const prompts = encodePrompts(chunk, encoding);
    const ids = await model.generate({
      ...PLAIN,
      ...options.ids,
      ...prompts,
      max_new_tokens: encoding.maxTargetTokens,
      num_beams: options.numBeams,
    });
    const start = encoding.isEncoderDecoder ? 0 : prompts.inputIds[0]!.length;
    for (const row of ids) {
      texts.push(encoding.tokenizer.decode(row.slice(start), { skipSpecialTokens: true }));
    }
  }
  let taken = 0;
  return tasks.map(({ examples }) => texts.slice(taken, taken += examples.length));
}

function withTask({ taskId, examples, name }: EvaluationTask): TaskExample[] {
  if (examples.length === 0) {
    throw new RangeError(`Cannot evaluate task "${name}" as it must have at least one example`);
  }
  return examples.map((example) => ({ taskId, example }));
}

function* chunks<T>(values: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < values.length; start += size) {
    yield values.slice(start, start + size);
  }
}
