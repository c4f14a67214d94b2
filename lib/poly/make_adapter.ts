import type { ModuleInfo } from "../models/base_model.ts";
import type { Parameters } from "../models/parameters.ts";
import * as tf from "../tf.ts";
import { randomStream } from "../util/random.ts";
import { type Adapter, layersOf } from "./adapter.ts";
import { adapterNameWarning, checkAdapterName } from "./adapter_name.ts";
import type { PolyConfig } from "./config.ts";
import type { PolyLayer } from "./layer.ts";
import type { FormLayer } from "./forms/form_layer.ts";
import { Ia3Layer } from "./forms/ia3.ts";
import { SparseLayer, supportSize } from "./forms/sparse.ts";
import { HyperRouter } from "./hyper_router.ts";
import { Router } from "./router.ts";
import { routerGroup } from "./router_group.ts";
import { copyModules, savedModuleNames, withHeads } from "./saved_modules.ts";
import { ia3FeedforwardModules, ia3Targets } from "./targets/default_targets.ts";
import { suffixesOf } from "./targets/minimal_targets.ts";
import { resolveTargets, type Targeted } from "./targets/target_modules.ts";

/** A linear module with its sizes. */
type Linear = Required<ModuleInfo>;

/** PEFT's names of the layers that a language model may tie. */
const EMBEDDING_LAYERS = ["embed_tokens", "lm_head"];

/**
 * Makes an adapter for a model. Initial values come from random streams named after the modules, so
 * they depend neither on the adapter's name nor on other modules. Everything is checked before the
 * first tensor is made, and the model stays unchanged.
 *
 * A is uniform in ±1/√(I/H), or ±(1/√3)/√I with `init_scale: "mttl"`; B is 0, or uniform in ±1/√R
 * without `init_weights`; Z is uniform in ±10⁻³. (IA)³ vectors, stored as their difference to 1, are 0, and
 * so are sparse differences, at random places of the weight.
 * A hyper-network of embeddings of size E is uniform in ±1/√E, and the embeddings are standard normal.
 * Letters: `I` features in, `H` splits, `R` rank.
 *
 * Source: tuners/poly/layer.py of PEFT, `update_layer` and `reset_poly_parameters`;
 * tuners/tuners_utils.py, `inject_adapter`
 *
 * @param most largest number of values in the layers; unlimited when absent
 * @throws {TypeError} when a target is not a linear layer
 * @throws {RangeError} when the name is not allowed, no module is targeted, `n_splits` does not
 * divide the sizes of a target, a module is both adapted and saved as a whole, or there are too
 * many values
 * @throws {SyntaxError} when a pattern is not valid
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import * as tf from "../tf.ts";
 * import { Parameters } from "../models/parameters.ts";
 * import { PolyConfig } from "./config.ts";
 *
 * await tf.setBackend("cpu");
 * const modules = [{ name: "h.q", kind: "Linear", inFeatures: 6, outFeatures: 4 }];
 * const parameters = new Parameters([["h.q.weight", tf.ones([4, 6])]]);
 * const identity = { modelType: "custom" };
 * const base = { identity, modules, outputEmbedding: null, parameters };
 * const config = new PolyConfig({ target_modules: ["q"], n_splits: 2, n_skills: 5, r: 3 });
 * const { adapter } = makeAdapter(base, "default", config, 7);
 * assert.deepEqual(adapter.layers.get("h.q")!.skillsA.shape, [2, 5, 3, 3]);
 * ```
 */
