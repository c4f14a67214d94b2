/** What the system says of memory, to explain why it ended a process. */
import { readFileSync } from "node:fs";
import os from "node:os";

/** The memory that processes here share. */
export interface SystemMemory {
  /** All there is, in bytes: the machine's, or less where a container has less. */
  readonly total: number;
  /** How often a process here was ended for lack of it; null where the system does not count. */
  readonly kills: number | null;
  /** Whether `total` is the machine's, as a container's may be read with `--allow-all` only. */
  readonly isLimitHidden?: boolean;
}

/** What the system says of its memory now. */
export function systemMemory(): SystemMemory {
  let hidden = false;
  const textOf = (path: string) => {
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      hidden ||= error instanceof Deno.errors.NotCapable;
      return null; // another system, or one that does not let this process look
    }
  };
  const limit = Number(textOf("/sys/fs/cgroup/memory.max")?.trim());
  const kills = /^oom_kill (\d+)$/m.exec(textOf("/sys/fs/cgroup/memory.events") ?? "")?.[1];
  return {
    isLimitHidden: hidden,
    total: Math.min(os.totalmem(), limit > 0 ? limit : Infinity),
    kills: kills === undefined ? null : Number(kills),
  };
}
