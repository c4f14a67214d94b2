/**
 * Several adapters of the same shape as one: each is a task with an inventory of skills of its own. So one
 * batch holds the rows of all, and one step trains all.
 *
 * @module
 */
import * as tf from "../tf.ts";
import { type Adapter, requireLowRank, routersOf } from "./adapter.ts";
import type { PolyLayer } from "./layer.ts";
import { Router } from "./router.ts";

/**
 * The stack of adapters of one task each: task `i` of the stack computes what adapter `i` does. It copies
 * their values; {@linkcode copyFromStack} brings them back.
 *
 * @param adapters at least one, all of the same base model, layers, sizes and settings; only the
 * allocation of a fixed routing may differ
 * @returns an adapter named as the first
 * @throws {RangeError} when an adapter has several tasks, saves whole modules, or differs in layers or
 * sizes
 */
export function stackAdapters(adapters: readonly Adapter[]): Adapter {
  const [first] = adapters as readonly [Adapter, ...Adapter[]];
  adapters.forEach((adapter) => checkAlike(first, adapter));
  const { name, savedModuleNames, savedModules } = first;
  const allocations = adapters.map(({ config }) => config.settings.router_allocation);
  const config = first.config.with({
    n_tasks: adapters.length,
    settings: {
      router_allocation: allocations.includes(null)
        ? null
        : allocations.flatMap((rows) => [...rows!]),
    },
  });
  // Variables are made in the order in which those of an adapter are, as sums over gradients go by it.
  const routers = new Map<string, Router>();
  const layers = new Map<string, PolyLayer>();
  for (const [module, layer] of first.layers) {
    const { name, nSkills, nSplits } = layer.router;
    if (!routers.has(name)) {
      const logits = stacked(adapters.map((adapter) => routerOf(adapter, name).moduleLogits));
      routers.set(name, new Router(name, logits, nSkills, nSplits, config.settings));
    }
    const all = adapters.map((adapter) => adapter.layers.get(module)!);
    layers.set(module, {
      ...layer,
      skillsA: stacked(all.map(({ skillsA }) => skillsA)),
      skillsB: stacked(all.map(({ skillsB }) => skillsB)),
      router: routers.get(name)!,
    });
  }
  return { name, config, layers, formLayers: new Map(), savedModuleNames, savedModules };
}

/** Whether an adapter may be part of a stack, as far as it alone tells. */
export function isStackable({ config, savedModules }: Adapter): boolean {
  const { skill_form, router_type } = config.settings;
  return config.n_tasks === 1 && savedModules.size === 0 && skill_form === "lora" &&
    router_type === "logits";
}

/** Gives each adapter the values that it has in the stack. */
export function copyFromStack(stack: Adapter, adapters: readonly Adapter[]): void {
  for (const [name, { skillsA, skillsB }] of stack.layers) {
    const layers = adapters.map((adapter) => adapter.layers.get(name)!);
    unstack(skillsA, layers.map((layer) => layer.skillsA));
    unstack(skillsB, layers.map((layer) => layer.skillsB));
  }
  for (const { name, moduleLogits } of routersOf(stack)) {
    unstack(moduleLogits, adapters.map((adapter) => routerOf(adapter, name).moduleLogits));
  }
}

function routerOf(adapter: Adapter, name: string): Router {
  return [...routersOf(adapter)].find((router) => router.name === name)!;
}

/** The tensors one behind another along their first axis. */
function stacked(tensors: readonly tf.Tensor[]): tf.Variable {
  return tf.tidy(() => tf.variable(tf.concat([...tensors])));
}

function unstack(stack: tf.Tensor, variables: readonly tf.Variable[]): void {
  tf.tidy(() => tf.split(stack, variables.length).forEach((part, i) => variables[i]!.assign(part)));
}

/** Refuses what one adapter of several tasks cannot compute. */
function checkAlike(first: Adapter, adapter: Adapter): void {
  const refuse = (rule: string, got: string) => {
    throw new RangeError(`Cannot stack adapters as ${rule}: got ${got}`);
  };
  requireLowRank("stack the skills", adapter);
  const { n_tasks } = adapter.config;
  if (n_tasks !== 1) refuse("each must have one task", `${n_tasks} tasks`);
  if (adapter.savedModules.size > 0) {
    refuse("none may save whole modules", adapter.savedModuleNames.join(", "));
  }
  const [shape, other] = [first, adapter].map(shapeOf);
  if (shape !== other) {
    refuse("all must have the same layers, sizes and settings", `${shape} and ${other}`);
  }
}

/** Layers, sizes and settings of an adapter as text. */
function shapeOf({ layers, config }: Adapter): string {
  const { router_allocation, ...settings } = config.settings;
  const sizes = [...layers].map(([name, { skillsA, skillsB, router }]) =>
    `${name} [${skillsA.shape}] [${skillsB.shape}] of ${router.name}`
  );
  return `${sizes.join(", ")} with ${JSON.stringify(settings)}, routing ${
    router_allocation === null ? "learned" : "fixed"
  }`;
}
