/** The rotary embedding that a configuration asks for. */
import type { RopeParameters } from "../../ops/rope_frequencies.ts";
import { ConfigFields } from "../config_fields.ts";
import { check } from "./check.ts";
import type { LlamaType } from "./family.ts";

/** What the angles depend on beside `rope_parameters`. */
interface Sizes {
  /** Features of one head. */
  readonly headDim: number;
  /** Number of positions that the model was made for. */
  readonly positions: number;
}

/** The rotary embedding of a model. */
interface Rope {
  /** That of all layers, or of those that see everything before. */
  readonly rope: RopeParameters;
  /** That of layers with a window, where it is another; null where all layers share one. */
  readonly localRope: RopeParameters | null;
  /** Features of each head that turn; even. */
  readonly rotaryDim: number;
}

const TYPES = ["default", "linear", "dynamic", "yarn", "longrope", "llama3"] as const;

/**
 * `rope_parameters`, or `rope_scaling` with `rope_theta` beside it as older files have them.
 *
 * Source: transformers modeling_rope_utils.py, `convert_rope_params_to_dict` and the functions of each
 * type, and configuration_{gemma3,phi3}.py, which have their own.
 *
 * @throws {TypeError | RangeError} when a field has a wrong type, is out of range or is not supported
 */
export function readRope(
  type: LlamaType,
  raw: Readonly<Record<string, unknown>>,
  fields: ConfigFields,
  sizes: Sizes,
): Rope {
  if (type === "gemma3_text") return { ...readTwoRopes(type, fields), rotaryDim: sizes.headDim };
  const found = fields.within("rope_scaling") ?? fields.within("rope_parameters");
  const rope = found ?? new ConfigFields(type, {});
  const turning = rope.number("partial_rotary_factor", {
    fallback: fields.number("partial_rotary_factor", { fallback: 1 }),
  });
  check(
    turning === 1 || type === "phi3",
    type,
    `partial_rotary_factor is not supported: got ${turning}`,
  );
  const rotaryDim = Math.floor(sizes.headDim * turning);
  check(
    turning <= 1 && rotaryDim >= 2 && rotaryDim % 2 === 0,
    type,
    `partial_rotary_factor must leave an even number of the ${sizes.headDim} features of a head to ` +
      `turn, at least 2: it is ${turning}`,
  );
  return {
    rope: readOneRope(type, raw, fields, rope, sizes, rotaryDim),
    localRope: null,
    rotaryDim,
  };
}

/** The rotary embedding that all layers share. */
function readOneRope(
  type: LlamaType,
  raw: Readonly<Record<string, unknown>>,
  fields: ConfigFields,
  rope: ConfigFields,
  { positions }: Sizes,
  rotaryDim: number,
): RopeParameters {
  const beside = fields.number("rope_theta", { min: 1, fallback: 10000 });
  const rope_theta = rope.number("rope_theta", { min: 1, fallback: beside });
  const rope_type = ropeType(rope, type === "phi3" ? ["default", "longrope"] : TYPES);
  if (rope_type === "default") return { rope_type, rope_theta };
  if (rope_type === "linear" || rope_type === "dynamic") {
    const factor = rope.number("factor", { min: 1 });
    if (rope_type === "linear") return { rope_type, rope_theta, factor };
    check(rotaryDim > 2, type, `head_dim must be above 2 with rope_type "dynamic"`);
    return { rope_type, rope_theta, factor, max_position_embeddings: positions };
  }

  // What stands outside wins, as transformers moves it in before it computes the angles.
  const isOutside = type === "phi3" || raw.original_max_position_embeddings !== undefined;
  const original_max_position_embeddings = (isOutside ? fields : rope)
    .integer("original_max_position_embeddings", {
      min: rope_type === "longrope" ? 2 : 1,
      fallback: type === "phi3" ? 4096 : positions,
    });
  const shared = { rope_theta, original_max_position_embeddings };
  const stretch = positions / original_max_position_embeddings;
  if (rope_type === "yarn") {
    check(rope_theta > 1, type, `rope_theta must be above 1 with rope_type "yarn"`);
    return { rope_type, ...shared, ...readYarn(rope, stretch) };
  }
  if (rope_type === "longrope") {
    const factor = rope.number("factor", { min: 0, fallback: stretch });
    const standard = factor <= 1
      ? 1
      : Math.sqrt(1 + Math.log(factor) / Math.log(original_max_position_embeddings));
    return {
      rope_type,
      ...shared,
      short_factor: divisors(type, rope, "short_factor", rotaryDim),
      long_factor: divisors(type, rope, "long_factor", rotaryDim),
      attention_factor: rope.number("attention_factor", { min: 0, fallback: standard }),
    };
  }
  const factor = rope.number("factor", { min: 1 });
  const low_freq_factor = rope.number("low_freq_factor", { min: 0 });
  const high_freq_factor = rope.number("high_freq_factor", { min: 0 });
  check(
    low_freq_factor > 0 && high_freq_factor > low_freq_factor,
    type,
    `rope_parameters.high_freq_factor must be above low_freq_factor, and that above 0: ` +
      `they are ${high_freq_factor} and ${low_freq_factor}`,
  );
  return { rope_type, ...shared, factor, low_freq_factor, high_freq_factor };
}

