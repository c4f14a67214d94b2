import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Folder of real data: `shared` beside the checkout, if it exists. */
export const SHARED: string = fileURLToPath(new URL("../../../shared", import.meta.url));

/** Whether the real data exists; tests that need it are ignored otherwise. */
export const HAS_SHARED: boolean = existsSync(`${SHARED}/data`);
