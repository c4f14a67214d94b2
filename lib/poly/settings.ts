import { escaped, escapedValue } from "../files/escaped.ts";

/** Part of the model that shares one router. */
export type Granularity = PolySettings["router_granularity"];

/** All granularities of routers, finest first. */
export const GRANULARITIES: readonly Granularity[] = [
  "linear",
  "layer",
  "block",
  "coder",
  "model",
];

/** Choices that PEFT fixes and the papers vary. */
export interface PolySettings {
  /** Range of the initial A: 1/√(I/H) as in PEFT, or (1/√3)/√I as in the papers' code (mttl). */
  readonly init_scale: "peft" | "mttl";
  /** Noise of the router in training. */
  readonly router_noise: "relaxed_bernoulli" | "none";
  /** Whether amounts of skills are rounded to 0 or 1, while the gradient ignores the rounding. */
  readonly router_straight_through: boolean;
  /** Temperature of the relaxed Bernoulli distribution; above 0. */
  readonly router_temperature: number;
  /**
   * Part of the model that shares one router: linear layer, sub-layer, block, encoder or decoder,
   * model.
   */
  readonly router_granularity: "linear" | "layer" | "block" | "coder" | "model";
  /**
   * Whether the last skill has the amount 1 for every task and split, whatever its logit, so that all tasks
   * share it.
   */
  readonly router_shared_skill: boolean;
  /**
   * What makes mixing weights of the amounts p of a split: p / Σ p, p · √H / √S, or, of the logits z
   * themselves, z / ‖z‖. Only the first sum to 1.
   */
  readonly router_normalization: "sum" | "average_correction" | "l2_norm";
  /**
   * What the weights of the skills are of: A and B each on its own, as in all code, or their products, as
   * equation 6 of the first paper reads; products of one split only.
   */
  readonly composition: "factors" | "products";
  /**
   * Fixed amounts of each skill for each task, `[T, S]`, not negative, the same for every split;
   * rows are scaled to sum 1. Null means that routing is learned.
   */
  readonly router_allocation: readonly (readonly number[])[] | null;
  /**
   * What gives a task its mixing weights: a row of logits as in Polytropon, or a hyper-network that reads
   * an embedding of the task, as in HyperLoRA.
   */
  readonly router_type: "logits" | "hypernetwork";
  /**
   * What a skill of a layer is: low-rank factors, a vector that scales the layer's features, or a sparse
   * difference of its weight.
   */
  readonly skill_form: SkillForm;
  /**
   * With (IA)³ vectors, the layers whose input is scaled and not their output, by name or dotted ending;
   * null means PEFT's default for the architecture.
   */
  readonly feedforward_modules: readonly string[] | null;
  /** Share of the values of a sparse skill that are not 0; above 0 and at most 1. */
  readonly skill_density: number;
}

/** What a skill is. */
export type SkillForm = "lora" | "ia3" | "sparse";

/** All forms of skills. */
export const SKILL_FORMS: readonly SkillForm[] = ["lora", "ia3", "sparse"];

/** Settings of routing and composition with which PEFT's kernels compute an adapter. */
const PLAIN = {
  router_shared_skill: false,
  router_normalization: "sum",
  composition: "factors",
} as const;

/**
 * Settings that came after adapters had been saved, with the values that they have in files without them.
 */
export const LATER_POLY_SETTINGS: Partial<PolySettings> = PLAIN;

/** Settings that PEFT and the papers' code agree on. */
const COMMON = {
  router_straight_through: false,
  router_temperature: 1,
  router_granularity: "linear",
  ...PLAIN,
  router_allocation: null,
  router_type: "logits",
  skill_form: "lora",
  feedforward_modules: null,
  skill_density: 0.1,
} as const;

/** Settings equal to PEFT's behaviour, and to the papers' code as its scripts run it. */
export const PROFILES: Readonly<Record<"peft" | "mttl", PolySettings>> = {
  peft: {
    init_scale: "peft",
    router_noise: "relaxed_bernoulli",
    ...COMMON,
  },
  mttl: {
    init_scale: "mttl",
    router_noise: "none",
    ...COMMON,
  },
};

/**
 * Checks settings, and completes them with PEFT's.
 *
 * @param T number of tasks
 * @param S number of skills
 * @throws {TypeError} when a setting is unknown or of the wrong type
 * @throws {RangeError} when a value is not allowed
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(readSettings({}, 3, 2), PROFILES.peft);
 * assert.throws(() => readSettings({ router_temperature: 0 }, 3, 2), RangeError);
 * ```
 */
