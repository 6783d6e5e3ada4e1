/** Parts of a filter line. */

/** A value as a filter line takes it literally: `` `actor.id:${quoted(id)}` ``. */
export function quoted(value: string): string {
  return `"${value.replace(/["\\]/g, "\\$&")}"`;
}
