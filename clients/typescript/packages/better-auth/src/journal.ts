/** The way of an entry: the application's hook, redaction, storage, the application's other hook. */

import { type Pause, backoff, pause } from "@indelible/client";

import { actionNamed } from "./actions.js";
import { type Draft, type Entry, checked } from "./entry.js";
import type { Options } from "./options.js";
import type { AuditStorage } from "./storage.js";

/** How often writing is tried. */
const TRIES = 3;

export interface JournalOptions extends Pick<Options, "beforeLog" | "afterLog" | "onWriteError"> {
  storage: AuditStorage;
  redact: (metadata: Record<string, unknown>) => Record<string, unknown>;
  /** Where to tell that a hook returned nonsense. */
  warn: (message: string) => void;
  pause?: Pause;
}

/** Writes an entry; it is returned as it was written, or null when a hook suppressed it. */
export async function write(draft: Draft, options: JournalOptions): Promise<Entry | null> {
  const hooked = options.beforeLog ? await options.beforeLog(draft) : draft;
  if (hooked === null) return null;
  const problem = checked(hooked);
  if (problem) {
    options.warn(`beforeLog returned no entry, nothing is written: ${problem}`);
    return null;
  }
  // After the hook, which may have put something in.
  const metadata = options.redact(hooked.metadata);
  const entry: Entry = { id: crypto.randomUUID(), ...renamed(hooked, draft), metadata };
  try {
    await store(entry, options);
  } catch (error) {
    options.onWriteError?.(error, hooked);
    throw error;
  }
  await options.afterLog?.(entry);
  return entry;
}

/** A hook that gave the entry another action gave the event one, too. */
function renamed(hooked: Draft, { action }: Draft): Draft {
  if (hooked.action === action || !hooked.details) return hooked;
  const { details, status } = hooked;
  return { ...hooked, details: { ...details, action: actionNamed(hooked.action, status === "success") } };
}

async function store(entry: Entry, options: JournalOptions): Promise<void> {
  for (let failures = 0; ; failures++) {
    try {
      return await options.storage.write(entry);
    } catch (error) {
      if (failures === TRIES - 1) throw error;
      await (options.pause ?? pause)(backoff(failures, error));
    }
  }
}
