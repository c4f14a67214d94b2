import * as tf from "../tf.ts";
import type { PolyConfig } from "./config.ts";
import type { PolyLayer } from "./layer.ts";
import type { Router } from "./router.ts";

/** Everything one adapter trains and saves. */
export interface Adapter {
  /** What parameters and folders are named by. */
  readonly name: string;
  /** Its configuration, whose `target_modules` are resolved: neither null nor `"all-linear"`. */
  readonly config: PolyConfig;
  /** Its layers by the name of the adapted module, in the order of the model's modules. */
  readonly layers: ReadonlyMap<string, PolyLayer>;
  /** The modules saved as a whole, such as `lm_head`; none lies inside another. */
  readonly savedModuleNames: readonly string[];
  /** The adapter's own copies by the name of the parameter, such as `lm_head.weight`. */
  readonly savedModules: ReadonlyMap<string, tf.Variable>;
}

/** A part of an adapter: its skills A and B, its routing logits Z, or the modules it saves as a whole. */
export type Part = "skills" | "router" | "saved";

/** The parts of an adapter, each of which can be trained on its own. */
export const PARTS: readonly Part[] = ["skills", "router", "saved"];

/** The routers of an adapter, each once. */
export function routersOf(adapter: Adapter): Set<Router> {
  return new Set([...adapter.layers.values()].map((layer) => layer.router));
}

/** Frees every tensor of an adapter. */
export function disposeAdapter(adapter: Adapter): void {
  for (const router of routersOf(adapter)) router.dispose();
  for (const { skillsA, skillsB } of adapter.layers.values()) tf.dispose([skillsA, skillsB]);
  tf.dispose([...adapter.savedModules.values()]);
}
