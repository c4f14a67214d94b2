import { type AnyBaseModel, getPeftModel, PeftModel } from "../peft/peft_model.ts";
import { slots } from "../peft/adapter_slots.ts";
import type { Adapter } from "../poly/adapter.ts";
import type { Allocation } from "../poly/allocation.ts";
import { PolyConfig, type TaskType } from "../poly/config.ts";
import { SparseLayer } from "../poly/forms/sparse.ts";
import { drawRouting } from "../poly/random_routing.ts";
import { makeFullAdapter } from "../poly/full_adapter.ts";
import * as tf from "../tf.ts";
import type { RunConfig } from "./config.ts";
import { heldoutRouting, mixesSkills } from "./heldout_routing.ts";

/**
 * The adapter of the multi-task phase.
 *
 * | method | skills | routing |
 * | --- | --- | --- |
 * | `shared` | one, of rank r | none |
 * | `shared_equal_budget` | one, of rank r · n_skills | none |
 * | `private` | one per task | each task its own |
 * | `expert` | one per true skill, whatever n_skills | the true allocation |
 * | `uniform` | n_skills | all alike, fixed |
 * | `random` | n_skills | a random subset for each task and split, fixed |
 * | `poly` | n_skills | learned per split; MHR when there are several |
 * | `hyper` | n_skills, the last layer of a generator | a hyper-network reads an embedding of the task |
 * | `full` | none: all weights of the base model are trained | none |
 *
 * A skill is what `skill_form` says, for every method that has skills.
 *
 * Source: Ponti et al. 2022 (arXiv 2202.13914), section 4; Caccia et al. 2023 (arXiv 2211.03831).
 *
 * @param truth the true allocation `[T, S]` of the training tasks; needed by `expert`
 */
export function multiTaskModel<M extends AnyBaseModel>(
  base: M,
  config: RunConfig,
  truth: Allocation | null,
): PeftModel<M> {
  const T = config.n_tasks;
  const ones = (skills: number): number[][] =>
    Array.from({ length: T }, () => new Array<number>(skills).fill(1));
  switch (config.method) {
    case "shared":
      return adapted(base, config, { n_tasks: T, n_skills: 1 }, ones(1));
    case "shared_equal_budget":
      return adapted(
        base,
        config,
        { n_tasks: T, n_skills: 1, r: config.r * config.n_skills },
        ones(1),
      );
    case "private": {
      const identity = ones(T).map((row, task) => row.map((_, skill) => skill === task ? 1 : 0));
      return adapted(base, config, { n_tasks: T, n_skills: T }, identity);
    }
    case "expert": {
      const used = usedSkills(truth!);
      const columns = truth!.map((row) => used.map((skill) => row[skill]!));
      return adapted(base, config, { n_tasks: T, n_skills: used.length }, columns);
    }
    case "uniform":
      return adapted(base, config, { n_tasks: T }, ones(config.n_skills));
    case "random": {
      // What is drawn once for all is what it is: not sampled, not rounded, in equal shares of sum 1.
      const fixed = {
        ...config,
        router_noise: "none",
        router_straight_through: false,
        router_shared_skill: false,
        router_normalization: "sum",
      } as const;
      const model = adapted(base, fixed, { n_tasks: T }, null);
      drawRouting(model.adapters.get("default")!, config.seed);
      model.setRequiresGrad("default", false, "router");
      return model;
    }
    case "poly":
    case "hyper":
      return adapted(base, config, { n_tasks: T }, null);
    case "full":
      return fullModel(base);
  }
}

/**
 * The adapter of averaging: one skill for all tasks, which is the mean of the trained skills, A and B each
 * on its own. Of `private` it is the mean of the tasks' adapters; of `shared` it is the adapter itself.
 *
 * Source: MHR-μ for zero-shot transfer, Caccia et al. 2023 (arXiv 2211.03831), section 4; mttl
 * `switch_to_avg_modules`. Differs: mttl trains all skills under their fixed average, which is this one
 * adapter with S copies of each number; only clipping and weight decay can tell them apart.
 *
 * @param source the trained adapter of the multi-task phase
 */
export function averagedModel<M extends AnyBaseModel>(
  base: M,
  config: RunConfig,
  source: Adapter,
): PeftModel<M> {
  const { n_tasks, n_splits, r } = source.config;
  const ones = Array.from({ length: n_tasks }, () => [1]);
  const model = adapted(base, config, { n_tasks, n_skills: 1, n_splits, r }, ones);
  copyValues(source, model.adapters.get("default")!, (skills) => tf.mean(skills, 1, true));
  return model;
}

