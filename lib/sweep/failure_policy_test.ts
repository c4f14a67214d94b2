import assert from "node:assert/strict";
import { FailurePolicy } from "./failure_policy.ts";

const NO_DATA = "Error: no data\n    at x.ts";

Deno.test("FailurePolicy stops when the first runs fail alike, and never after one that did not", () => {
  const alike = new FailurePolicy({ jobs: 4 });
  assert.deepEqual(["a", "b", "c"].map((id) => alike.failed(id, NO_DATA)), [null, null, null]);
  assert.equal(
    alike.failed("d", "Error: no data\n    elsewhere"),
    "the first 4 runs failed alike: Error: no data",
  );

  const other = new FailurePolicy({ jobs: 1 });
  other.failed("a", NO_DATA);
  other.failed("b", "Error: too large");
  for (const id of "cdefgh") assert.equal(other.failed(id, NO_DATA), null);

  const good = new FailurePolicy({ jobs: 1 });
  good.failed("a", NO_DATA);
  good.ended();
  for (const id of "bcdefg") assert.equal(good.failed(id, NO_DATA), null);
});

Deno.test("FailurePolicy counts runs, not tries", () => {
  const policy = new FailurePolicy({ jobs: 1, retry: 2, maxFailures: 2 });
  assert.deepEqual([policy.failed("a", NO_DATA), policy.isLast("a")], [null, false]);
  assert.deepEqual([policy.failed("a", NO_DATA), policy.isLast("a")], [null, false]);
  assert.deepEqual([policy.failed("a", NO_DATA), policy.isLast("a")], [null, true]);
  assert.equal(policy.triesOf("a"), 3);
  policy.failed("b", NO_DATA);
  policy.failed("b", NO_DATA);
  assert.equal(policy.failed("b", NO_DATA), "2 runs have failed, and --max-failures is 2");

  const impatient = new FailurePolicy({ jobs: 1, retry: 5 });
  impatient.failed("a", NO_DATA);
  impatient.failed("b", NO_DATA);
  assert.match(
    impatient.failed("c", NO_DATA)!,
    /^the first 3 runs failed alike/,
    "at their first tries",
  );
  assert.equal(
    new FailurePolicy({ jobs: 1, maxFailures: 1 }).failed("a", NO_DATA),
    "1 run has failed, and --max-failures is 1",
  );
});
