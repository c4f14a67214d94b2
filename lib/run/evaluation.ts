import type { ScoreName } from "./metrics/metric.ts";

/** Scores of a model at one task: its loss, and others by name. */
export type Scores = { readonly [name in ScoreName]?: number } & { readonly loss: number };

/** What a model answered to one test example. */
export interface Prediction {
  /** The text that the model was given, before the tokenizer cut it. */
  readonly input: string;
  /** The right answers, of which any one will do; at least one. */
  readonly references: readonly string[];
  /** The text that the model generated. */
  readonly answer: string;
  /** The example's own scores by name, such as `exact_match`; the task's score of that name is their mean. */
  readonly scores: { readonly [name in ScoreName]?: number };
}

/** How good a model is at one task, with what it answered. */
export interface Evaluation {
  /** The scores of the task as a whole. */
  readonly scores: Scores;
  /** One for each test example, in their order; none where the task has no texts, or the loss is not finite. */
  readonly predictions: readonly Prediction[];
}
