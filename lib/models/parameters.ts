import * as tf from "../tf.ts";

/** Where a call looks parameters up by their names. */
export type ParameterSource = Pick<Parameters, "get" | "has">;

/**
 * The tensors of a base model by their Hugging Face names.
 *
 * Tied parameters are one variable under several names: `storage` says which name it is kept and
 * saved under.
 */
export class Parameters {
  readonly #variables = new Map<string, tf.Variable>();
  readonly #aliases: ReadonlyMap<string, string>;

  /**
   * Keeps the tensors of a model.
   *
   * @param tensors values by name; taken over, do not use or dispose them afterwards
   * @param aliases tied name → name of the tensor it shares
   */
  constructor(
    tensors: Iterable<readonly [string, tf.Tensor]>,
    aliases: ReadonlyMap<string, string> = new Map(),
  ) {
    this.#aliases = aliases;
    for (const [name, tensor] of tensors) {
      // Trainability is decided by whoever computes gradients, who lists the variables.
      this.#variables.set(name, tf.variable(tensor));
      tensor.dispose();
    }
  }

  /** The names under which tensors are kept, without those tied to another. */
  get names(): string[] {
    return [...this.#variables.keys()];
  }

  /** Tied names and the names they stand for. */
  get aliases(): ReadonlyMap<string, string> {
    return this.#aliases;
  }

  /** The name under which `name` is kept: itself, or what it is tied to. */
  storage(name: string): string {
    return this.#aliases.get(name) ?? name;
  }

  /** Whether there is a parameter called `name`, tied or not. */
  has(name: string): boolean {
    return this.#variables.has(this.storage(name));
  }

  /**
   * The variable called `name`.
   * @throws {RangeError} when the model has none
   */
  get(name: string): tf.Variable {
    const variable = this.#variables.get(this.storage(name));
    if (variable === undefined) {
      throw new RangeError(`Cannot find parameter "${name}" as the model has none of that name`);
    }
    return variable;
  }

  /** Number of values in all tensors, tied ones counted once. */
  get size(): number {
    return [...this.#variables.values()].reduce((total, variable) => total + variable.size, 0);
  }

  /** Frees every tensor; the model cannot be used afterwards. */
  dispose(): void {
    for (const variable of this.#variables.values()) variable.dispose();
    this.#variables.clear();
  }
}
