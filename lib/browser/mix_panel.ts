/// <reference lib="dom" />
import { byId, make } from "./elements.ts";
import { weightsPicture } from "./pictures.ts";
import { mixtureOf, type RoutingByHand, sharesOf } from "./routing_by_hand.ts";

/** What the sliders are of. */
type Kind = "tasks" | "skills";

/** The amounts of one split of one router: of tasks, and of skills. */
type Amounts = Readonly<Record<Kind, number[]>>;

/** The part of the page where routing is mixed by sliders, for all layers or for one. */
export class MixPanel {
  readonly #routing: RoutingByHand;
  readonly #tasks: readonly string[];
  readonly #onChange: () => void;
  readonly #amounts: Map<string, Amounts[]>;
  readonly #kind = byId("mix-kind", HTMLSelectElement);
  readonly #layer = byId("mix-layer", HTMLSelectElement);
  readonly #split = byId("mix-split", HTMLSelectElement);
  readonly #sliders = byId("sliders", HTMLElement);

  /**
   * Shows the sliders; all tasks have the same share of the mixture, as when it was added.
   *
   * @param tasks names of the adapter's tasks
   * @param onChange called when a slider has moved
   */
  constructor(routing: RoutingByHand, tasks: readonly string[], onChange: () => void) {
    this.#routing = routing;
    this.#tasks = tasks;
    this.#onChange = onChange;
    this.#amounts = new Map(routing.names.map((name) => [
      name,
      routing.weights(name).map((weights) => ({
        tasks: tasks.map(() => 0.5),
        skills: [...weights],
      })),
    ]));
    const splits = routing.weights(routing.names[0]!).length;
    fill(this.#layer, ["all layers", ...routing.names]);
    fill(this.#split, [
      "all splits",
      ...Array.from({ length: splits }, (_, split) => `split ${split + 1}`),
    ]);
    byId("mix-split-label", HTMLElement).hidden = splits === 1;
    this.#kind.value = "tasks";
    this.#kind.onchange = () => {
      if (this.#kind.value === "skills") this.#takeWeights();
      this.#show();
    };
    this.#layer.onchange = this.#split.onchange = () => this.#show();
    this.#show();
  }

  /** Shows a mixture that was made elsewhere, as by training, as amounts of skills. */
  showTrained(): void {
    this.#kind.value = "skills";
    this.#takeWeights();
    this.#show();
  }

  get #scope(): { names: string[]; split: number | null } {
    const { selectedIndex } = this.#layer;
    return {
      names: selectedIndex <= 0 ? this.#routing.names : [this.#routing.names[selectedIndex - 1]!],
      split: this.#split.selectedIndex <= 0 ? null : this.#split.selectedIndex - 1,
    };
  }

  /** The amounts of skills as the weights in force say them. */
  #takeWeights(): void {
    for (const [name, splits] of this.#amounts) {
      const weights = this.#routing.weights(name);
      splits.forEach(({ skills }, split) => skills.splice(0, Infinity, ...weights[split]!));
    }
  }

  /** The weights that the amounts of a router say, split by split. */
  #weightsSaid(name: string, kind: Kind): number[][] {
    const tasks = this.#tasks.map((_, task) => this.#routing.weights(name, task));
    return this.#amounts.get(name)!.map((amounts, split) =>
      kind === "skills"
        ? sharesOf(amounts.skills)
        : mixtureOf(tasks.map((rows) => [rows[split]!]), amounts.tasks)[0]!
    );
  }

  /** Sets the weights of routers, or of one split of theirs, from their amounts. */
  #write(names: readonly string[], only: number | null, kind: Kind): void {
    for (const name of names) {
      const said = this.#weightsSaid(name, kind);
      const weights = this.#routing.weights(name).map((before, split) =>
        only === null || split === only ? said[split]! : before
      );
      this.#routing.set(name, weights);
    }
  }

  /** Shows sliders for what is chosen. */
  #show(): void {
    const kind = this.#kind.value as Kind;
    const { names, split } = this.#scope;
    const chosen = names.flatMap((name) =>
      this.#amounts.get(name)!.filter((_, at) => split === null || at === split)
    ).map((amounts) => amounts[kind]);
    const labels = kind === "tasks" ? this.#tasks : chosen[0]!.map((_, i) => `skill ${i + 1}`);
    const values = labels.map((_, i) =>
      chosen.reduce((sum, amounts) => sum + amounts[i]!, 0) / chosen.length
    );
    const shares = labels.map(() => make("output"));
    const showShares = () =>
      sharesOf(values).forEach((share, i) => {
        shares[i]!.textContent = `${(100 * share).toFixed(0)} %`;
      });
    this.#sliders.replaceChildren(...labels.map((label, i) => {
      const slider = make("input", { type: "range", min: "0", max: "1", step: "0.01" });
      slider.value = String(values[i]);
      slider.oninput = () => {
        values[i] = Number(slider.value);
        // What is chosen becomes alike: the sliders show all of it.
        for (const amounts of chosen) amounts.splice(0, Infinity, ...values);
        showShares();
        this.#write(names, split, kind);
        this.#draw(chosen);
        this.#onChange();
      };
      return make("label", {}, make("span", { class: "name" }, label), slider, shares[i]!);
    }));
    showShares();
    this.#draw(chosen);
  }

  /** Draws the weights in force, and says where the sliders do not tell them. */
  #draw(chosen: readonly (readonly number[])[]): void {
    const kind = this.#kind.value as Kind;
    const isInForce = this.#scope.names.every((name) =>
      areClose(this.#weightsSaid(name, kind).flat(), this.#routing.weights(name).flat())
    );
    const areAlike = chosen.every((amounts) => areClose(amounts, chosen[0]!));
    byId("mix-note", HTMLElement).textContent = !isInForce
      ? "Another mixture is in force, as of skills; moving a slider replaces it."
      : areAlike
      ? ""
      : "Layers or splits differ: the sliders show their average, and moving one makes them alike.";
    byId("picture", HTMLElement).innerHTML = weightsPicture(
      this.#routing.names.map((name) => ({ name, weights: this.#routing.weights(name) })),
    );
  }
}

/** Whether numbers are equal as far as a slider tells them apart. */
function areClose(some: readonly number[], others: readonly number[]): boolean {
  return some.every((number, i) => Math.abs(number - others[i]!) < 0.005);
}

/** Fills a list of choices, and chooses the first. */
function fill(select: HTMLSelectElement, names: readonly string[]): void {
  select.replaceChildren(...names.map((name) => make("option", {}, name)));
  select.selectedIndex = 0;
}
