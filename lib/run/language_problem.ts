import type { LanguageModel } from "../models/base_model.ts";
import { type Example, trueAllocation } from "../tasks/task.ts";
import { trivialScores } from "../tasks/trivial_answers.ts";
import { evaluateTokens } from "../train/evaluate.ts";
import { encodeChoices } from "../train/choice_batch.ts";
import { withChoiceLoss } from "../train/choice_loss.ts";
import { T5_TYPES } from "../models/t5/config.ts";
import {
  cutTarget,
  encodeExamples,
  type Encoding,
  padAlike,
  type TaskBatch,
} from "../train/task_batch.ts";
import type { Seat } from "./company/company.ts";
import { wholeShares } from "../train/whole_shares.ts";
import type { RunConfig } from "./config.ts";
import { answerIds } from "./agreement.ts";
import { openBase } from "./open_base.ts";
import { revisionOf } from "./inputs.ts";
import { openSuite } from "./open_suite.ts";
import type { Problem } from "./problem.ts";
import { evaluateTasks } from "./score.ts";

/**
 * The tasks and the base model of a config whose suite is one of text.
 *
 * @param baseDir the folder that the base model is in, where that is known: the hub is not asked again
 * @param seat opens a base model that several runs use
 * @throws what {@linkcode openSuite} and {@linkcode openBase} throw
 */
export async function languageProblem(
  config: RunConfig,
  baseDir?: string,
  seat?: Pick<Seat, "openBase">,
): Promise<Problem<Example, TaskBatch, LanguageModel>> {
  const suite = await openSuite(config);
  const open = async () => {
    const options = {
      ...revisionOf(config),
      ...(baseDir === undefined ? {} : { foundIn: baseDir }),
    };
    const opened = await openBase(config.base_model, () => {}, options); // warnings go into the log
    return { ...opened, dispose: () => opened.base.dispose() };
  };
  const key = JSON.stringify([config.base_model, config.base_model_revision]);
  const { base, tokenizer, warnings, dispose } = await (seat?.openBase(key, open) ?? open());
  const allocation = trueAllocation(suite);
  const encoding: Encoding = {
    tokenizer,
    isEncoderDecoder: base.isEncoderDecoder,
    maxInputTokens: config.max_input_tokens,
    maxTargetTokens: config.max_target_tokens,
  };
  const { evaluation_batch_size: batchSize, num_beams: numBeams, further_scores: further } = config;
  const { unlikelihood, length_normalised_choice: lengthNormalisedChoice } = config;
  const ids = answerIds(tokenizer, base);
  return {
    base,
    warnings,
    suite,
    whole: wholeShares(suite, encoding),
    trivial: (shots, test) => trivialScores(shots, test, (answer) => cutTarget(answer, encoding)),
    truth: allocation === null ? null : [allocation],
    ...(unlikelihood + lengthNormalisedChoice === 0
      ? {
        trainable: (model) => model,
        encode: (examples) => encodeExamples(examples, encoding),
        ...(drops(base) ? {} : { alike: (batches) => padAlike(batches, base.isEncoderDecoder) }),
      }
      : {
        trainable: (model) =>
          withChoiceLoss(model, { unlikelihood, lengthNormalisedChoice }, base.isEncoderDecoder),
        encode: (examples) => encodeChoices(examples, encoding),
      }),
    loss: async (model, task) => (await evaluateTokens(model, task, encoding, batchSize)).loss,
    evaluate: (model, tasks) =>
      evaluateTasks(model, tasks, encoding, { batchSize, numBeams, ids, further }),
    dispose,
  };
}

/** Whether the base model draws random numbers in training, as many as a batch has places. */
function drops({ identity: { config } }: LanguageModel): boolean {
  const rates = Object.entries(config).filter(([name]) => /dropout/.test(name));
  const isT5 = (T5_TYPES as readonly unknown[]).includes(config.model_type);
  return rates.some(([, rate]) => rate !== 0) || (isT5 && config.dropout_rate === undefined);
}
