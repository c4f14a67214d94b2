/// <reference lib="dom" />

/**
 * The element of the page with an id.
 *
 * @throws {TypeError} when the page has none of that kind
 */
export function byId<Kind extends Element>(id: string, Kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (found instanceof Kind) return found;
  throw new TypeError(`Cannot show the page as it must have a ${Kind.name} called "${id}"`);
}

/** A new element with attributes and what is in it. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>> = {},
  ...content: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...content);
  return element;
}
