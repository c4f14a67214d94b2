import type * as tf from "../tf.ts";
import type { PolyConfig } from "./config.ts";
import type { PolyLayer } from "./layer.ts";

/** Everything one adapter trains and saves. */
export interface Adapter {
  readonly name: string;
  /** With `target_modules` resolved: never null, never `"all-linear"`. */
  readonly config: PolyConfig;
  /** By the name of the adapted module, in the order of the model's modules. */
  readonly layers: ReadonlyMap<string, PolyLayer>;
  /** The modules saved as a whole, such as `lm_head`; none lies inside another. */
  readonly savedModuleNames: readonly string[];
  /** The adapter's own copies by the name of the parameter, such as `lm_head.weight`. */
  readonly savedModules: ReadonlyMap<string, tf.Variable>;
}
