/**
 * Simulates how often intervals cover and tests find, beside what they promise, and writes
 * `results/statistics.md`: `deno run -A lib/statistics/coverage_bench.ts [DRAWS]`, which takes minutes.
 *
 * @module
 */
import { CROSSED_STUDIES, simulatedTable } from "../testing/simulated_table.ts";
import { type RandomStream, randomStream } from "../util/random.ts";
import { mean } from "../util/vectors.ts";
import { equivalence } from "./claim_tests.ts";
import { crossedError, estimateCrossed } from "./crossed.ts";
import type { Estimate } from "./estimate.ts";
import { estimateMean } from "./mean.ts";
import { equivalencePower, power, powerOf } from "./planning.ts";
import { asPositive, estimateShare } from "./scales.ts";
import { obrienFleming } from "./sequential.ts";
import { timeRatio } from "./time_ratio.ts";

const DRAWS = Number(Deno.args[0] ?? 20_000);

/** The shares of draws in which each of several things happened. */
function rates(name: string, happened: (stream: RandomStream) => readonly boolean[]): number[] {
  const stream = randomStream(0, name);
  const counts: number[] = [];
  for (let draw = 0; draw < DRAWS; draw++) {
    happened(stream).forEach((is, i) => counts[i] = (counts[i] ?? 0) + Number(is));
  }
  return counts.map((count) => count / DRAWS);
}

const covers = ({ low, high }: Estimate, truth: number) => low! <= truth && truth <= high!;
const percent = (share: number) => (100 * share).toFixed(1);

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---:")), ...rows.map(line)].join("\n");
}

/** Samples of `n` normal values. */
const sample = (stream: RandomStream, n: number, center: number, sd: number) =>
  Array.from({ length: n }, () => center + sd * stream.normal());

function crossedRows(): string[][] {
  const studies = [
    { tasks: 4, runs: 3, task_sd: 0.1, run_sd: 0.05, residual_sd: 0.15 },
    ...CROSSED_STUDIES,
    { tasks: 20, runs: 5, task_sd: 0.1, run_sd: 0, residual_sd: 0.15 },
    { tasks: 20, runs: 5, task_sd: 0, run_sd: 0.055, residual_sd: 0.15 },
  ];
  return studies.map((study) => {
    const { tasks, runs, task_sd, run_sd, residual_sd } = study;
    const noise = residual_sd ** 2;
    const error = crossedError({
      ...{ tasks, runs, residual: noise },
      task: noise + runs * task_sd ** 2,
      run: noise + tasks * run_sd ** 2,
    });
    const effect = 2.8 * error.standard_error;
    const [crossed, overTasks, found] = rates(JSON.stringify(study), (stream) => {
      const values = simulatedTable(stream, study, effect);
      const estimate = estimateCrossed(values);
      return [
        covers(estimate, effect),
        covers(estimateMean(values.map(mean)), effect),
        estimate.p! < 0.05,
      ];
    });
    return [
      `${tasks} × ${runs}`,
      [task_sd, run_sd, residual_sd].join(", "),
      percent(crossed!),
      percent(overTasks!),
      percent(found!),
      percent(powerOf({ ...error, effect })),
    ];
  });
}

function pairedRows(): string[][] {
  return [[3, 0.2, 0.1], [5, 0.1, 0.09], [10, 0.05, 0.087], [24, 0.05, 0.09]].map(
    ([n, effect, sd]) => {
      const plan = { n: n!, effect: effect!, sd: sd! };
      const [covered, found, wrong] = rates(`paired ${n}`, (stream) => {
        const noise = sample(stream, plan.n, 0, plan.sd);
        const estimate = estimateMean(noise.map((value) => plan.effect + value));
        return [covers(estimate, plan.effect), estimate.p! < 0.05, estimateMean(noise).p! < 0.05];
      });
      return [
        ...[String(n), String(effect), String(sd), percent(covered!), percent(wrong!)],
        ...[percent(found!), percent(power(plan))],
      ];
    },
  );
}

function equivalenceRows(): string[][] {
  return [[10, 0.05, 0.05], [36, 0.05, 0.025], [24, 0.03, 0.025]].map(([n, sd, margin]) => {
    const plan = { n: n!, sd: sd!, margin: margin! };
    const inside = (values: readonly number[]) => {
      const { of_lower, of_upper } = equivalence(estimateMean(values), plan.margin);
      return of_lower === "above" && of_upper === "below";
    };
    const [found, wrong] = rates(`equivalence ${n}`, (stream) => {
      const noise = sample(stream, plan.n, 0, plan.sd);
      return [inside(noise), inside(noise.map((value) => value + plan.margin))];
    });
    return [
      ...[String(n), String(sd), String(margin), percent(wrong!)],
      ...[percent(found!), percent(equivalencePower(plan))],
    ];
  });
}

function sequentialRows(): string[][] {
  return [[12, 24, 40], [5, 10, 15, 20, 25], [8, 16]].map((looks) => {
    const levels = obrienFleming(looks);
    const last = looks.at(-1)!;
    const effect = 2.8 / Math.sqrt(last);
    const [wrong, naive, found, early] = rates(`looks ${looks}`, (stream) => {
      const values = sample(stream, last, 0, 1);
      const p = looks.map((look) => estimateMean(values.slice(0, look)).p!);
      const shifted = values.map((value) => value + effect);
      const hits = looks.map((look, i) => estimateMean(shifted.slice(0, look)).p! < levels[i]!);
      return [
        p.some((p, i) => p < levels[i]!),
        p.some((p) => p < 0.05),
        hits.some(Boolean),
        hits.slice(0, -1).some(Boolean),
      ];
    });
    return [
      looks.join(", "),
      levels.map((level) => level.toPrecision(3)).join(", "),
      percent(wrong!),
      percent(naive!),
      percent(found!),
      percent(early!),
      percent(power({ n: last, sd: 1, effect })),
    ];
  });
}

