import { z } from "zod";
import { RUN_CONFIG, RUN_CONFIG_KEYS } from "../../run/config.ts";
import { SLURM_SETTINGS } from "../../slurm/settings.ts";
import { EARLY_STOPPING } from "../../sweep/tuning/early_stopping.ts";

/** A JSON Schema, or a part of one. */
type Schema = { readonly [key: string]: unknown };

/** The place of the schema beside the sweeps of this project. */
export const SCHEMA_FILE = "experiments/sweep.schema.json";

/**
 * The JSON Schema of sweep files, by which an editor completes settings, explains them and marks faults. It
 * knows what one entry may be; what sections say together is checked when the sweep is read.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const { properties } = sweepSchema() as { properties: Record<string, { description: string }> };
 * assert.ok("extends" in properties && "grid" in properties);
 * assert.match(properties.seeds!.description, /Seeds/);
 * ```
 */
export function sweepSchema(): Schema {
  const ref = (name: string): Schema => ({ $ref: `#/$defs/${name}` });
  const settings: Record<string, Schema> = {};
  for (const key of RUN_CONFIG_KEYS) {
    if (key === "seed") continue; // seeds are the same for all cells, and stand beside them
    const { $schema: _, ...schema } = z.toJSONSchema(RUN_CONFIG.shape[key], { io: "input" });
    const about = `${schema.description} [${JSON.stringify(schema.default)}]`;
    settings[key] = { ...schema, description: about };
  }
  const keys = Object.keys(settings);
  const axes = keys.map((key) => [key, {
    description: settings[key]!.description,
    anyOf: [{ type: "array", minItems: 1, items: ref(key) }, ref("range")],
  }]);
  const { $schema: _, ...slurm } = z.toJSONSchema(SLURM_SETTINGS, {
    io: "input",
    unrepresentable: "any",
  });
  const optional = (schema: Schema, description: string): Schema => ({
    description,
    anyOf: [schema, { type: "null" }],
  });
  const { $schema: _s, ...stopping } = z.toJSONSchema(EARLY_STOPPING, { io: "input" });
  const some = ref("settings");
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "A sweep: deno task sweep",
    type: ["object", "null"],
    additionalProperties: false,
    properties: {
      extends: optional(
        { type: "string", minLength: 1 },
        "Another sweep's file, from this file's folder: what this file says takes the place of what it says",
      ),
      question: optional({ type: "string" }, "Question that the sweep answers, in a sentence"),
      metric: optional({ type: "string" }, "Column that orders tables"),
      baseline: optional(some, "Settings of the cell that differences are taken to"),
      primary: optional(
        { type: "array", items: some },
        "Settings of the cells whose difference from the baseline is what the sweep is for",
      ),
      margin: optional(
        { type: "number", exclusiveMinimum: 0 },
        "Smallest difference of interest, in the metric's units; of losses, as a share",
      ),
      set: optional(
        ref("settings"),
        "Settings of every run; batch_size: auto measures which number of examples at once is fastest",
      ),
      grid: optional(ref("axes"), "Axes of which every combination runs"),
      zip: optional(ref("axes"), "Axes that move together, equally long"),
      include: optional({ type: "array", items: some }, "Further cells"),
      exclude: optional({ type: "array", items: some }, "Cells that are left out"),
      seeds: optional(
        {
          anyOf: [{ type: "integer" }, { type: "array", items: { type: "integer" } }, ref("range")],
        },
        "Seeds that every cell runs with, such as 0..4",
      ),
      sample: optional(
        {
          type: "object",
          additionalProperties: false,
          required: ["n"],
          properties: {
            n: { type: "integer", minimum: 1, description: "Cells to draw" },
            seed: { type: "integer", default: 0, description: "Seed of the draw" },
          },
        },
        "How many of the cells of grid and zip are drawn; without it all run",
      ),
      early_stopping: optional(
        { anyOf: [{ enum: EARLY_STOPPING.shape.rule.options }, stopping] },
        "How the worse cells are stopped early, in a sweep of one seed that only tunes",
      ),
      slurm: optional(slurm, "What jobs of a cluster are asked for, in the words of sbatch"),
    },
    $defs: {
      range: {
        type: "string",
        description:
          "Values with commas between them, and ranges: 0..4, 1e-4..1e-1:log4, 0..1:lin5",
      },
      settings: {
        type: "object",
        additionalProperties: false,
        properties: {
          ...Object.fromEntries(keys.map((key) => [key, ref(key)])),
          batch_size: { anyOf: [ref("batch_size"), { const: "auto" }] }, // under set
        },
      },
      axes: { type: "object", additionalProperties: false, properties: Object.fromEntries(axes) },
      ...settings,
    },
  };
}
