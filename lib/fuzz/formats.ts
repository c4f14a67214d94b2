/** Every format that the product reads, by name. */
import { ADAPTER_FORMATS } from "./adapter_formats.ts";
import type { Format } from "./format.ts";
import { HUB_FORMATS } from "./hub_formats.ts";
import { MODEL_FORMATS } from "./model_formats.ts";
import { SWEEP_FORMATS } from "./sweep_formats.ts";
import { TASK_FORMATS } from "./task_formats.ts";

export const FORMATS: Readonly<Record<string, Format>> = {
  ...MODEL_FORMATS,
  ...ADAPTER_FORMATS,
  ...TASK_FORMATS,
  ...SWEEP_FORMATS,
  ...HUB_FORMATS,
};
