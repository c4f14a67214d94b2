import { metricNamed } from "../run/metrics/metric.ts";
import type { Judgement } from "./judge.ts";

/** An effect as people read it: a ratio where its scale is logarithmic, else a difference. */
export interface EffectWords {
  /** What is compared, such as `heldout_loss, poly over shared`. */
  readonly what: string;
  /** The estimate with its interval, such as `×0.19 (0.11 to 0.32)`. */
  readonly text: string;
  /** The smallest effect of interest, in the same words. */
  readonly margin: string;
}

/**
 * The effect of a claim in words.
 *
 * On a logarithmic scale an effect of the claim's direction is a ratio below 1: the loss, the steps or the
 * spread of the sides that count positively, over those that count negatively.
 */
export function effectWords(judgement: Judgement): EffectWords {
  const { claim, metric, margin, estimate } = judgement;
  const isRatio = isLogarithmic(judgement);
  const show = (effect: number) => isRatio ? ratio(Math.exp(-effect)) : signed(effect);
  const { estimate: center, low, high } = estimate;
  // The larger effect is the smaller ratio: the interval is written upwards either way.
  const [from, to] = isRatio ? [high, low] : [low, high];
  const interval = from === null || to === null ? "" : ` (${show(from)} to ${show(to)})`;
  const names = (sign: 1 | -1) =>
    claim.sides.filter(({ weight }) => Math.sign(weight) === sign).map(({ name }) => name);
  const measured = {
    metric,
    steps_to_loss: "steps to the loss",
    spread_over_draws: `spread of ${metric} over draws`,
  }[judgement.measure.kind];
  const between = claim.sides.length === 2 ? (isRatio ? " over " : " less ") : " against ";
  return {
    what: `${measured}, ${names(1).join(" + ")}${between}${names(-1).join(" + ")}`,
    text: center === null ? "—" : `${isRatio ? "×" : ""}${show(center)}${interval}`,
    margin: isRatio ? `×${ratio(Math.exp(-margin))}` : signed(margin),
  };
}

/** Whether an effect is the logarithm of a ratio. */
export function isLogarithmic(judgement: Judgement): boolean {
  return judgement.measure.kind !== "metric" || metricNamed(judgement.metric)?.scale === "log";
}

function ratio(value: number): string {
  return value >= 100 || value < 0.01 ? value.toExponential(1) : value.toPrecision(3);
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
}
