export type { Details, Draft, Entry, EntrySeverity, EntryStatus } from "./entry.js";
export { MemoryStorage } from "./memory.js";
export type { Capture, IndelibleOptions, Options, PathConfig, Redaction } from "./options.js";
export { indelible } from "./plugin.js";
export { SECRET_FIELDS } from "./redaction.js";
export {
  indelibleStorage,
  type AuditStorage,
  type ReadOptions,
  type ReadResult,
  type ServerOptions,
} from "./storage.js";
