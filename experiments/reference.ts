/**
 * `deno task reference results/<sweep>`: see `deno task reference --help`.
 *
 * @module
 */
import { referenceCommand } from "../lib/commands/mod.ts";

Deno.exitCode = await referenceCommand(Deno.args);
