/**
 * An adapter: its layers with their routers, and its own copies of whole modules. Each part can be
 * trained on its own.
 */
import * as tf from "../tf.ts";
import type { PolyConfig } from "./config.ts";
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
  /** Adapted layers by module name, in the order of the model's modules. */
  readonly layers: ReadonlyMap<string, PolyLayer>;
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

/** The routers of an adapter, each only once. */
export function routersOf(adapter: Adapter): Set<Router> {
  return new Set([...adapter.layers.values()].map((layer) => layer.router));
}

/** Frees every tensor of an adapter. */
export function disposeAdapter(adapter: Adapter): void {
  for (const router of routersOf(adapter)) router.dispose();
  for (const { skillsA, skillsB } of adapter.layers.values()) tf.dispose([skillsA, skillsB]);
  tf.dispose([...adapter.savedModules.values()]);
}
