/**
 * Saves an adapter into a folder again and again, alternating between two versions, until it is
 * killed.
 */
import { useBackend } from "../../backend/backend.ts";
import { Mlp } from "../../models/mlp/model.ts";
import { PolyConfig } from "../../poly/config.ts";
import { getPeftModel, type PeftModel } from "../../peft/peft_model.ts";
import { fillWithWaves } from "../models/small_models.ts";

/**
 * Makes one of two models that differ in every number of their adapter, which is large enough that
 * writing it takes a while.
 */
export function modelToSave(version: number): PeftModel<Mlp> {
  const base = Mlp.fromConfig(
    { model_type: "mlp", in_features: 256, hidden_features: [192], out_features: 128 },
    { seed: 0 },
  );
  const config = new PolyConfig({ target_modules: ["0", "2"], r: 32, n_skills: 8, n_tasks: 5 });
  const model = getPeftModel(base, config);
  fillWithWaves(model.adapters.get("default")!, version);
  return model;
}

if (import.meta.main) {
  await useBackend("cpu");
  const models = [modelToSave(0), modelToSave(1)];
  const dir = Deno.args[0]!;
  await models[1]!.savePretrained(dir);
  await Deno.stdout.write(new TextEncoder().encode("saved once\n"));
  for (;;) for (const model of models) await model.savePretrained(dir);
}
