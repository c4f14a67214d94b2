import type { LanguageModel } from "../models/base_model.ts";
import { seededNoise } from "../ops/noise.ts";
import { PeftModel } from "../peft/peft_model.ts";
import { answerIds } from "../run/agreement.ts";
import type { OpenBase } from "../run/open_base.ts";
import { answer, type AnswerIds, evaluateTokens } from "../train/evaluate.ts";
import type { MultiTaskModel } from "../train/multi_task_model.ts";
import { encodeExamples, type Encoding } from "../train/task_batch.ts";
import { train } from "../train/train.ts";
import { counted } from "../util/words.ts";
import { takeFiles } from "./page_files.ts";
import { canRouteByHand, RoutingByHand } from "./routing_by_hand.ts";

/** A question and the answer that is wanted. */
export interface Pair {
  readonly input: string;
  readonly target: string;
}

/** How routing is adapted to a few examples. */
export interface AdaptSettings {
  /** Number of steps, each on all examples. */
  readonly steps: number;
  /** Learning rate of the routing logits. */
  readonly learningRate: number;
}

/** The most tokens of an input and of an answer. */
const LONGEST = { maxInputTokens: 512, maxTargetTokens: 64 };

/** A base model and an adapter on it: what the page does, without how it looks. */
export class Session {
  readonly #open: OpenBase;
  readonly #encoding: Encoding;
  readonly #ids: AnswerIds;
  readonly #model: PeftModel<LanguageModel>;

  private constructor(
    open: OpenBase,
    model: PeftModel<LanguageModel>,
    /** The task whose routing is set here; null where the adapter's routing cannot be set. */
    readonly byHand: RoutingByHand | null,
    /** Number of tasks that the adapter came with. */
    readonly nTasks: number,
  ) {
    this.#open = open;
    this.#model = model;
    this.#encoding = {
      tokenizer: open.tokenizer,
      isEncoderDecoder: open.base.isEncoderDecoder,
      ...LONGEST,
    };
    this.#ids = answerIds(open.tokenizer, open.base);
  }

  /**
   * Puts an adapter on a base model, and gives it one more task where its routing can be set.
   *
   * @param dir the adapter's folder
   * @param onWarning told what is worth knowing about its files
   * @throws as {@linkcode PeftModel.fromPretrained}
   */
  static async start(
    open: OpenBase,
    dir: string,
    onWarning: (message: string) => void,
  ): Promise<Session> {
    const model = await PeftModel.fromPretrained(open.base, dir, { onWarning });
    const nTasks = model.adapters.get("default")!.config.n_tasks;
    const byHand = canRouteByHand(model) ? await RoutingByHand.add(model) : null;
    return new Session(open, model, byHand, nTasks);
  }

  /** One line about the adapter that came. */
  get description(): string {
    const [, all] = this.#model.getNbTrainableParameters();
    const { n_skills, n_splits, r } = this.#model.adapters.get("default")!.config;
    const counts = [
      counted(this.nTasks, "task"),
      counted(n_skills, "skill"),
      counted(n_splits, "split"),
      `rank ${r}`,
      `${quantity(all - this.#open.base.parameters.size)} parameters`,
    ];
    return counts.join(", ");
  }

  /** The answers to a question, one for each task; null stands for the base model without the adapter. */
  async answers(input: string, tasks: readonly (number | null)[]): Promise<string[]> {
    const question = { input, targets: [""] };
    const ask = async (ids: readonly number[]) => {
      const rows = ids.map((taskId) => ({ name: `${taskId}`, taskId, examples: [question] }));
      const how = { batchSize: 16, numBeams: 1, ids: this.#ids };
      return (await answer(this.#asked, rows, this.#encoding, how)).map(([text]) => text!);
    };
    const routed = await ask(tasks.filter((task) => task !== null));
    const alone = tasks.includes(null) ? await this.#model.disableAdapter(() => ask([0])) : [];
    return tasks.map((task) => task === null ? alone[0]! : routed.shift()!);
  }

  /** Mean cross-entropy per target token of examples under the routing of a task, in nats. */
  async loss(pairs: readonly Pair[], taskId: number): Promise<number> {
    const examples = pairs.map(({ input, target }) => ({ input, targets: [target] }));
    const task = { name: "examples", taskId, examples };
    return (await evaluateTokens(this.#asked, task, this.#encoding, 8)).loss;
  }

  /**
   * Adapts the routing that is set here to examples: everything else stays as it is.
   *
   * @returns the loss of the examples after each step; the first is that before the first step
   * @throws {RangeError} when the routing cannot be set, or there is no example
   */
  async *adapt(pairs: readonly Pair[], settings: AdaptSettings): AsyncGenerator<number> {
    const { byHand } = this;
    if (byHand === null || pairs.length === 0) {
      throw new RangeError(
        `Cannot adapt as ${
          byHand === null ? "the adapter's routing is fixed" : "there must be at least one example"
        }`,
      );
    }
    const examples = pairs.map(({ input, target }) => ({
      taskId: byHand.task,
      example: { input, targets: [target] },
    }));
    const batch = encodeExamples(examples, this.#encoding);
    this.#model.setRequiresGrad("default", false);
    this.#model.setRequiresGrad("default", true, "router");
    try {
      yield await this.loss(pairs, byHand.task);
      const rates = {
        learningRate: settings.learningRate,
        routerLearningRate: settings.learningRate,
      };
      const how = { steps: settings.steps, batchSize: pairs.length, ...rates };
      const context = { nextBatch: () => batch, noise: seededNoise(0) };
      for await (const _ of train(this.#model, how, context)) {
        yield await this.loss(pairs, byHand.task);
      }
    } finally {
      this.#model.setRequiresGrad("default", false);
      await byHand.read();
    }
  }

  /**
   * The adapter as PEFT's files, by name: `adapter_config.json`, `adapter_model.safetensors`, and
   * `poly_settings.json` where it has settings that PEFT does not know. Its last task is the one that was set
   * here.
   *
   * @param dir the folder that they are saved to; in a browser one in memory
   */
  async save(dir: string): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
    await this.#model.savePretrained(dir);
    const files = await takeFiles(dir);
    files.delete("README.md");
    return files;
  }

  /** Frees the adapter. */
  end(): void {
    this.#model.deleteAdapter("default");
  }

  get #asked(): MultiTaskModel {
    return this.#model as unknown as MultiTaskModel;
  }
}

/** One line about a base model. */
export function describeBase({ base }: OpenBase): string {
  return `${base.identity.className}, ${quantity(base.parameters.size)} parameters`;
}

/** A large number, for people. */
function quantity(count: number): string {
  if (count < 1e4) return String(count);
  return count < 1e6
    ? `${Math.round(count / 1e3)} thousand`
    : `${(count / 1e6).toFixed(1)} million`;
}
