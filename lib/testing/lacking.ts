/**
 * A suffix for a test's name that says what this machine lacks for it; empty when nothing is
 * lacking. So an ignored test shows its reason.
 */
export function lacking(what: string, isThere: boolean): string {
  return isThere ? "" : ` [no ${what} on this machine]`;
}
