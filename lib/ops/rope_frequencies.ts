/** The angles of rotary position embeddings, computed on the host with the reference's roundings. */

/** Scaling of rotary angles; the fields of `rope_parameters` in `config.json`. */
export type RopeParameters =
  | { readonly rope_type: "default"; readonly rope_theta: number }
  | { readonly rope_type: "linear"; readonly rope_theta: number; readonly factor: number }
  | {
    readonly rope_type: "dynamic";
    readonly rope_theta: number;
    readonly factor: number;
    /** Number of positions up to which nothing is scaled; `max_position_embeddings` of the model. */
    readonly max_position_embeddings: number;
  }
  | {
    readonly rope_type: "yarn";
    readonly rope_theta: number;
    readonly factor: number;
    /** Factor of the cosines and sines. */
    readonly attention_factor: number;
    readonly beta_fast: number;
    readonly beta_slow: number;
    readonly truncate: boolean;
    readonly original_max_position_embeddings: number;
  }
  | {
    readonly rope_type: "longrope";
    readonly rope_theta: number;
    /** Divisors of the angles for texts of at most `original_max_position_embeddings` positions. */
    readonly short_factor: readonly number[];
    /** Divisors of the angles for longer texts. */
    readonly long_factor: readonly number[];
    /** Factor of the cosines and sines. */
    readonly attention_factor: number;
    readonly original_max_position_embeddings: number;
  }
  | {
    readonly rope_type: "llama3";
    readonly rope_theta: number;
    readonly factor: number;
    readonly low_freq_factor: number;
    readonly high_freq_factor: number;
    readonly original_max_position_embeddings: number;
  };

/** Rotary parameters of one type. */
type Rope<Type extends RopeParameters["rope_type"]> = Extract<RopeParameters, { rope_type: Type }>;

const f32 = Math.fround;

/**
 * The angle by which one position turns each pair of features, θ^(−2i / Dh), scaled as `rope` says.
 * Every step is rounded to float32, as the reference rounds it.
 *
 * @param rotaryDim `Dh`, the features of one head that turn; even
 * @param positions how many positions the text has, on which `dynamic` and `longrope` depend
 * @returns radians per position; `Dh / 2` of them
 * @throws {RangeError} when `rotaryDim` is not a positive even number
 *
 * Source: Su et al. 2021, RoFormer (arXiv 2104.09864), equation 15; Peng et al. 2023, YaRN (arXiv
 * 2309.00071); Ding et al. 2024, LongRoPE (arXiv 2402.13753); transformers modeling_rope_utils.py for
 * every type but the default.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const angles = inverseFrequencies(4, { rope_type: "linear", rope_theta: 256, factor: 2 });
 * assert.deepEqual([...angles], [1 / 2, 1 / 32]);
 * ```
 */
export function inverseFrequencies(
  rotaryDim: number,
  rope: RopeParameters,
  positions = 0,
): Float32Array {
  if (!Number.isInteger(rotaryDim) || rotaryDim < 2 || rotaryDim % 2 !== 0) {
    throw new RangeError(
      `Cannot make a rotary embedding as head_dim must be a positive even number: got ${rotaryDim}`,
    );
  }
  switch (rope.rope_type) {
    case "default":
      return unscaled(rotaryDim, rope.rope_theta);
    case "linear":
      return unscaled(rotaryDim, rope.rope_theta).map((angle) => angle / f32(rope.factor));
    case "dynamic":
      return unscaled(rotaryDim, dynamicTheta(rotaryDim, rope, positions));
    case "yarn":
      return yarn(rotaryDim, rope);
    case "longrope": {
      const isLong = positions > rope.original_max_position_embeddings;
      const divisors = isLong ? rope.long_factor : rope.short_factor;
      return wavelengths(rotaryDim, rope.rope_theta)
        .map((wave, i) => 1 / f32(f32(divisors[i]!) * wave));
    }
    case "llama3":
      return llama3(rotaryDim, rope);
  }
}

/**
 * The factor of the cosines and sines, which sharpens attention in long texts.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(rotaryScale({ rope_type: "default", rope_theta: 10000 }), 1);
 * ```
 */
export function rotaryScale(rope: RopeParameters): number {
  return "attention_factor" in rope ? rope.attention_factor : 1;
}

/** θ^(2i / Dh), the positions that a pair of features takes for one radian. */
function wavelengths(rotaryDim: number, theta: number): Float32Array {
  return Float32Array.from(
    { length: rotaryDim / 2 },
    (_, i) => Math.pow(theta, f32(2 * i / rotaryDim)),
  );
}

function unscaled(rotaryDim: number, theta: number): Float32Array {
  return wavelengths(rotaryDim, theta).map((wave) => 1 / wave);
}

/** θ that grows with the text, so that its last position turns as far as the last one in training. */
function dynamicTheta(rotaryDim: number, rope: Rope<"dynamic">, positions: number): number {
  const { rope_theta, factor, max_position_embeddings: most } = rope;
  if (positions <= most) return rope_theta;
  const stretched = f32(f32(f32(f32(factor) * positions) / most) - f32(factor - 1));
  return f32(f32(rope_theta) * f32(Math.pow(stretched, f32(rotaryDim / (rotaryDim - 2)))));
}

/** Slow pairs of features are divided by the factor, fast ones are left, and between is a ramp. */
function yarn(rotaryDim: number, rope: Rope<"yarn">): Float32Array {
  const { rope_theta, factor, beta_fast, beta_slow, truncate } = rope;
  const context = rope.original_max_position_embeddings;
  /** The pair of features that turns so often in the context. */
  const pairThatTurns = (rotations: number) =>
    rotaryDim * Math.log(context / (rotations * 2 * Math.PI)) / (2 * Math.log(rope_theta));
  const [first, last] = [pairThatTurns(beta_fast), pairThatTurns(beta_slow)];
  const low = Math.max(truncate ? Math.floor(first) : first, 0);
  const end = Math.min(truncate ? Math.ceil(last) : last, rotaryDim - 1);
  const high = low === end ? end + 0.001 : end;
  return wavelengths(rotaryDim, rope_theta).map((wave, i) => {
    const ramp = f32(f32(i - f32(low)) / f32(high - low));
    const kept = f32(1 - Math.min(Math.max(ramp, 0), 1));
    const slow = f32(1 / f32(f32(factor) * wave));
    return f32(slow * f32(1 - kept)) + f32(f32(1 / wave) * kept);
  });
}

function llama3(rotaryDim: number, rope: Rope<"llama3">): Float32Array {
  const { factor, low_freq_factor: low, high_freq_factor: high } = rope;
  const context = rope.original_max_position_embeddings;
  return unscaled(rotaryDim, rope.rope_theta).map((angle) => {
    const wavelength = f32(2 * Math.PI / angle);
    if (wavelength < f32(context / high)) return angle;
    if (wavelength > f32(context / low)) return angle / factor;
    const smooth = f32(f32(f32(context / wavelength) - low) / f32(high - low));
    return f32(f32(f32(1 - smooth) * angle) / factor) + f32(smooth * angle);
  });
}
