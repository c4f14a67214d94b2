/** The same function, which makes what it makes of the same plain settings once. */
export function once<Settings extends readonly (number | boolean)[], Made>(
  make: (...settings: Settings) => Made,
): (...settings: Settings) => Made {
  const made = new Map<string, Made>();
  return (...settings) => {
    const key = settings.join();
    let found = made.get(key);
    if (found === undefined) made.set(key, found = make(...settings));
    return found;
  };
}
