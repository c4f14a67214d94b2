import { PARTS } from "../poly/adapter.ts";
import { copyFromStack, stackAdapters } from "../poly/stack.ts";
import { type AnyBaseModel, PeftModel } from "./peft_model.ts";

/**
 * One model that computes for task `i` what model `i` computes, so that one step trains all of them; see
 * {@linkcode stackAdapters}. The values are copies; {@linkcode unstackModels} brings them back.
 *
 * @param models at least one, all of the same base, each with one adapter of one task
 * @throws {RangeError} when a model has not one adapter, they do not train the same parts, and as
 * {@linkcode stackAdapters}
 */
export function stackModels<M extends AnyBaseModel>(
  models: readonly PeftModel<M>[],
): PeftModel<M> {
  const adapters = models.map(onlyAdapter);
  const trained = models.map((model, i) =>
    PARTS.filter((part) => model.requiresGrad(adapters[i]!.name, part))
  );
  if (new Set(trained.map(String)).size > 1) {
    throw new RangeError(
      `Cannot stack models as all must train the same parts: got ${trained.join(" and ")}`,
    );
  }
  return PeftModel.withAdapter(models[0]!.base, stackAdapters(adapters), trained[0]!);
}

/** Gives each model the values that it has in the stack. */
export function unstackModels(stack: PeftModel, models: readonly PeftModel[]): void {
  copyFromStack(onlyAdapter(stack), models.map(onlyAdapter));
}

function onlyAdapter({ adapters }: PeftModel) {
  const [adapter] = [...adapters.values()];
  if (adapter === undefined || adapters.size > 1) {
    throw new RangeError(`Cannot stack a model as it must have one adapter: got ${adapters.size}`);
  }
  return adapter;
}
