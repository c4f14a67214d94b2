import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The folder of real data, `shared` beside the checkout, where it exists. */
export const SHARED: string = fileURLToPath(new URL("../../../shared", import.meta.url));

/** Whether the real data is there; tests that need it are ignored where not. */
export const HAS_SHARED: boolean = existsSync(`${SHARED}/data`);