function ropeType<Type extends typeof TYPES[number]>(
  rope: ConfigFields,
  types: readonly Type[],
): Type {
  // Before it was called rope_type it was called type.
  const word = rope.has("rope_type") || !rope.has("type") ? "rope_type" : "type";
  return rope.choice(word, types, "default" as Type);
}

/** Gemma 3 has one rotary embedding for layers that see everything, and one for those with a window. */
function readTwoRopes(
  type: LlamaType,
  fields: ConfigFields,
): { readonly rope: RopeParameters; readonly localRope: RopeParameters } {
  const both = fields.within("rope_parameters");
  const read = (kind: string, thetaBeside: string, theta: number): RopeParameters => {
    // An older rope_scaling is that of the layers that see everything.
    const older = kind === "full_attention" ? fields.within("rope_scaling") : null;
    const rope = both?.within(kind) ?? new ConfigFields(type, {});
    const scaling = older ?? rope;
    const beside = fields.number(thetaBeside, { min: 1, fallback: theta });
    const rope_theta = scaling.number("rope_theta", {
      min: 1,
      fallback: rope.number("rope_theta", { min: 1, fallback: beside }),
    });
    const rope_type = ropeType(scaling, ["default", "linear"]);
    if (rope_type === "default") return { rope_type, rope_theta };
    return { rope_type, rope_theta, factor: scaling.number("factor", { min: 1 }) };
  };
  return {
    rope: read("full_attention", "rope_theta", 1e6),
    localRope: read("sliding_attention", "rope_local_base_freq", 1e4),
  };
}

/** The fields of `yarn`; `stretch` is how much longer texts may be than in training. */
function readYarn(rope: ConfigFields, stretch: number) {
  const factor = rope.number("factor", { min: 0, fallback: stretch });
  const given = (name: string, fallback: number) => {
    const value = rope.number(name, { min: 0, fallback });
    return value === 0 ? fallback : value; // as Python's `or`
  };
  const [mscale, mscaleAll] = [given("mscale", 0), given("mscale_all_dim", 0)];
  const grown = (scale: number) => factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
  const standard = mscale !== 0 && mscaleAll !== 0 ? grown(mscale) / grown(mscaleAll) : grown(1);
  return {
    factor,
    attention_factor: rope.number("attention_factor", { min: 0, fallback: standard }),
    beta_fast: given("beta_fast", 32),
    beta_slow: given("beta_slow", 1),
    truncate: rope.flag("truncate", true),
  };
}

/** What the angle of each pair of features is divided by. */
function divisors(
  type: LlamaType,
  rope: ConfigFields,
  name: string,
  rotaryDim: number,
): readonly number[] {
  const list = rope.list(name);
  check(
    list !== null && list.length === rotaryDim / 2 &&
      list.every((value) => typeof value === "number" && value > 0),
    type,
    `rope_parameters.${name} must be a list of ${
      rotaryDim / 2
    } numbers above 0, one for each pair ` +
      `of features that turn`,
  );
  return list as number[];
}
