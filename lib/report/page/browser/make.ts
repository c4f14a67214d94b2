/// <reference lib="dom" />

/** Makes an element with a text and attributes; an empty text is none. */
export function make<K extends keyof HTMLElementTagNameMap>(
  name: K,
  text = "",
  attributes: Readonly<Record<string, string>> = {},
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  if (text !== "") element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
