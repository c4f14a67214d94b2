import { fileURLToPath } from "node:url";

/** The folder of reference cases that PEFT made; its README says what each file holds. */
export const GOLDEN: string = fileURLToPath(new URL("./golden", import.meta.url));
