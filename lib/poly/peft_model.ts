import type { BaseModel, WithLoss } from "../models/base_model.ts";
import type { Noise } from "../ops/noise.ts";
import type * as tf from "../tf.ts";
import type { Adapter } from "./adapter.ts";
import type { PolyConfig } from "./config.ts";

// deno-lint-ignore no-explicit-any -- any inputs and outputs: a generic method makes both invariant
export type AnyBaseModel = BaseModel<any, any>;

/** What a base model's forward pass takes. */
export type InputsOf<M extends AnyBaseModel> = Parameters<M["forward"]>[0];

/** What a base model's forward pass gives. */
export type OutputsOf<M extends AnyBaseModel> = ReturnType<M["forward"]>;

/** What a forward pass through adapters needs beside the base model's inputs. */
export interface ForwardContext {
  /** The task of each row: whole numbers or int32 of shape `[B]` or `[B, 1]`; in [0, n_tasks). */
  readonly taskIds?: readonly number[] | tf.Tensor | undefined;
  /** Whether dropout and routing noise are on; false when absent. */
  readonly training?: boolean | undefined;
  /** Needed in training where something is drawn. */
  readonly noise?: Noise | undefined;
}

/** A base model with adapters beside it. Being written: see the shape, not yet the doing. */
export class PeftModel<M extends AnyBaseModel = AnyBaseModel> {
  readonly base: M;
  readonly adapters: ReadonlyMap<string, Adapter> = new Map();

  constructor(base: M) {
    this.base = base;
  }

  forward<I extends InputsOf<M> & ForwardContext>(_inputs: I): WithLoss<I, OutputsOf<M>> {
    throw new Error("Not written yet");
  }
}

/** Options of {@linkcode getPeftModel}. */
export interface GetPeftModelOptions {
  readonly adapterName?: string;
  readonly seed?: number;
}

export function getPeftModel<M extends AnyBaseModel>(
  base: M,
  _config: PolyConfig,
  _options: GetPeftModelOptions = {},
): PeftModel<M> {
  return new PeftModel(base);
}
