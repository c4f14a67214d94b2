/**
 * The columns that tell runs apart by more than their settings: what they were computed from and on. A table
 * has those in which runs differ.
 */
export const IDENTITY_COLUMNS = [
  ...["data_hash", "base_model_hash", "code_hash", "lock_hash", "backend_used", "blas", "matmul"],
  ...["openblas_coretype", "threads"],
] as readonly string[];

/** Those of {@linkcode IDENTITY_COLUMNS} that are among the names of columns. */
export function identityColumns(names: readonly string[]): string[] {
  return IDENTITY_COLUMNS.filter((column) => names.includes(column));
}
