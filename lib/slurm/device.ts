/**
 * The device on which all elements of a sweep agree for runs that leave it to the machine: the first element
 * that has a graphics card measures, and the others that have one follow.
 */
import { z } from "zod";
import type { ChosenBackend } from "../backend/backend.ts";
import { changeAgreed } from "./agreed_file.ts";

const DEVICE = z.strictObject({ name: z.enum(["webgpu", "wasm", "cpu"]), reason: z.string() });
const FILE = "device.json";

/**
 * The device of an element's runs. What is chosen first is written down for all; an element without a card
 * has nothing to choose, and writes nothing down.
 *
 * @param dir the sweep's folder
 * @param choose chooses, given what is written down
 */
export async function agreeOnDevice(
  dir: string,
  choose: (settled: ChosenBackend | null) => Promise<ChosenBackend | null>,
): Promise<ChosenBackend | null> {
  const settled = await changeAgreed(dir, FILE, DEVICE, (before) => [before, before]);
  // Measuring takes a while and may fail: nobody waits for it, and the first that has measured counts.
  const chosen = await choose(settled);
  if (chosen === null || settled !== null) return chosen;
  return await changeAgreed(dir, FILE, DEVICE, (before) => {
    const first = before ?? { name: chosen.name, reason: chosen.reason };
    return [first, first];
  });
}
