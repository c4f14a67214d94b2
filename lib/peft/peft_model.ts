/**
 * The model that users of PEFT know: a base model with its adapters, behind one class of some thirty
 * methods. It is long because it is a facade: each method is a few lines over files of this folder, and
 * more than half of it is documentation.
 */
import type { BaseModel, LanguageModel, WithLoss } from "../models/base_model.ts";
import { type Call, PlainCall } from "../models/call.ts";
import { generate } from "../models/generation/generate.ts";
import type { GenerateOptions } from "../models/generation/options.ts";
import type { PromptInputs } from "../models/generation/prompt.ts";
import type { Noise } from "../ops/noise.ts";
import * as tf from "../tf.ts";
import { type Adapter, disposeAdapter, layersOf, type Part, routersOf } from "../poly/adapter.ts";
import { AdapterSet } from "./adapter_set.ts";
import { slots } from "./adapter_slots.ts";
import type { PolyConfig } from "../poly/config.ts";
import { exportAverage, exportLora } from "./export_adapter.ts";
import { type FindOptions, loadAdapter } from "./load_adapter.ts";
import { makeAdapter } from "../poly/make_adapter.ts";
import { Merge, MergeError, replaceSavedModules } from "./merge.ts";
import { PolyCall } from "../poly/call.ts";
import { type ResizeOptions, resizeTasks } from "../poly/resize_tasks.ts";
import { withSavedModules } from "../poly/saved_modules.ts";
import type { PushOptions } from "./push_to_hub.ts";
import { saveAdapters, type SaveOptions } from "./save_adapters.ts";
import { type LayerStatus, layerStatus, type ModelStatus, modelStatus } from "./status.ts";
import { readTaskIds, type TaskIds } from "../poly/task_ids.ts";

/** A base model with any inputs and outputs. */
// deno-lint-ignore no-explicit-any -- a generic method takes the inputs, so no other type fits all
export type AnyBaseModel = BaseModel<any, any>;

/** Inputs of a base model's forward pass. */
export type InputsOf<M extends AnyBaseModel> = Parameters<M["forward"]>[0];

/** Outputs of a base model's forward pass. */
export type OutputsOf<M extends AnyBaseModel> = ReturnType<M["forward"]>;

/** Inputs of a forward pass through adapters, besides those of the base model. */
export interface ForwardContext {
  /** Task id of each row, in [0, n_tasks); ignored while no adapter takes part. */
  readonly taskIds?: TaskIds | undefined;
  /** Whether dropout and routing noise are on; false when absent. */
  readonly training?: boolean | undefined;
  /** Source of random numbers; needed in training when something is drawn. */
  readonly noise?: Noise | undefined;
  /** Share of the uniform average in the mixing weights, in [0, 1]; 0 when absent. */
  readonly uniformShare?: number | undefined;
  /** Number of equal parts of the rows, each a batch with a loss of its own; 1 when absent. */
  readonly parts?: number | undefined;
}

/** Options of {@linkcode getPeftModel}. */
export interface PeftModelOptions {
  /** Name of the adapter; `default` when absent. */
  readonly adapterName?: string;
  /** Seed of the initial values; 0 when absent. */
  readonly seed?: number;
  /** Called with every warning; {@linkcode PeftModel.warnings} holds them too. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/** Options of {@linkcode PeftModel.fromPretrained}. */
export interface FromPretrainedOptions extends Omit<PeftModelOptions, "seed">, FindOptions {}

/**
 * A base model with adapters beside it. The base model itself is never changed, except between
 * {@linkcode PeftModel.mergeAdapter} and {@linkcode PeftModel.unmergeAdapter}, so that several
 * models may share one base model.
 *
 * Everything that decides a forward pass is an argument: task ids, noise, training or not. When no
 * adapter takes part, because all are disabled or deleted, `forward` computes the base model and
 * needs no task ids.
 *
 * Source: peft_model.py of PEFT, `PeftModel`
 */
export class PeftModel<M extends AnyBaseModel = AnyBaseModel> {
  /** The base model below the adapters. */
  readonly base: M;
  /** All warnings so far, in order. */
  readonly warnings: string[] = [];
  readonly #set = new AdapterSet();
  readonly #seed: number;
  readonly #onWarning: (message: string) => void;
  #merge: Merge | null = null;

