/**
 * An adapter: its layers with their routers, and its own copies of whole modules. Each part can be
 * trained on its own.
 */
import * as tf from "../tf.ts";
import type { PolyConfig } from "./config.ts";
import type { FormLayer } from "./forms/form_layer.ts";
import type { PolyLayer } from "./layer.ts";
import type { Router } from "./router.ts";

/** The layers, routers and saved modules of one adapter. */
export interface Adapter {
  /** Name of the adapter; its parameters and its folder have this name. */
  readonly name: string;
  /**
   * Configuration of the adapter, with `target_modules` resolved: neither null nor `"all-linear"`.
   */
  readonly config: PolyConfig;
  /**
   * Layers with low-rank factors by module name, in the order of the model's modules; none where skills
   * have another form.
   */
  readonly layers: ReadonlyMap<string, PolyLayer>;
  /** Layers whose skills have another form, likewise; none where they are low-rank factors. */
  readonly formLayers: ReadonlyMap<string, FormLayer>;
  /** Names of the modules saved as a whole, such as `lm_head`; none lies inside another. */
  readonly savedModuleNames: readonly string[];
  /**
   * The adapter's own copies of the saved modules' parameters, by name, such as `lm_head.weight`.
   */
  readonly savedModules: ReadonlyMap<string, tf.Variable>;
}

/** A part of an adapter: its skills A and B, its routing logits Z, or the modules it saves as a whole. */
export type Part = "skills" | "router" | "saved";

/** The parts of an adapter, each of which can be trained on its own. */
export const PARTS: readonly Part[] = ["skills", "router", "saved"];

/** The adapted layers of an adapter, of whatever form. */
export function layersOf({ layers, formLayers }: Adapter): (PolyLayer | FormLayer)[] {
  return [...layers.values(), ...formLayers.values()];
}

/** The routers of an adapter, each only once. */
export function routersOf(adapter: Adapter): Set<Router> {
  return new Set(layersOf(adapter).map((layer) => layer.router));
}

/**
 * Throws unless all that an adapter adds to the base model's layers is low-rank updates mixed by routing
 * logits, as in PEFT's Poly.
 *
 * @param doing action for the message, such as `merge a task`
 * @throws {RangeError} naming the setting
 */
export function requireLowRank(doing: string, { name, config }: Adapter): void {
  const { skill_form, router_type } = config.settings;
  if (skill_form === "lora" && router_type === "logits") return;
  const why = skill_form === "lora"
    ? `router_type must be "logits": got "${router_type}"`
    : `skill_form must be "lora": got "${skill_form}"`;
  throw new RangeError(`Cannot ${doing} of adapter "${name}" as ${why}`);
}

/** Frees every tensor of an adapter. */
export function disposeAdapter(adapter: Adapter): void {
  for (const router of routersOf(adapter)) router.dispose();
  for (const { skillsA, skillsB } of adapter.layers.values()) tf.dispose([skillsA, skillsB]);
  for (const { skills } of adapter.formLayers.values()) tf.dispose([...skills.values()]);
  tf.dispose([...adapter.savedModules.values()]);
}
