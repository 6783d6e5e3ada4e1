/** Counts failures by who was tried and from where, in bounded memory. */

/** From how many failures on an attempt is a repeated one. */
const REPEATED = 5;
/** Within which time, counted from the first. */
const WITHIN_MS = 600_000;
/** How many are counted at once; who was seen longest ago is forgotten first. */
const COUNTED_MAX = 4096;

export class Failures {
  readonly #counts = new Map<string, { count: number; since: number }>();

  /** Counts a failure; how many there were lately, this one included. */
  count(who: string, now: number): number {
    const known = this.#counts.get(who);
    const fresh = known && now - known.since < WITHIN_MS ? known : { count: 0, since: now };
    fresh.count++;
    this.#counts.delete(who);
    this.#counts.set(who, fresh);
    const [oldest] = this.#counts.keys();
    if (this.#counts.size > COUNTED_MAX && oldest !== undefined) this.#counts.delete(oldest);
    return fresh.count;
  }

  static isRepeated(count: number): boolean {
    return count >= REPEATED;
  }
}