  /** Makes a model without adapters; {@linkcode getPeftModel} makes one with its first adapter. */
  constructor(base: M, { seed = 0, onWarning = () => {} }: PeftModelOptions = {}) {
    if (base instanceof PeftModel) {
      throw new TypeError(
        "Cannot wrap a PeftModel as it has adapters already: use addAdapter(), or wrap its base model",
      );
    }
    this.base = base;
    this.#seed = seed;
    this.#onWarning = onWarning;
  }

  /**
   * Computes a forward pass over a batch, with gradients; the caller disposes the outputs.
   *
   * @throws {TypeError} when task ids are missing or not integers, or noise is missing in training
   * @throws {RangeError} when there is not one task id for each row, or an adapter lacks the task
   */
  forward<I extends InputsOf<M> & ForwardContext>(inputs: I): WithLoss<I, OutputsOf<M>> {
    const { taskIds, training, noise, uniformShare, parts, ...rest } = inputs as
      & InputsOf<M>
      & ForwardContext;
    const call = this.call({ taskIds, training, noise, uniformShare, parts });
    try {
      return this.base.forward(rest, call) as WithLoss<I, OutputsOf<M>>;
    } finally {
      call.dispose();
    }
  }

  /**
   * Generates tokens after a prompt; every beam and every returned sequence of a row has its task.
   *
   * @returns generated sequences as {@linkcode generate} returns them
   * @throws {TypeError} when the base model is not a language model, or there is no prompt; and as
   * {@linkcode PeftModel.forward}
   */
  async generate(
    inputs: PromptInputs & { readonly taskIds?: TaskIds | undefined } & GenerateOptions,
  ): Promise<number[][]> {
    if (!("prefill" in this.base)) {
      throw new TypeError(
        `Cannot generate as the base model must be a language model: got ${this.base.identity.className}`,
      );
    }
    const { inputIds, attentionMask, taskIds, ...options } = inputs;
    if (inputIds === undefined) {
      throw new TypeError(
        "Cannot generate as there must be a prompt: pass { inputIds, taskIds } by name",
      );
    }
    const call = this.call({ taskIds }, countRows(inputIds));
    try {
      const model = this.base as unknown as LanguageModel;
      return await generate(model, { inputIds, attentionMask }, options, call);
    } finally {
      call.dispose();
    }
  }

