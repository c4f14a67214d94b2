import type * as tf from "../tf.ts";
import { type Adapter, disposeAdapter, type Part, PARTS } from "../poly/adapter.ts";
import { PREFIX, slots } from "./adapter_slots.ts";

/**
 * The adapters of a model, which of them are active, and which parts are trained. It computes
 * nothing.
 */
export class AdapterSet {
  readonly #adapters = new Map<string, Adapter>();
  readonly #trained = new Map<string, Set<Part>>();
  #active: readonly string[] = [];
  #layersEnabled = true;
  /** Number of running blocks, so that blocks that overlap in time may end in any order. */
  #disabledBlocks = 0;

  /** All adapters by name, in the order in which they were added. */
  get adapters(): ReadonlyMap<string, Adapter> {
    return this.#adapters;
  }

  /** Names of the active adapters, also while adapters are disabled. */
  get active(): readonly string[] {
    return this.#active;
  }

  /** Whether active adapters take part in a forward pass. */
  get isEnabled(): boolean {
    return this.#layersEnabled && this.#disabledBlocks === 0;
  }

  /** The adapters that take part in a forward pass. */
  get inForce(): Adapter[] {
    return this.isEnabled ? this.#active.map((name) => this.#adapters.get(name)!) : [];
  }

  /** Adds an adapter; only the first one becomes active. Check its name before. */
  add(adapter: Adapter): void {
    const isFirst = this.#adapters.size === 0;
    this.#adapters.set(adapter.name, adapter);
    this.#trained.set(adapter.name, new Set());
    if (isFirst) this.activate([adapter.name], adapter.config.inference_mode);
  }

  /**
   * Throws when a name is taken.
   * @throws {RangeError} when there is an adapter of that name
   */
  refuseDuplicate(name: string): void {
    if (this.#adapters.has(name)) {
      throw new RangeError(`Adapter with name '${name}' already exists.`);
    }
  }

  /** Replaces the adapter of the same name, and keeps its state. */
  replace(adapter: Adapter): void {
    this.#adapters.set(adapter.name, adapter);
  }

  /**
   * Makes adapters active and, unless for inference, trainable; all others become inactive and
   * frozen.
   *
   * @throws {RangeError} when an adapter does not exist, none is named, one is named twice, or two
   * of them save the same module
   */
  activate(names: readonly string[], inferenceMode: boolean): void {
    if (names.length === 0) throw new RangeError("Please specify at least one adapter to set");
    for (const name of names) this.get(name);
    if (new Set(names).size < names.length) {
      throw new RangeError(
        `Cannot activate adapters ${names.join(", ")} as each must be named once`,
      );
    }
    this.#refuseSharedModules(names);
    this.#active = [...names];
    for (const [name, trained] of this.#trained) {
      trained.clear();
      if (names.includes(name) && !inferenceMode) { for (const part of PARTS) trained.add(part); }
    }
  }

  /**
   * Returns the adapter called `name`.
   * @throws {RangeError} when there is none
   */
  get(name: string): Adapter {
    const adapter = this.#adapters.get(name);
    if (adapter === undefined) throw new RangeError(`Adapter ${name} not found.`);
    return adapter;
  }

  /**
   * Removes and frees an adapter. If it was the only active one, the alphabetically first of the
   * others becomes active.
   *
   * @returns the adapter that became active; null when none did
   * @throws {RangeError} when no adapter has that name
   */
  delete(name: string): string | null {
    const adapter = this.#adapters.get(name);
    if (adapter === undefined) throw new RangeError(`Adapter ${name} does not exist`);
    this.#adapters.delete(name);
    this.#trained.delete(name);
    disposeAdapter(adapter);
    if (!this.#active.includes(name)) return null;
    this.#active = this.#active.filter((other) => other !== name);
    const next = [...this.#adapters.keys()].sort()[0];
    if (this.#active.length > 0 || next === undefined) return null;
    this.activate([next], false);
    return next;
  }

  /**
   * Sets whether a part of adapters is trained.
   * @throws {RangeError} when there is no adapter or no part of that name
   */
  setRequiresGrad(names: readonly string[], requiresGrad: boolean, part: Part | "all"): void {
    const parts = partsOf("set requires_grad", part);
    for (const name of names) this.get(name);
    for (const name of names) {
      const trained = this.#trained.get(name)!;
      for (const each of parts) requiresGrad ? trained.add(each) : trained.delete(each);
    }
  }

  /** Whether a part is trained now; false while adapters are disabled, and for a fixed routing. */
  requiresGrad(name: string, part: Part): boolean {
    const { settings } = this.get(name).config;
    if (part === "router" && settings.router_allocation !== null) return false;
    return this.isEnabled && this.#trained.get(name)!.has(part);
  }

  /**
   * The parameters that are trained now, by PEFT's names; a parameter that layers share appears
   * once.
   * @throws {RangeError} when there is no such part
   */
  trainableParameters(part: Part | "all"): Map<string, tf.Variable> {
    const parts = partsOf("name parameters", part);
    const parameters = new Map<string, tf.Variable>();
    for (const adapter of this.#adapters.values()) {
      const seen = new Set<tf.Variable>();
      for (const { memoryName, variable, part } of slots(adapter)) {
        if (seen.has(variable) || !parts.includes(part)) continue;
        if (!this.requiresGrad(adapter.name, part)) continue;
        seen.add(variable);
        parameters.set(PREFIX + memoryName, variable);
      }
    }
    return parameters;
  }

  /** Enables or disables all adapters; a running `whileDisabled` disables them in any case. */
  setLayersEnabled(enabled: boolean): void {
    this.#layersEnabled = enabled;
  }

  /**
   * Runs a function with adapters disabled, also across awaits, and restores the state afterwards.
   */
  whileDisabled<T>(run: () => T): T {
    this.#disabledBlocks++;
    const restore = () => void this.#disabledBlocks--;
    let result: T;
    try {
      result = run();
    } catch (error) {
      restore();
      throw error;
    }
    if (result instanceof Promise) return result.finally(restore) as T;
    restore();
    return result;
  }

  /** Frees all adapters. */
  dispose(): void {
    for (const adapter of this.#adapters.values()) disposeAdapter(adapter);
    this.#adapters.clear();
    this.#trained.clear();
    this.#active = [];
  }

  #refuseSharedModules(names: readonly string[]): void {
    const savedBy = new Map<string, string>();
    for (const name of names) {
      for (const parameter of this.#adapters.get(name)!.savedModules.keys()) {
        const other = savedBy.get(parameter);
        if (other !== undefined) {
          throw new RangeError(
            `Only one adapter can be set at a time for ModulesToSaveWrapper: ` +
              `"${other}" and "${name}" both save ${parameter}`,
          );
        }
        savedBy.set(parameter, name);
      }
    }
  }
}

function partsOf(doing: string, part: Part | "all"): readonly Part[] {
  const parts = part === "all" ? PARTS : PARTS.filter((known) => known === part);
  if (parts.length > 0) return parts;
  throw new RangeError(
    `Cannot ${doing} as part must be one of all, ${PARTS.join(", ")}: got "${part}"`,
  );
}
