//! Questions: one model for every store, the API and the CLI.

mod model;

pub use model::{
    Aggregate, Bucket, Clause, Cursor, Field, Filter, Group, Having, Match, Measure, Order, OrderBy, Page, Query,
    Table, Test, Value,
};
