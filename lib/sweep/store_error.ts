/** Thrown when a folder of results cannot be used as it is; the message says what to do. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}

/**
 * The error to throw when writing below `dir` failed: a full disk or a refused folder becomes a
 * {@linkcode StoreError}, anything else stays what it is.
 */
export function whenWriting(dir: string, error: unknown): unknown {
  if (!isSystemError(error)) return error;
  return new StoreError(
    `Cannot write results to ${dir}: ${error.message}; make it writable or make room, and run the ` +
      `same command again: finished runs are kept`,
  );
}

/** Whether an error says that a disk takes no more, wherever it was met. */
export function isFullDisk(error: unknown): error is Error {
  return isSystemError(error) && ["ENOSPC", "EDQUOT", "EROFS"].includes(error.code);
}

function isSystemError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}
