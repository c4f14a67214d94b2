import { fileURLToPath } from "node:url";

/** Folder of reference cases made by PEFT; its README says what each file holds. */
export const GOLDEN: string = fileURLToPath(new URL("./golden", import.meta.url));
