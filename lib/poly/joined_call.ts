import { type Call, PlainCall, type PlainCallOptions } from "../models/call.ts";
import type { ParameterSource } from "../models/parameters.ts";
import { adaptedLinear, type LowRankFactors } from "../ops/linear.ts";
import { mixFactorsOfAll } from "../ops/mix_skills.ts";
import * as tf from "../tf.ts";
import type { LayersMixing, PolyCall } from "./call.ts";

/**
 * A call whose rows belong to several adapters of one base model: the rows of the first part to the first,
 * and so on. Each adapter mixes its skills for its rows as in a call of its own, whatever its numbers of
 * tasks, skills and splits; the layers compute all rows at once, as the mixed factors are of the same shape.
 * So the bytes of a part, on the CPU and WebAssembly, are those of the part alone.
 */
export class JoinedCall implements Call {
  readonly training: boolean;
  readonly parts: number;
  readonly #calls: readonly PolyCall[];
  readonly #plain: PlainCall;
  #mixed: Map<string, LowRankFactors> | null = null;

  /**
   * @param parameters of the base model
   * @param calls of the adapters, each for its own rows, of the same number, layers and rank; they are this
   * call's from now on
   * @param options what the base model draws from in dropout, and whether it does
   */
  constructor(
    parameters: ParameterSource,
    calls: readonly PolyCall[],
    options: Omit<PlainCallOptions, "parts">,
  ) {
    this.#calls = calls;
    this.parts = calls.length;
    this.#plain = new PlainCall(parameters, { ...options, parts: this.parts });
    this.training = this.#plain.training;
  }

  linear(name: string, x: tf.Tensor3D): tf.Tensor3D {
    return tf.tidy(() => {
      const factors = this.#factorsOf(name);
      if (factors === null) return this.#plain.linear(name, x);
      const weight = this.parameter(`${name}.weight`) as tf.Tensor2D;
      return adaptedLinear(x, weight, this.#plain.biasOf(name), factors, this.parts);
    });
  }

  parameter(name: string): tf.Tensor {
    return this.#plain.parameter(name);
  }

  dropout<T extends tf.Tensor>(x: T, rate: number, place: string): T {
    return this.#plain.dropout(x, rate, place);
  }

  select(): Call {
    throw new RangeError("Cannot select rows of a joined call as it is for one pass of training");
  }

  dispose(): void {
    for (const { factorA, factorB } of this.#mixed?.values() ?? []) tf.dispose([factorA, factorB]);
    this.#mixed = null;
    for (const call of this.#calls) call.dispose();
  }

  #factorsOf(name: string): LowRankFactors | null {
    this.#mixed ??= this.#mixAll();
    const mixed = this.#mixed.get(name);
    if (mixed !== undefined) return mixed;
    const factors = this.#calls.flatMap((call) => call.factors(name) ?? []);
    return factors.length === 0 ? null : joinFactors(factors);
  }

  /** The factors of all layers, where the device mixes those of all adapters by a few kernels. */
  #mixAll(): Map<string, LowRankFactors> {
    const mixings = this.#calls.flatMap((call) => call.mixing() ?? []);
    if (mixings.length < this.#calls.length) return new Map();
    const [{ names }] = mixings as [LayersMixing];
    const owners = joinOwners(
      mixings.map(({ owners, weights }) => ({ owners, count: weights.shape[1] })),
    );
    return new Map(
      mixFactorsOfAll(mixings).map(({ factorA, factorB }, i) => {
        const kept = { factorA: tf.keep(factorA), factorB: tf.keep(factorB) };
        return [names[i]!, { ...kept, owners }];
      }),
    );
  }
}

/** The factors of several adapters one behind another, and which of them each row uses. */
function joinFactors(all: readonly LowRankFactors[]): LowRankFactors {
  return {
    factorA: tf.concat(all.map(({ factorA }) => factorA)),
    factorB: tf.concat(all.map(({ factorB }) => factorB)),
    owners: joinOwners(all.map(({ factorA, owners }) => ({ owners, count: factorA.shape[0] }))),
  };
}

/** Which of all factors each row uses, given which of its adapter's `count` it uses. */
function joinOwners(
  all: readonly { readonly owners: readonly number[]; readonly count: number }[],
): number[] {
  let before = 0;
  return all.flatMap(({ owners, count }) => {
    before += count;
    return owners.map((owner) => before - count + owner);
  });
}