export function makeAdapter(
  base: Targeted & { readonly parameters: Parameters },
  name: string,
  given: PolyConfig,
  seed: number,
  most = Infinity,
): { readonly adapter: Adapter; readonly warnings: readonly string[] } {
  checkAdapterName(name);
  const { exclude_modules, task_type, settings } = given;
  const { modelType } = base.identity;
  const isIa3 = settings.skill_form === "ia3";
  const target_modules = given.target_modules ?? (isIa3 ? new Set(ia3Targets(modelType)) : null);
  const feedforward = new Set(settings.feedforward_modules ?? ia3FeedforwardModules(modelType));
  const modules_to_save = withHeads(given.modules_to_save, task_type);
  const fields = { target_modules, exclude_modules, modules_to_save, task_type };
  const { targetModules, modules, warnings } = resolveTargets(base, fields);
  const config = given.with({
    target_modules: targetModules,
    modules_to_save,
    settings: isIa3 ? { feedforward_modules: [...feedforward] } : {},
  });
  const linears = modules.map((module) => checkLinear(module, config));
  const saved = savedModuleNames(base.modules, config.modules_to_save);
  refuseBoth(linears, saved);
  refuseTooMany(linears, config, most);
  randomStream(seed, "init"); // refuses a bad seed

  const routers = new Map<string, Router>();
  const layers = new Map<string, PolyLayer>();
  const formLayers = new Map<string, FormLayer>();
  for (const module of linears) {
    const group = routerGroup(module.name, config.settings.router_granularity);
    if (!routers.has(group)) routers.set(group, makeRouter(group, config, seed));
    const router = routers.get(group)!;
    switch (settings.skill_form) {
      case "lora":
        layers.set(module.name, makeLayer(module, config, router, seed));
        break;
      case "ia3":
        formLayers.set(module.name, makeIa3Layer(module, config, router, feedforward));
        break;
      case "sparse":
        formLayers.set(module.name, makeSparseLayer(module, config, router, seed));
    }
  }
  const adapter = {
    name,
    config,
    layers,
    formLayers,
    savedModuleNames: saved,
    savedModules: copyModules(base.parameters, saved),
  };
  return { adapter, warnings: [...warnings, ...ownWarnings(adapter, base.parameters)] };
}

function checkLinear(module: ModuleInfo, { n_splits, settings }: PolyConfig): Linear {
  const { name, kind, inFeatures, outFeatures } = module;
  if (kind !== "Linear" || inFeatures === undefined || outFeatures === undefined) {
    throw new TypeError(
      `Target module "${name}" (${kind}) is not supported. Currently, only the following modules ` +
        "are supported: `torch.nn.Linear`.",
    );
  }
  if (settings.skill_form === "sparse" && n_splits !== 1) {
    throw new RangeError(
      `Cannot adapt "${name}" as sparse skills have no splits: n_splits must be 1, got ${n_splits}`,
    );
  }
  if (inFeatures % n_splits !== 0 || outFeatures % n_splits !== 0) {
    throw new RangeError(
      `Cannot adapt "${name}" as n_splits must divide both sizes: n_splits is ${n_splits}, ` +
        `in features ${inFeatures}, out features ${outFeatures}`,
    );
  }
  return { name, kind, inFeatures, outFeatures };
}

function refuseBoth(linears: readonly Linear[], saved: readonly string[]): void {
  for (const { name } of linears) {
    const outer = saved.find((module) => name === module || name.startsWith(`${module}.`));
    if (outer !== undefined) {
      throw new RangeError(
        `Cannot adapt "${name}" as modules_to_save trains "${outer}" as a whole: ` +
          `take it out of target_modules or of modules_to_save`,
      );
    }
  }
}

function refuseTooMany(linears: readonly Linear[], config: PolyConfig, most: number): void {
  const { r, n_tasks, n_skills, n_splits, settings } = config;
  const valuesOf = {
    lora: (I: number, O: number) => r * (I + O),
    ia3: Math.max,
    sparse: (I: number, O: number) => supportSize(settings.skill_density, I * O),
  }[settings.skill_form];
  const all = linears.reduce(
    (sum, { inFeatures, outFeatures }) =>
      sum + n_skills * valuesOf(inFeatures, outFeatures) + n_tasks * n_splits * n_skills,
    0,
  );
  if (all > most) {
    throw new RangeError(
      `Cannot make an adapter as its configuration asks for more values than its file and the base ` +
        `model have together: ${all}, more than ${most}; r is ${r}, n_tasks ${n_tasks}, ` +
        `n_skills ${n_skills}, n_splits ${n_splits}`,
    );
  }
}

