/**
 * `deno task bench`: see `deno task bench --help`.
 *
 * @module
 */
import { benchCommand } from "../lib/commands/mod.ts";

Deno.exitCode = await benchCommand(Deno.args);
