/** Which places of the weights sparse skills may change: those that changed most in a few first steps. */
import type { RowsBatch } from "../../train/train_together.ts";
import type { AnyBaseModel, PeftModel } from "../../peft/peft_model.ts";
import { largestPlaces, SparseLayer } from "../../poly/forms/sparse.ts";
import { train } from "../../train/train.ts";
import { multiTaskModel } from "../method.ts";
import { multiTaskFacts } from "./facts.ts";
import { protocolOf, type RunState, trainContext } from "./phase.ts";

/**
 * Gives the sparse skills of a model their support. A model with dense skills is trained for `mask_steps`
 * and thrown away; in each layer, each skill keeps the places that changed most. The model itself stays at
 * its start.
 *
 * It does nothing where skills are not sparse, or their support is random.
 *
 * Source: Ansell et al. 2022 (arXiv 2110.07560), section 2.2. Differs: the largest changes are taken in each
 * layer and skill, not over the whole model, so that every skill of a layer has as many values
 *
 * @throws {DivergedError} when a loss is not finite
 */
export async function chooseMask<E, Batch extends RowsBatch, M extends AnyBaseModel>(
  run: RunState<E, Batch, M>,
  model: PeftModel<M>,
): Promise<void> {
  const { config, keeper, problem } = run;
  if (
    config.skill_form !== "sparse" || config.sparse_mask !== "change" || config.skill_density === 1
  ) {
    return;
  }
  const facts = { ...multiTaskFacts(config, keeper.basis), kind: "mask" };
  const { tensors } = await keeper.obtain(facts, async () => {
    const supports = new Map<string, Float32Array>();
    const truth = problem.truth?.[0]?.slice(0, problem.suite.training.length) ?? null;
    const changed = multiTaskModel(problem.base, { ...config, skill_density: 1 }, truth);
    try {
      await firstSteps(run, changed);
      for (const { name, values } of sparseLayers(model)) {
        const [, S, K] = values.shape as [number, number, number];
        const other = sparseLayers(changed).find((layer) => layer.name === name)!;
        const changes = await other.values.data() as Float32Array;
        const size = changes.length / S;
        const places = Array.from(
          { length: S },
          (_, s) => largestPlaces(changes.subarray(s * size, (s + 1) * size), K),
        );
        supports.set(name, Float32Array.from(places.flat()));
      }
    } finally {
      changed.dispose();
    }
    return { found: {}, tensors: supports };
  });
  for (const { name, support } of sparseLayers(model)) support.set(tensors.get(name)!);
}

/** Trains a model as the multi-task phase does, for the steps that choose the mask. */
async function firstSteps<E, Batch extends RowsBatch, M extends AnyBaseModel>(
  run: RunState<E, Batch, M>,
  model: PeftModel<M>,
): Promise<void> {
  const { config, problem, keeper } = run;
  const settings = {
    ...protocolOf(config),
    steps: config.mask_steps,
    batchSize: config.batch_size,
    accumulation: config.accumulation,
    learningRate: config.learning_rate,
    routerLearningRate: config.router_learning_rate,
  };
  const streams = { order: "shuffle/mask", phase: "mask" };
  const context = trainContext(run, problem.suite.training, streams, settings);
  for await (const _ of train<Batch>(problem.trainable(model), settings, context)) {
    await run.pass(0);
    keeper.stopIfAsked();
  }
}

function sparseLayers(model: PeftModel): SparseLayer[] {
  return [...model.adapters.get("default")!.formLayers.values()]
    .filter((layer) => layer instanceof SparseLayer);
}