function makeRouter(group: string, config: PolyConfig, seed: number): Router {
  const { n_tasks: T, n_skills: S, n_splits: H } = config;
  if (config.settings.router_type === "hypernetwork") {
    const bound = 1 / Math.sqrt(S);
    const network = {
      weight1: uniform(seed, `${group}/weight1`, [S, S], bound),
      bias1: uniform(seed, `${group}/bias1`, [S], bound),
      weight2: uniform(seed, `${group}/weight2`, [S, S], bound),
      bias2: uniform(seed, `${group}/bias2`, [S], bound),
    };
    return new HyperRouter(
      group,
      normal(seed, `${group}/embedding`, [T, S]),
      network,
      config.settings,
    );
  }
  const logits = uniform(seed, `${group}/Z`, [T, H * S], 1e-3);
  return new Router(group, logits, S, H, config.settings);
}

function makeLayer(module: Linear, config: PolyConfig, router: Router, seed: number): PolyLayer {
  const { name, inFeatures: I, outFeatures: O } = module;
  const { n_skills: S, n_splits: H, r: R, settings, init_weights } = config;
  const bound = settings.init_scale === "peft" ? Math.sqrt(H / I) : Math.sqrt(1 / 3 / I);
  return {
    name,
    inFeatures: I,
    outFeatures: O,
    rank: R,
    skillsA: uniform(seed, `${name}/A`, [H, S, I / H, R], bound),
    skillsB: uniform(seed, `${name}/B`, [H, S, R, O / H], init_weights ? 0 : Math.sqrt(1 / R)),
    router,
  };
}

function makeIa3Layer(
  module: Linear,
  { n_skills: S, n_splits: H }: PolyConfig,
  router: Router,
  feedforward: ReadonlySet<string>,
): Ia3Layer {
  const isFeedforward = suffixesOf(module.name).some((suffix) => feedforward.has(suffix));
  const features = isFeedforward ? module.inFeatures : module.outFeatures;
  const vectors = tf.tidy(() => tf.variable(tf.zeros([H, S, features / H])));
  return new Ia3Layer({ ...module, isFeedforward }, vectors, router);
}

function makeSparseLayer(
  module: Linear,
  { n_skills: S, settings: { skill_density } }: PolyConfig,
  router: Router,
  seed: number,
): SparseLayer {
  const size = module.inFeatures * module.outFeatures;
  const K = supportSize(skill_density, size);
  const stream = randomStream(seed, `init/${module.name}/support`);
  const places = Array.from({ length: size }, (_, place) => place);
  const supports = Array.from(
    { length: S },
    () => K === size ? places : stream.shuffle(places).slice(0, K).sort((a, b) => a - b),
  );
  const values = tf.tidy(() => tf.variable(tf.zeros([1, S, K])));
  return new SparseLayer(module, values, Int32Array.from(supports.flat()), router);
}

/** Standard normal values. */
function normal(seed: number, name: string, shape: number[]): tf.Variable {
  const stream = randomStream(seed, `init/${name}`);
  const size = shape.reduce((size, n) => size * n, 1);
  return tf.tidy(() =>
    tf.variable(tf.tensor(Float32Array.from({ length: size }, () => stream.normal()), shape))
  );
}

/** Uniform values in [−bound, bound); zeros when `bound` is 0. */
function uniform(seed: number, name: string, shape: number[], bound: number): tf.Variable {
  const values = new Float32Array(shape.reduce((size, n) => size * n, 1));
  if (bound > 0) {
    const stream = randomStream(seed, `init/${name}`);
    for (let i = 0; i < values.length; i++) values[i] = (2 * stream.uniform() - 1) * bound;
  }
  return tf.tidy(() => tf.variable(tf.tensor(values, shape)));
}

function ownWarnings(adapter: Adapter, base: Parameters): string[] {
  const { name, savedModuleNames } = adapter;
  const warnings: string[] = [];
  const odd = adapterNameWarning(name);
  if (odd !== null) warnings.push(odd);
  const isTied = (module: string) =>
    EMBEDDING_LAYERS.includes(module.split(".").at(-1)!) &&
    [...base.aliases].flat().includes(`${module}.weight`);
  if ([...layersOf(adapter).map(({ name }) => name), ...savedModuleNames].some(isTied)) {
    warnings.push(
      "Model has `tie_word_embeddings=True` and a tied layer is part of the adapter, but no " +
        "implementation exists to tie the adapters: what the adapter learns for one is not applied " +
        "to the others.",
    );
  }
  return warnings;
}
