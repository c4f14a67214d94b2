import type { ModuleInfo } from "../models/base_model.ts";
import type { Parameters } from "../models/parameters.ts";
import * as tf from "../tf.ts";
import { randomStream } from "../util/random.ts";
import type { Adapter } from "./adapter.ts";
import { adapterNameWarning, checkAdapterName } from "./adapter_name.ts";
import type { PolyConfig } from "./config.ts";
import type { PolyLayer } from "./layer.ts";
import { Router } from "./router.ts";
import { routerGroup } from "./router_group.ts";
import { copyModules, savedModuleNames, withHeads } from "./saved_modules.ts";
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
 * without `init_weights`; Z is uniform in ±10⁻³. Letters: `I` features in, `H` splits, `R` rank.
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
  const { target_modules, exclude_modules, task_type } = given;
  const modules_to_save = withHeads(given.modules_to_save, task_type);
  const fields = { target_modules, exclude_modules, modules_to_save, task_type };
  const { targetModules, modules, warnings } = resolveTargets(base, fields);
  const config = given.with({ target_modules: targetModules, modules_to_save });
  const linears = modules.map((module) => checkLinear(module, config));
  const saved = savedModuleNames(base.modules, config.modules_to_save);
  refuseBoth(linears, saved);
  refuseTooMany(linears, config, most);
  randomStream(seed, "init"); // refuses a bad seed

  const routers = new Map<string, Router>();
  const layers = new Map<string, PolyLayer>();
  for (const module of linears) {
    const group = routerGroup(module.name, config.settings.router_granularity);
    if (!routers.has(group)) routers.set(group, makeRouter(group, config, seed));
    layers.set(module.name, makeLayer(module, config, routers.get(group)!, seed));
  }
  const adapter = {
    name,
    config,
    layers,
    savedModuleNames: saved,
    savedModules: copyModules(base.parameters, saved),
  };
  return { adapter, warnings: [...warnings, ...ownWarnings(adapter, base.parameters)] };
}

function checkLinear(module: ModuleInfo, { n_splits }: PolyConfig): Linear {
  const { name, kind, inFeatures, outFeatures } = module;
  if (kind !== "Linear" || inFeatures === undefined || outFeatures === undefined) {
    throw new TypeError(
      `Target module "${name}" (${kind}) is not supported. Currently, only the following modules ` +
        "are supported: `torch.nn.Linear`.",
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
  const { r, n_tasks, n_skills, n_splits } = config;
  const all = linears.reduce(
    (sum, { inFeatures, outFeatures }) =>
      sum + n_skills * r * (inFeatures + outFeatures) + n_tasks * n_splits * n_skills,
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

/** Uniform values in [−bound, bound); zeros when `bound` is 0. */
function uniform(seed: number, name: string, shape: number[], bound: number): tf.Variable {
  const values = new Float32Array(shape.reduce((size, n) => size * n, 1));
  if (bound > 0) {
    const stream = randomStream(seed, `init/${name}`);
    for (let i = 0; i < values.length; i++) values[i] = (2 * stream.uniform() - 1) * bound;
  }
  return tf.tidy(() => tf.variable(tf.tensor(values, shape)));
}

function ownWarnings({ name, layers, savedModuleNames }: Adapter, base: Parameters): string[] {
  const warnings: string[] = [];
  const odd = adapterNameWarning(name);
  if (odd !== null) warnings.push(odd);
  const isTied = (module: string) =>
    EMBEDDING_LAYERS.includes(module.split(".").at(-1)!) &&
    [...base.aliases].flat().includes(`${module}.weight`);
  if ([...layers.keys(), ...savedModuleNames].some(isTied)) {
    warnings.push(
      "Model has `tie_word_embeddings=True` and a tied layer is part of the adapter, but no " +
        "implementation exists to tie the adapters: what the adapter learns for one is not applied " +
        "to the others.",
    );
  }
  return warnings;
}
