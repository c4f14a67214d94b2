/**
 * The end of a test's name that says what this machine lacks for it; empty where nothing is lacking.
 * A test that is ignored tells its reason by it.
 */
export function lacking(what: string, isThere: boolean): string {
  return isThere ? "" : ` [no ${what} on this machine]`;
}
