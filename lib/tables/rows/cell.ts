import type { Cell, Row } from "../table.ts";

/** A value as a cell of a table: a list or an object is written as JSON. */
export function cell(value: unknown): Cell {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : value as Cell;
}

/** Whether a row has all of the given settings. */
export function hasSettings(row: Row, settings: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(settings).every(([key, value]) => row[key] === cell(value));
}
