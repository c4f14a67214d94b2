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

/**
 * The error to throw when reading a file of results failed: one that the system does not hand out
 * becomes a {@linkcode StoreError}, anything else stays what it is.
 */
export function whenReading(path: string, error: unknown): unknown {
  if (!isSystemError(error)) return error;
  const remedy = ["EACCES", "EPERM"].includes(error.code)
    ? "let this user read it"
    : "see to it, and run the same command again";
  return new StoreError(`Cannot read ${path}: ${error.message}; ${remedy}: nothing is lost`);
}

/** Whether an error says that a disk takes no more, wherever it was met. */
export function isFullDisk(error: unknown): error is Error {
  return isSystemError(error) && ["ENOSPC", "EDQUOT", "EROFS"].includes(error.code);
}

function isSystemError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && "code" in error && typeof error.code === "string" &&
    /^E[A-Z0-9]+$/.test(error.code);
}
