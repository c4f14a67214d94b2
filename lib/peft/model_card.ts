import { PEFT_VERSION } from "../poly/config.ts";
import { parseDocument } from "yaml";

/** Facts that a model card states about an adapter. */
export interface CardFacts {
  /** Name or path of the base model; null when it has none. */
  readonly baseModel: string | null;
  /** Whether Python's transformers has the class of the base model. */
  readonly isTransformers: boolean;
  /** Task type in the adapter's configuration. */
  readonly taskType: string | null;
  /** Method: POLY, or LORA for an exported task. */
  readonly peftType: "POLY" | "LORA" | "IA3";
}

/**
 * Makes the README.md of an adapter folder, or updates the front matter of an existing one. It
 * keeps what people wrote: their text, and front matter keys that do not concern PEFT.
 *
 * @param existing contents of the existing README.md; null when there is none
 * @throws {SyntaxError} when the front matter of `existing` is not a YAML mapping
 *
 * Source: peft_model.py of PEFT, `create_or_update_model_card`, for the contents of the front
 * matter. Differs: the text is not PEFT's.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const facts = { baseModel: "t5", isTransformers: true, taskType: null, peftType: "POLY" } as const;
 * const card = modelCard(facts, "---\nmeta: hello\n---\nMy words\n");
 * assert.match(card, /^---\nmeta: hello\nbase_model: t5\nlibrary_name: peft\n/);
 * assert.match(card, /\nMy words\n### Framework versions\n\n- PEFT 0\.21\.0$/);
 * ```
 */
export function modelCard(facts: CardFacts, existing: string | null = null): string {
  const { front, body } = split(existing ?? `\n${newBody(facts)}`);
  return `---\n${frontMatter(front, facts)}---\n${withVersion(body)}`;
}

/** Separates YAML between two lines of three dashes from the text below it. */
function split(card: string): { front: string; body: string } {
  const match = /^\s*---[ \t]*\r?\n([\s\S]*?)(?:^|\r?\n)---[ \t]*(?:\r?\n|$)/m.exec(card);
  if (match === null || match.index !== 0) return { front: "", body: card };
  return { front: match[1]!, body: card.slice(match[0].length) };
}

function frontMatter(front: string, facts: CardFacts): string {
  const document = parseDocument(front);
  const problem = document.errors[0]?.message;
  const data: unknown = problem === undefined ? document.toJS() : undefined;
  if (
    problem !== undefined || (data !== null && (typeof data !== "object" || Array.isArray(data)))
  ) {
    throw new SyntaxError(
      `Cannot update README.md as its front matter must be a YAML mapping: ` +
        `${problem ?? `found ${JSON.stringify(data)}`}; correct it or move the file away`,
    );
  }
  const old = (data ?? {}) as { tags?: unknown; pipeline_tag?: unknown };
  if (facts.baseModel !== null) document.set("base_model", facts.baseModel);
  document.set("library_name", "peft");
  if (!old.pipeline_tag && facts.taskType === "CAUSAL_LM") {
    document.set("pipeline_tag", "text-generation");
  }
  const kept = (Array.isArray(old.tags) ? old.tags : [])
    .filter((tag): tag is string => typeof tag === "string" && !tag.startsWith(BASE_TAG));
  const tags = new Set(kept);
  if (facts.baseModel !== null) tags.add(`${BASE_TAG}${facts.baseModel}`);
  if (facts.peftType === "LORA") tags.add("lora");
  if (facts.isTransformers) tags.add("transformers");
  if (tags.size > 0) document.set("tags", document.createNode([...tags].sort()));
  return document.toString({ lineWidth: 0 });
}

const BASE_TAG = "base_model:adapter:";

function withVersion(body: string): string {
  const lines = body.split(/\r\n|\r|\n/);
  if (lines.at(-1) === "") lines.pop();
  const version = `- PEFT ${PEFT_VERSION}`;
  if (!lines.includes(version)) {
    const heading = lines.indexOf("### Framework versions");
    if (heading < 0) lines.push("### Framework versions", "", version);
    else lines.splice(heading + 2, 0, version);
  }
  return lines.join("\n");
}

function newBody({ baseModel, taskType, peftType }: CardFacts): string {
  const base = baseModel === null ? "its base model" : `\`${baseModel}\``;
  const autoClass = taskType === "CAUSAL_LM" ? "AutoModelForCausalLM" : "AutoModelForSeq2SeqLM";
  switch (peftType) {
    case "POLY":
      return polyBody(base, baseModel, autoClass);
    case "LORA":
      return loraBody(base, baseModel, autoClass);
    case "IA3":
      return ia3Body(base, baseModel, autoClass);
  }
}