  /**
   * Makes the call that a pass of the base model needs to use the adapters, for code that calls the
   * base model itself. In training it is for one pass. Dispose it afterwards.
   *
   * @param rows number of rows, when it is known in advance
   */
  call({ taskIds, training, noise, uniformShare, parts }: ForwardContext, rows?: number): Call {
    const adapters = this.#set.inForce;
    const options = { training: training ?? false, noise, parts };
    const { parameters } = this.base;
    if (this.#merge !== null) {
      if (adapters.length === 0) throw mergedError("compute the base model", this.#merge);
      if (training) throw mergedError("train", this.#merge);
      this.#merge.checkTaskIds(readTaskIds(taskIds));
    }
    if (adapters.length === 0) return this.base.plainCall(options);
    // A merged adapter's layers are in the weights; its saved modules are not.
    const routes = this.#merge === null && adapters.some((adapter) => layersOf(adapter).length > 0);
    if (!routes) return new PlainCall(withSavedModules(parameters, adapters), options);
    return PolyCall.of(parameters, { taskIds, adapters, rows, uniformShare, ...options });
  }

  /** The adapters by name. */
  get adapters(): ReadonlyMap<string, Adapter> {
    return this.#set.adapters;
  }

  /** Names of the active adapters, also while they are disabled; their updates are summed. */
  get activeAdapters(): readonly string[] {
    return this.#set.active;
  }

  /** Whether active adapters take part in a forward pass. */
  get isEnabled(): boolean {
    return this.#set.isEnabled;
  }

  /** Name of the adapter whose task is merged into the weights; null when there is none. */
  get mergedAdapter(): string | null {
    return this.#merge?.adapter.name ?? null;
  }

  /** Names of all modules that some adapter targets, each once. */
  get targetedModuleNames(): string[] {
    return [...new Set([...this.adapters.values()].flatMap(layersOf).map(({ name }) => name))];
  }

  /**
   * Adds an adapter. Only the first one becomes active; `setAdapter` activates others. When this
   * throws, nothing has changed.
   *
   * @param options `seed` of the initial values, which depend on it and on the names of modules
   * only
   * @throws as {@linkcode makeAdapter}, and {RangeError} when the name is taken
   */
  addAdapter(name: string, config: PolyConfig, { seed = this.#seed } = {}): void {
    this.#set.refuseDuplicate(name);
    const { adapter, warnings } = makeAdapter(this.base, name, config, seed);
    this.#set.add(adapter);
    warnings.forEach((message) => this.#warn(message));
  }

  /**
   * A model with an adapter that was made for its base, and is the model's from now on.
   *
   * @param trained parts of the adapter that are trained
   */
  static withAdapter<M extends AnyBaseModel>(
    base: M,
    adapter: Adapter,
    trained: readonly Part[],
  ): PeftModel<M> {
    const model = new PeftModel(base);
    model.#set.add(adapter);
    model.#set.setRequiresGrad([adapter.name], false, "all");
    for (const part of trained) model.#set.setRequiresGrad([adapter.name], true, part);
    return model;
  }

  /**
   * Activates one adapter, or several whose updates are summed, and makes them trainable unless
   * `inferenceMode`; all others become inactive and frozen.
   *
   * @throws {RangeError} when an adapter does not exist, or two of them save the same module
   */
  setAdapter(names: string | readonly string[], { inferenceMode = false } = {}): void {
    this.#requireUnmerged("change the active adapters");
    this.#set.activate(typeof names === "string" ? [names] : names, inferenceMode);
  }

  /**
   * Removes an adapter and frees it. If it was the only active one, the alphabetically first of the
   * others becomes active, with a warning; after the last one, `forward` computes the base model.
   *
   * @throws {RangeError} when no adapter has that name
   */
  deleteAdapter(name: string): void {
    this.#requireUnmerged("delete an adapter");
    const next = this.#set.delete(name);
    if (next !== null) {
      this.#warn(
        `Adapter ${name} was active which is now deleted. Setting active adapter to ${next}.`,
      );
    }
  }

  /**
   * Runs a function with all adapters disabled: the model computes exactly the base model, and
   * needs no task ids. Afterwards the previous state is restored, also when `run` throws.
   *
   * @param run may be asynchronous; adapters stay disabled, for all callers, until its promise
   * settles
   */
  disableAdapter<T>(run: () => T): T {
    this.#requireUnmerged("disable adapters");
    return this.#set.whileDisabled(run);
  }

  /** Disables all adapters until {@linkcode PeftModel.enableAdapterLayers}. */
  disableAdapterLayers(): void {
    this.#requireUnmerged("disable adapters");
    this.#set.setLayersEnabled(false);
  }

  /** Undoes {@linkcode PeftModel.disableAdapterLayers}; the same parts are trainable as before. */
  enableAdapterLayers(): void {
    this.#set.setLayersEnabled(true);
  }

  /**
   * Sets whether adapters are trained: everything, the skills, the router or the saved modules.
   * MHR-z is `setRequiresGrad("default", false, "skills")`.
   *
   * @throws {RangeError} when there is no such adapter or part
   */
  setRequiresGrad(
    names: string | readonly string[],
    requiresGrad = true,
    part: Part | "all" = "all",
  ): void {
    this.#set.setRequiresGrad(typeof names === "string" ? [names] : names, requiresGrad, part);
  }

  /** Whether a part of an adapter is trained now; false while adapters are disabled. */
  requiresGrad(name: string, part: Part): boolean {
    return this.#set.requiresGrad(name, part);
  }

  /**
   * The parameters that are trained now, by PEFT's names in memory, such as
   * `….q.poly_lora_A.default`.
   *
   * @param part the part of the adapters, such as `"router"`; all parts when absent
   * @throws {RangeError} when there is no such part
   */
  trainableParameters(part: Part | "all" = "all"): Map<string, tf.Variable> {
    return this.#set.trainableParameters(part);
  }

  /** Numbers of trained values and of all values, including those of the base model. */
  getNbTrainableParameters(): [trainable: number, all: number] {
    const variables = new Set(
      [...this.adapters.values()].flatMap((adapter) => slots(adapter).map((slot) => slot.variable)),
    );
    return [
      countValues(this.trainableParameters().values()),
      this.base.parameters.size + countValues(variables),
    ];
  }

  /**
   * Prints the two counts in PEFT's words.
   *
   * @param print called with the line; prints to the console when absent
   * @returns the line
   */
  // deno-lint-ignore no-console -- printing is what this method is called for
  printTrainableParameters(print: (line: string) => void = console.log): string {
    const [trainable, all] = this.getNbTrainableParameters();
    const line = `trainable params: ${trainable.toLocaleString("en-US")} || ` +
      `all params: ${all.toLocaleString("en-US")} || ` +
      `trainable%: ${(100 * trainable / all).toFixed(4)}`;
    print(line);
    return line;
  }

  /** State of the model, as PEFT's `get_model_status()` reports it. */
  status(): ModelStatus {
    return modelStatus(this);
  }

  /** State of every adapted layer and saved module, as PEFT's `get_layer_status()` reports it. */
  layerStatus(): LayerStatus[] {
    return layerStatus(this);
  }

  /** Saves adapters in PEFT's format; see {@linkcode saveAdapters}. */
  async savePretrained(dir: string, options: SaveOptions = {}): Promise<void> {
    await saveAdapters(this, dir, options);
  }

  /**
   * Uploads adapters to a hub in PEFT's format, as one commit; see {@linkcode pushToHub}.
   *
   * @param id `org/name`; made where it is not there
   * @returns the address of the commit
   */
  async pushToHub(id: string, options: PushOptions = {}): Promise<string> {
    const { pushToHub } = await import("./push_to_hub.ts"); // few programs upload
    return await pushToHub(this, id, options);
  }

  /**
   * Loads an adapter, saved by PEFT or by this library, for a base model.
   *
   * @param nameOrPath folder that holds `adapter_config.json`, or a hub's `org/name`
   * @throws as {@linkcode loadAdapter}
   */
  static async fromPretrained<M extends AnyBaseModel>(
    base: M,
    nameOrPath: string,
    { adapterName = "default", ...options }: FromPretrainedOptions = {},
  ): Promise<PeftModel<M>> {
    const { seed = 0, onWarning } = options;
    const model = new PeftModel(base, { seed, onWarning });
    await model.loadAdapter(nameOrPath, adapterName, options);
    return model;
  }

  /**
   * Loads another adapter. It becomes active only if it is the first.
   *
   * @throws as {@linkcode PeftModel.fromPretrained}; then nothing has changed
   */
  async loadAdapter(
    nameOrPath: string,
    name: string,
    { isTrainable = false, ...options }: Omit<FromPretrainedOptions, "adapterName"> = {},
  ): Promise<void> {
    this.#set.refuseDuplicate(name);
    const heard: string[] = [];
    const adapter = await loadAdapter(this.base, nameOrPath, name, {
      seed: this.#seed,
      ...options,
      isTrainable,
      onWarning: (message) => void heard.push(message),
    });
    try {
      this.#set.refuseDuplicate(name); // another may have come while the files were read
    } catch (error) {
      disposeAdapter(adapter);
      throw error;
    }
    this.#set.add(adapter);
    if (isTrainable) this.#set.setRequiresGrad([name], true, "all");
    heard.forEach((message) => this.#warn(message));
  }

  /** Saves one task of an adapter as LoRA; see {@linkcode exportLora}. */
  async exportLora(
    dir: string,
    { task, adapterName }: { readonly task: number; readonly adapterName?: string },
  ): Promise<void> {
    await exportLora(this, this.#chosen(adapterName), dir, { task });
  }

  /** Saves the average of an adapter's skills; see {@linkcode exportAverage}. */
  async exportAverage(
    dir: string,
    { as, adapterName }: { readonly as: "lora" | "poly"; readonly adapterName?: string },
  ): Promise<void> {
    await exportAverage(this, this.#chosen(adapterName), dir, { as });
  }

  /**
   * Gives an adapter another number of tasks, with the same skills; see {@linkcode resizeTasks}.
   * The router's parameters are new tensors: make a new optimiser.
   */
  resizeTasks(
    n: number,
    { adapterName, ...options }: ResizeOptions & { readonly adapterName?: string } = {},
  ): void {
    this.#requireUnmerged("resize the tasks");
    const adapter = this.#chosen(adapterName);
    const resized = resizeTasks(adapter, n, options);
    this.#set.replace(resized);
    for (const router of routersOf(adapter)) router.dispose();
  }

  /**
   * Adds one task of the active adapter to the base model's weights, which makes that task as fast
   * as the base model. Until {@linkcode PeftModel.unmergeAdapter}, only that task can be computed.
   *
   * @throws {MergeError} when a task is merged already, when not exactly one adapter is active and
   * enabled, or when an adapted weight is tied
   */
  mergeAdapter({ task }: { readonly task: number }): void {
    this.#requireUnmerged("merge");
    const [adapter, another] = this.#set.inForce;
    if (adapter === undefined || another !== undefined) {
      throw new MergeError(
        `Cannot merge as exactly one adapter must be active and enabled: ` +
          `active are ${this.activeAdapters.join(", ") || "none"}` +
          `${this.isEnabled ? "" : ", disabled"}`,
      );
    }
    this.#merge = new Merge(this.base, adapter, task);
  }

  /** Restores the base model's weights exactly; does nothing when no task is merged. */
  unmergeAdapter(): void {
    this.#merge?.undo();
    this.#merge = null;
  }

  /**
   * Merges one task of the active adapter for good, saved modules included, and frees all adapters.
   *
   * @returns the base model, now changed
   * @throws {MergeError} as {@linkcode PeftModel.mergeAdapter}, or when a saved module is tied
   */
  mergeAndUnload({ task }: { readonly task: number }): M {
    this.mergeAdapter({ task });
    const merge = this.#merge!;
    try {
      replaceSavedModules(this.base, merge.adapter);
    } catch (error) {
      this.unmergeAdapter();
      throw error;
    }
    merge.keep();
    this.#merge = null;
    return this.unload();
  }

  /** Frees all adapters and returns the base model as it was. */
  unload(): M {
    this.dispose();
    return this.base;
  }

  /** Frees all adapters; the base model is kept. */
  dispose(): void {
    this.unmergeAdapter();
    this.#set.dispose();
  }

  #chosen(name: string | undefined): Adapter {
    if (name !== undefined) return this.#set.get(name);
    const [active, another] = this.activeAdapters;
    if (active === undefined || another !== undefined) {
      throw new RangeError(
        `Cannot choose an adapter as exactly one must be active: pass adapterName, one of ` +
          `${[...this.adapters.keys()].join(", ")}`,
      );
    }
    return this.#set.get(active);
  }

  #requireUnmerged(doing: string): void {
    if (this.#merge !== null) throw mergedError(doing, this.#merge);
  }

  #warn(message: string): void {
    this.warnings.push(message);
    this.#onWarning(message);
  }
}

/**
 * Puts an adapter on a base model. The base model stays unchanged, and when this throws, no tensor
 * is left.
 *
 * Source: mapping_func.py of PEFT, `get_peft_model`
 *
 * @throws as {@linkcode makeAdapter}
 *
 * @example A new adapter changes nothing yet
 * ```ts
 * import assert from "node:assert/strict";
 * import { useBackend } from "../backend/backend.ts";
 * import { LlamaForCausalLM } from "../models/llama/model.ts";
 * import { PolyConfig } from "../poly/config.ts";
 *
 * await useBackend("cpu");
 * const size = { hidden_size: 8, intermediate_size: 12, num_hidden_layers: 1, vocab_size: 9 };
 * const config = { model_type: "llama", num_attention_heads: 2, ...size };
 * const base = LlamaForCausalLM.fromConfig(config, { seed: 1 });
 * const model = getPeftModel(base, new PolyConfig({ n_tasks: 3, n_splits: 2, r: 2 }));
 * const inputs = { inputIds: [[1, 4], [2, 3]] };
 * const { logits } = model.forward({ ...inputs, taskIds: [2, 0] });
 * assert.deepEqual(logits.arraySync(), base.forward(inputs).logits.arraySync());
 * assert.equal(model.activeAdapters[0], "default");
 * ```
 */
export function getPeftModel<M extends AnyBaseModel>(
  base: M,
  config: PolyConfig,
  { adapterName = "default", ...options }: PeftModelOptions = {},
): PeftModel<M> {
  const model = new PeftModel(base, options);
  model.addAdapter(adapterName, config);
  return model;
}

function mergedError(doing: string, { adapter, task }: Merge): MergeError {
  return new MergeError(
    `Cannot ${doing} as task ${task} of adapter "${adapter.name}" is merged into the weights: ` +
      `call unmergeAdapter() first`,
  );
}

/** Number of rows of a prompt; undefined when it has none, which generation refuses. */
function countRows(inputIds: unknown): number | undefined {
  if (Array.isArray(inputIds)) return inputIds.length;
  return inputIds instanceof tf.Tensor ? inputIds.shape[0] : undefined;
}

function countValues(variables: Iterable<tf.Variable>): number {
  return [...variables].reduce((total, variable) => total + variable.size, 0);
}
