import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The folder of reference cases and real data, beside the checkout where it exists. */
export const SHARED: string = fileURLToPath(new URL("../../../shared", import.meta.url));

/** Whether the reference cases are there; tests that need them are ignored where not. */
export const HAS_SHARED: boolean = existsSync(`${SHARED}/golden`);
