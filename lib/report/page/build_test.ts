import assert from "node:assert/strict";
import { hashOfSources, sourcesOfPage } from "./build.ts";
import { PAGE_SCRIPT, SOURCES_HASH } from "./script_built.ts";

Deno.test("the page's script is built from the sources as they are: else run deno task build:page", async () => {
  const sources = await sourcesOfPage();
  assert.equal(SOURCES_HASH, hashOfSources(sources));
  // It shares the statistics and the figures with what Deno draws, and needs neither files nor tables.
  const paths = [...sources.keys()];
  for (
    const path of ["statistics/student.ts", "figures/charts/line_chart.ts", "report/page/copy.ts"]
  ) {
    assert.ok(paths.includes(path), path);
  }
  assert.ok(!paths.includes("tables/table.ts") && !/node:|arquero|Deno\./.test(PAGE_SCRIPT));
});
