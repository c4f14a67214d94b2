import assert from "node:assert/strict";
import fc from "fast-check";
import { MetricsLog, type MetricsRow, parseMetrics } from "./metrics_log.ts";

async function inTemporary(test: (path: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await test(`${dir}/metrics.jsonl`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const ROW = fc.dictionary(
  fc.string({ minLength: 1 }).filter((key) => key !== "__proto__"),
  fc.oneof(
    fc.string(),
    fc.constant(null),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
  ),
  { noNullPrototype: true },
);

Deno.test("MetricsLog writes rows that parseMetrics() reads back, whatever is in them", async () => {
  await inTemporary(async (path) => {
    await fc.assert(
      fc.asyncProperty(fc.array(ROW, { maxLength: 5 }), async (rows) => {
        const log = await MetricsLog.open(path);
        for (const row of rows) log.append(row);
        await log.close();
        assert.deepEqual(parseMetrics(await Deno.readTextFile(path), path), rows);
      }),
      { numRuns: 30 },
    );
  });
});

Deno.test("parseMetrics() reads the whole rows of a log that was cut anywhere", () => {
  const rows: MetricsRow[] = [{ step: 1, loss: 0.5 }, { step: 2, task: "a\nb" }, { step: 3 }];
  const text = rows.map((row) => JSON.stringify(row) + "\n").join("");
  for (let cut = 0; cut <= text.length; cut++) {
    const whole = text.slice(0, cut).split("\n").length - 1;
    assert.deepEqual(parseMetrics(text.slice(0, cut), "m"), rows.slice(0, whole));
  }
});

Deno.test("parseMetrics() names the line that is no row", () => {
  for (const bad of ["{", "[1]", "null", "7", ""]) {
    assert.throws(
      () => parseMetrics(`{"step":1}\n${bad}\n{"step":2}\n`, "runs/x/metrics.jsonl"),
      {
        name: "SyntaxError",
        message: /^Cannot read runs\/x\/metrics\.jsonl:2 as it must be a JSON object/,
      },
    );
  }
});

Deno.test("MetricsLog.append() refuses numbers JSON cannot hold, and writes nothing of the row", async () => {
  await inTemporary(async (path) => {
    const log = await MetricsLog.open(path);
    log.append({ step: 1 });
    for (const loss of [NaN, Infinity, -Infinity]) {
      assert.throws(() => log.append({ step: 2, loss }), {
        name: "RangeError",
        message: `Cannot append to ${path} as metrics must be finite: loss is ${loss}`,
      });
    }
    await log.close();
    assert.equal(await Deno.readTextFile(path), '{"step":1}\n');
  });
});

Deno.test("MetricsLog.open() drops what an interrupted run left", async () => {
  await inTemporary(async (path) => {
    await Deno.writeTextFile(path, '{"step":1}\n{"st');
    const log = await MetricsLog.open(path);
    log.append({ step: 1 });
    await log.close();
    assert.equal(await Deno.readTextFile(path), '{"step":1}\n');
  });
});

Deno.test("R17 parseMetrics() refuses rows of anything but numbers and strings", () => {
  for (const row of ['{"loss":[1]}', '{"step":{}}', '{"loss":true}', '{"loss":1e999}', "[]", "3"]) {
    assert.throws(() => parseMetrics(`{"step":1}\n${row}\n`, "metrics.jsonl"), {
      name: "SyntaxError",
      message: /^Cannot read metrics\.jsonl:2 as it must be a JSON object of numbers and strings; /,
    }, row);
  }
});

Deno.test("R23 MetricsLog.close() says when nobody will find what was written", async () => {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/metrics.jsonl`;
  for (const replacement of [null, '{"step":1}\n']) {
    const log = await MetricsLog.open(path);
    log.append({ step: 1 });
    await Deno.remove(path);
    if (replacement !== null) await Deno.writeTextFile(path, replacement);
    await assert.rejects(log.close(), { message: /metrics\.jsonl as it was removed or replaced/ });
  }
  await Deno.remove(dir, { recursive: true });
});