function polyBody(base: string, baseModel: string | null, autoClass: string): string {
  return `# Poly adapter

This folder holds a multi-task adapter for ${base}. Each adapted layer keeps an inventory of
low-rank skills, and each task mixes the skills by weights of its own (Polytropon; with more than
one split, Multi-Head Routing). The base model is not part of it.

## Contents

- \`adapter_config.json\`: rank, number of tasks, skills and splits, and the adapted modules
- \`adapter_model.safetensors\`: the skills (\`poly_lora_A\`, \`poly_lora_B\`) and each task's routing
  (\`poly_router.module_logits\`) of every adapted layer
- \`poly_settings.json\`, where there is one: settings of training that PEFT does not know and does
  not need in order to evaluate
- one folder of the same layout for every further adapter

## Use

Each row of a batch says which task it belongs to, as a number from 0 to \`n_tasks\` − 1. One batch
may mix tasks.

${usage(baseModel, autoClass, ", task_ids=torch.tensor([0, 2])")}

## Intended use and limits

An adapter fits the base model it was trained on and no other. Which task has which number, what
data each was trained on and how well it does are known to whoever trained it: write it here.

## References

- E. Ponti, A. Sordoni, Y. Bengio, S. Reddy: Combining Parameter-efficient Modules for Task-level
  Generalisation, 2023, arXiv 2202.13914
- L. Caccia, E. Ponti, Z. Su, M. Pereira, N. Le Roux, A. Sordoni: Multi-Head Adapter Routing for
  Cross-Task Generalization, 2023, arXiv 2211.03831
`;
}

function ia3Body(base: string, baseModel: string | null, autoClass: string): string {
  return `# (IA)³ adapter

This folder holds an (IA)³ adapter for ${base}: one learned vector for every adapted layer, which scales
what comes out of the layer, or what goes into a feed-forward layer. The base model is not part of it.

## Contents

- \`adapter_config.json\`: the adapted modules, and which of them are feed-forward
- \`adapter_model.safetensors\`: the vector \`ia3_l\` of every adapted layer, and the modules that were
  trained whole, if there are any

## Use

${usage(baseModel, autoClass, "")}

## Intended use and limits

The adapter fits the base model it was trained on and no other. What it was trained on and how well it
does are known to whoever trained it: write it here.

## References

- H. Liu, D. Tam, M. Muqeeth, J. Mohta, T. Huang, M. Bansal, C. Raffel: Few-Shot Parameter-Efficient
  Fine-Tuning is Better and Cheaper than In-Context Learning, 2022, arXiv 2205.05638
`;
}

function loraBody(base: string, baseModel: string | null, autoClass: string): string {
  return `# LoRA adapter from a Poly adapter

This folder holds a LoRA adapter for ${base}. It is one fixed mixture of the skills of a multi-task
Poly adapter (Polytropon, or Multi-Head Routing): the routing of one task, or the average of all
skills. In evaluation it computes what the Poly adapter computes with that mixture, and any program
that reads LoRA can use it. The base model is not part of it.

## Contents

- \`adapter_config.json\`: rank and adapted modules; \`lora_alpha\` is 1, so that the scale is 1 / rank
- \`adapter_model.safetensors\`: \`lora_A\` and \`lora_B\` of every adapted layer, and the modules that
  were trained whole, if there are any

## Use

${usage(baseModel, autoClass, "")}

## Intended use and limits

The routing is fixed: further training changes this one mixture and no longer the skills it came
from. The adapter fits the base model it was trained on and no other. What the task is, what data it
was trained on and how well it does are known to whoever trained it: write it here.

## References

- E. Ponti, A. Sordoni, Y. Bengio, S. Reddy: Combining Parameter-efficient Modules for Task-level
  Generalisation, 2023, arXiv 2202.13914
- L. Caccia, E. Ponti, Z. Su, M. Pereira, N. Le Roux, A. Sordoni: Multi-Head Adapter Routing for
  Cross-Task Generalization, 2023, arXiv 2211.03831
`;
}

function usage(baseModel: string | null, autoClass: string, taskIds: string): string {
  return `\`\`\`python
from peft import PeftModel
${taskIds === "" ? "" : "import torch\n"}from transformers import ${autoClass}

base = ${autoClass}.from_pretrained(${JSON.stringify(baseModel ?? "path/to/base")})
model = PeftModel.from_pretrained(base, "path/to/this/folder")
outputs = model(**batch${taskIds})
\`\`\``;
}