function scaleRows(): string[][] {
  // A run's share varies about 0.2 or 0.5 before 64 examples are drawn from it.
  const share = (stream: RandomStream, odds: number) => {
    const p = 1 / (1 + Math.exp(-(Math.log(odds) + 0.5 * stream.normal())));
    return Array.from({ length: 64 }, () => Number(stream.uniform() < p))
      .reduce((sum, hit) => sum + hit, 0) / 64;
  };
  const truth = (odds: number) => {
    const stream = randomStream(1, `truth ${odds}`);
    return mean(Array.from({ length: 20_000 }, () => share(stream, odds)));
  };
  const rows: string[][] = [];
  for (const [odds, n] of [[1 / 9, 5], [1 / 9, 20], [1, 5]] as const) {
    const center = truth(odds);
    const [bounded, plain, outside] = rates(`share ${odds} ${n}`, (stream) => {
      const shares = Array.from({ length: n }, () => share(stream, odds));
      const student = estimateMean(shares);
      return [
        covers(estimateShare(shares), center),
        covers(student, center),
        student.low! < 0 || student.high! > 1,
      ];
    });
    rows.push([
      ...[`share of ${center.toFixed(2)}`, String(n), percent(bounded!), percent(plain!)],
      percent(outside!),
    ]);
  }
  for (const n of [5, 20]) {
    const [bounded, plain, outside] = rates(`loss ${n}`, (stream) => {
      const losses = Array.from({ length: n }, () => Math.exp(0.7 * stream.normal()));
      const student = estimateMean(losses);
      const center = Math.exp(0.7 ** 2 / 2);
      return [covers(asPositive(student), center), covers(student, center), student.low! < 0];
    });
    rows.push([
      ...["loss, its logarithm with sd 0.7", String(n), percent(bounded!), percent(plain!)],
      percent(outside!),
    ]);
  }
  return rows;
}

function censoredRows(): string[][] {
  return [10, 20].map((n) => {
    const [wrong, found] = rates(`time ${n}`, (stream) => {
      const at = (log: number) => ({
        step: Math.min(400, 200 * Math.exp(log)),
        reached: log < Math.LN2,
      });
      const baseline = sample(stream, n, 0, 0.5);
      const noise = sample(stream, n, 0, 0.5);
      const test = (factor: number) =>
        timeRatio(noise.map((log) => at(log + Math.log(factor))), baseline.map(at)).log.p! < 0.05;
      return [test(1), test(2)];
    });
    return [String(n), percent(wrong!), percent(found!)];
  });
}

const page = `# How often intervals cover and tests find

Simulated by \`deno run -A lib/statistics/coverage_bench.ts\`, ${
  DRAWS.toLocaleString("en")
} draws a row. Rates are percentages: 95
are promised for intervals and 5 for findings of what is not there, and chance moves those by a standard
error of ${
  (100 * Math.sqrt(0.05 * 0.95 / DRAWS)).toFixed(2)
} points. The draws are seeded, so the script writes the same page again.

## Tasks and runs that cross

\`estimateCrossed\`: the runs are measured on the same tasks, and tasks, runs and their pairs add normal
values with the standard deviations given. The t-interval over means of tasks takes tasks for independent.
The effect is 2.8 standard errors; power planned is that of the noncentral t distribution with the expected
mean squares.

${
  table(
    [
      "tasks × runs",
      "sd of task, run, residual",
      "covers",
      "t over tasks covers",
      "power",
      "planned",
    ],
    crossedRows(),
  )
}

## Pairs of independent seeds

\`estimateMean\` and \`power\`: the paired t-test.

${
  table(
    ["seeds", "effect", "sd", "covers", "finds what is not there", "power", "planned"],
    pairedRows(),
  )
}

## Equivalence

\`equivalence\` with two one-sided tests of 5 %. The first rate is where the difference is just the margin,
the power where there is no difference.

${
  table(
    ["seeds", "sd", "margin", "finds what is not there", "power", "planned"],
    equivalenceRows(),
  )
}

## Looks before the end

\`obrienFleming\`: t-tests at the levels of the looks. Without them each look would be tested at 5 %. The
effect is 2.8 standard errors of the last look; power planned is that of the last look alone, without others.

${
  table(
    [
      ...["seeds at the looks", "levels", "finds what is not there", "without levels"],
      ...["power", "of it before the end", "planned without looks"],
    ],
    sequentialRows(),
  )
}

## Shares and losses

\`estimateShare\` and \`asPositive\`, beside Student's interval, and how often that leaves the scale. A share is
of 64 examples, its log odds varying between runs with a standard deviation of 0.5.

${
  table(
    ["value", "runs", "covers", "Student's covers", "Student's leaves the scale"],
    scaleRows(),
  )
}

## Times of which some are censored

\`timeRatio\`: steps to a threshold, their logarithms with standard deviation 0.5 about that of 200, cut at
400. Where none is censored it is the t-test, else the sign test.

${table(["pairs", "finds what is not there", "power at twice the steps"], censoredRows())}
`;

await Deno.writeTextFile(new URL("../../results/statistics.md", import.meta.url), page);
