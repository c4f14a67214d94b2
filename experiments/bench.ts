/**
 * `deno task bench`: see `deno task bench --help`.
 *
 * @module
 */
import { benchCommand } from "../lib/experiment/bench_command.ts";

Deno.exitCode = await benchCommand(Deno.args);
