export {
  Client,
  type AggregateQuery,
  type Dimension,
  type ListQuery,
  type Measure,
  type Page,
  type Query,
  type Rejected,
  type Sent,
  type Table,
} from "./client.js";
export type * from "./event.js";
export { quoted } from "./filter.js";
export type { Connection } from "./http.js";
export { type Pause, backoff, pause } from "./pause.js";
export { Problem, QueueFull, Unreachable, type ProblemKind } from "./problem.js";
export { Queue, type QueueOptions, type QueueStats } from "./queue.js";
export { MemorySpool, type Bounds, type Spool } from "./spool.js";
export type { TailQuery } from "./tail.js";
