/**
 * `deno task pretrain`: see `deno task pretrain --help`.
 *
 * @module
 */
import { pretrainCommand } from "../lib/commands/mod.ts";

Deno.exitCode = await pretrainCommand(Deno.args);