/**
 * The adapter of one held-out task, before its first step.
 *
 * `full` and `routing` start from the trained skills and fresh routing, which mixes them alike;
 * `average` from one skill that is their mean, so all three compute the same function at the start;
 * `random` from fresh skills, sparse ones with the masks of the trained. A method without shared skills (`private`) starts afresh, unless by `soup`:
 * then from one skill that is the mean of all training tasks' adapters, A and B each on its own.
 * What mixes the skills is said by {@linkcode heldoutRouting}. The method `random` differs from `poly` in
 * the multi-task phase alone: here it learns a fresh row as `poly` does, so that a difference between
 * the two is due to what multi-task training has made of the skills.
 * `hyper` starts from the trained generator and a fresh embedding, which alone `routing` trains; `full` from
 * all trained weights, or with `random` from those of the base model.
 *
 * Source: mttl `finetune_type` A, Z, MuZ and PolyRand; Caccia et al. 2023 (arXiv 2211.03831). The soup is
 * AdapterSoup (arXiv 2302.07027) as the latter compares with it. Differs: it averages all training tasks,
 * where AdapterSoup selects some (by a rule that Caccia et al. do not publish), and those of `private` are
 * trained side by side: each on its own examples, from an initial A of its own, clipped by a joint norm.
 *
 * @param source the trained adapter of the multi-task phase, or of averaging where there are such steps
 * @param truth the true skills of the held-out task and of the training tasks; needed by `expert` where
 * it is given the held-out task's
 * @param seed seed of newly drawn values
 */
export function adaptationModel<M extends AnyBaseModel>(
  base: M,
  config: RunConfig,
  source: Adapter,
  truth: { readonly training: Allocation; readonly heldOut: readonly number[] } | null,
  seed: number,
): PeftModel<M> {
  const { method, adaptation, average_steps } = config;
  const { n_skills, n_splits, r } = source.config;
  const seeded = { ...config, seed };
  if (method === "full") {
    const model = fullModel(base);
    if (adaptation !== "random") copyValues(source, model.adapters.get("default")!);
    return model;
  }
  if (method === "private" && adaptation !== "soup" && average_steps === 0) {
    return adapted(base, seeded, { n_tasks: 1, n_skills: 1, r }, [[1]]);
  }
  if (adaptation === "average" || adaptation === "soup") {
    const model = adapted(base, seeded, { n_tasks: 1, n_skills: 1, n_splits, r }, [[1]]);
    copyValues(source, model.adapters.get("default")!, (skills) => tf.mean(skills, 1, true));
    return model;
  }
  const heldOut = (): number[][] => {
    const row = usedSkills(truth!.training).map((skill) => truth!.heldOut[skill]!);
    return [row.some((amount) => amount > 0) ? row : row.map(() => 1)];
  };
  const routing = heldoutRouting(config);
  const allocation = routing === "learned"
    ? null
    : routing === "true"
    ? heldOut()
    : [new Array<number>(n_skills).fill(1)];
  const model = adapted(base, seeded, { n_tasks: 1, n_skills, n_splits, r }, allocation);
  const target = model.adapters.get("default")!;
  copySupports(source, target);
  if (adaptation !== "random") copyValues(source, target);
  if (adaptation === "routing") model.setRequiresGrad("default", false, "skills");
  return model;
}

/** Skills that some training task has; a column without any could learn nothing. */
function usedSkills(allocation: Allocation): number[] {
  return allocation[0]!.flatMap((_, skill) =>
    allocation.some((row) => row[skill]! > 0) ? [skill] : []
  );
}

function adapted<M extends AnyBaseModel>(
  base: M,
  config: RunConfig,
  sizes: { n_tasks: number; n_skills?: number; n_splits?: number; r?: number },
  allocation: Allocation | null,
): PeftModel<M> {
  const poly = new PolyConfig({
    task_type: taskType(base),
    target_modules: config.target_modules === "default" ? null : config.target_modules,
    r: config.r,
    n_skills: config.n_skills,
    n_splits: config.n_splits,
    ...sizes,
    settings: {
      init_scale: config.init_scale,
      router_noise: config.router_noise,
      router_straight_through: config.router_straight_through,
      router_temperature: config.router_temperature,
      router_granularity: config.router_granularity,
      router_shared_skill: config.router_shared_skill,
      router_normalization: config.router_normalization,
      composition: mixesSkills(config) ? config.composition : "factors",
      router_allocation: allocation,
      router_type: config.method === "hyper" ? "hypernetwork" : "logits",
      skill_form: config.skill_form,
      skill_density: config.skill_density,
    },
  });
  const model = getPeftModel(base, poly, { seed: config.seed });
  if (allocation !== null) model.setRequiresGrad("default", false, "router");
  return model;
}

function taskType(base: AnyBaseModel): TaskType | null {
  if (!("isEncoderDecoder" in base)) return null;
  return base.isEncoderDecoder ? "SEQ_2_SEQ_LM" : "CAUSAL_LM";
}

function fullModel<M extends AnyBaseModel>(base: M): PeftModel<M> {
  return PeftModel.withAdapter(base, makeFullAdapter(base, "default", taskType(base)), ["saved"]);
}

/** Gives sparse skills the masks of others, on which their values lie. */
function copySupports(from: Adapter, to: Adapter): void {
  for (const [name, layer] of to.formLayers) {
    const source = from.formLayers.get(name);
    if (layer instanceof SparseLayer && source instanceof SparseLayer) {
      layer.support.set(source.support);
    }
  }
}

/**
 * Copies everything but the routing of tasks from one adapter to another of the same layers: skills, perhaps
 * changed, hyper-networks, and modules saved as a whole.
 */
function copyValues(
  from: Adapter,
  to: Adapter,
  change: (skills: tf.Tensor) => tf.Tensor = (skills) => tf.clone(skills),
): void {
  const sources = new Map(slots(from).map(({ name, variable }) => [name, variable]));
  for (const { name, variable, part } of slots(to)) {
    if (part !== "router") tf.tidy(() => variable.assign(change(sources.get(name)!)));
  }
}