export function readSettings(given: Partial<PolySettings>, T: number, S: number): PolySettings {
  const settings = { ...PROFILES.peft };
  for (const [key, value] of Object.entries(given)) {
    if (!Object.hasOwn(settings, key)) {
      throw new TypeError(
        `Cannot read settings as each must be one of ${Object.keys(settings).join(", ")}: got "${
          escaped(key)
        }"`,
      );
    }
    if (value !== undefined) Object.assign(settings, { [key]: value });
  }
  oneOf("init_scale", settings.init_scale, ["peft", "mttl"]);
  oneOf("router_noise", settings.router_noise, ["relaxed_bernoulli", "none"]);
  oneOf("router_granularity", settings.router_granularity, GRANULARITIES);
  oneOf("router_type", settings.router_type, ["logits", "hypernetwork"]);
  oneOf("skill_form", settings.skill_form, SKILL_FORMS);
  oneOf("router_normalization", settings.router_normalization, [
    "sum",
    "average_correction",
    "l2_norm",
  ]);
  oneOf("composition", settings.composition, ["factors", "products"]);
  for (const key of ["router_straight_through", "router_shared_skill"] as const) {
    if (typeof settings[key] === "boolean") continue;
    throw new TypeError(
      `Cannot read settings as ${key} must be a boolean: got ${escapedValue(settings[key])}`,
    );
  }
  refuseWithL2Norm(settings);
  if (typeof settings.router_temperature !== "number") {
    throw new TypeError(
      `Cannot read settings as router_temperature must be a number: ` +
        `got ${escapedValue(settings.router_temperature)}`,
    );
  }
  if (!(settings.router_temperature > 0 && Number.isFinite(settings.router_temperature))) {
    throw new RangeError(
      `Cannot read settings as router_temperature must be above 0 and finite: ` +
        `got ${settings.router_temperature}`,
    );
  }
  const { feedforward_modules, skill_density } = settings;
  if (!(typeof skill_density === "number" && skill_density > 0 && skill_density <= 1)) {
    throw new RangeError(
      `Cannot read settings as skill_density must be above 0 and at most 1: got ${
        escapedValue(skill_density)
      }`,
    );
  }
  const isNames = Array.isArray(feedforward_modules) &&
    feedforward_modules.every((name) => typeof name === "string");
  if (feedforward_modules !== null && !isNames) {
    throw new TypeError(
      `Cannot read settings as feedforward_modules must be a list of names, or null: ` +
        `got ${escapedValue(feedforward_modules)}`,
    );
  }
  const router_allocation = readAllocation(settings.router_allocation, T, S);
  return Object.freeze({ ...settings, router_allocation });
}

/** Refuses what has no amounts to work on; the papers' code passes over it. */
function refuseWithL2Norm(settings: PolySettings): void {
  if (settings.router_normalization !== "l2_norm") return;
  const needed = {
    router_noise: "none",
    router_straight_through: false,
    router_shared_skill: false,
  } as const;
  for (const key of Object.keys(needed) as (keyof typeof needed)[]) {
    if (settings[key] === needed[key]) continue;
    throw new RangeError(
      `Cannot read settings as with router_normalization "l2_norm", which makes weights of the logits ` +
        `themselves, ${key} must be ${JSON.stringify(needed[key])}: got ${
          escapedValue(settings[key])
        }`,
    );
  }
}

/**
 * Why PEFT computes something else in evaluation from the skills and logits of an adapter with these
 * settings; null where it computes the same.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(unlikePeft(PROFILES.mttl), null);
 * assert.match(unlikePeft({ ...PROFILES.peft, composition: "products" })!, /^composition/);
 * ```
 */
export function unlikePeft(settings: PolySettings): string | null {
  const { router_straight_through, router_normalization, composition } = settings;
  if (router_straight_through) {
    return "router_straight_through rounds each skill to 0 or 1 in evaluation too";
  }
  if (router_normalization !== "sum") {
    return `router_normalization "${router_normalization}" makes weights that do not sum to 1`;
  }
  return composition === "factors" ? null : `composition "${composition}" sums products of A and B`;
}

/**
 * Whether kernels mix the skills of an adapter with these settings, so that several adapters can be trained
 * as one stack in the bytes of each alone.
 */
export function isMixedByKernels(settings: PolySettings): boolean {
  return Object.entries(PLAIN).every(([key, value]) =>
    settings[key as keyof PolySettings] === value
  );
}

function oneOf(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) {
    throw new RangeError(
      `Cannot read settings as ${name} must be one of ${allowed.join(", ")}: got ${
        escapedValue(value)
      }`,
    );
  }
}

function readAllocation(
  rows: readonly (readonly number[])[] | null,
  T: number,
  S: number,
): readonly (readonly number[])[] | null {
  if (rows === null) return null;
  if (!Array.isArray(rows) || !rows.every(Array.isArray)) {
    throw new TypeError(
      "Cannot read settings as router_allocation must be an array of rows, or null",
    );
  }
  const sizes = [...new Set(rows.map((row) => row.length))];
  if (rows.length !== T || sizes.length !== 1 || sizes[0] !== S) {
    throw new RangeError(
      `Cannot read settings as router_allocation must have one row per task and one column per skill, ` +
        `[${T}, ${S}]: got ${rows.length} rows of ${escaped(sizes.join(" and "))}`,
    );
  }
  for (const [task, row] of rows.entries()) {
    if (!row.every((value: number) => Number.isFinite(value) && value >= 0)) {
      throw new RangeError(
        `Cannot read settings as amounts in router_allocation must be finite and not negative: ` +
          `task ${task} has ${escaped(row.join(", "))}`,
      );
    }
    if (!row.some((value: number) => value > 0)) {
      throw new RangeError(
        `Cannot read settings as each task must have a skill in router_allocation: ` +
          `task ${task} has none`,
      );
    }
  }
  return Object.freeze(rows.map((row) => Object.freeze([...row])));
}
