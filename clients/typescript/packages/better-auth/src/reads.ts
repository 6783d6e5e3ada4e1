/** Who looks at what others did is in the log too: once a minute for each reader and each user who is looked at. */

const MINUTE_MS = 60_000;
/** How many looks are remembered at once. */
const READS_MAX = 4096;

export class Reads {
  /** When each look was last told of. */
  readonly #told = new Map<string, number>();

  /** Whether a look is to be told of. `whose` is the user that was looked at, or nobody in particular. */
  isNews(reader: string | null, whose: string | null, now: number): boolean {
    const look = JSON.stringify([reader, whose]);
    const last = this.#told.get(look);
    if (last !== undefined && now - last >= 0 && now - last < MINUTE_MS) return false;
    // Rather twice than not at all.
    if (this.#told.size >= READS_MAX) this.#told.clear();
    this.#told.set(look, now);
    return true;
  }
}
