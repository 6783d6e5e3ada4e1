//! Groups and measures.

use axum::Json;
use indelible_engine::{
    limits::AGGREGATE_ROWS_MAX,
    query::{Aggregate, AggregateText, Table},
};

use super::{
    app::Reader,
    params::{self, Params, UpTo, parameters},
    problem::Problem,
    reads::Endpoint,
};
parameters! {
    /// What to group and measure.
    AggregateParams {
        /// Filter line.
        q: String, "action:token.* since:30d";
        /// Events that happened from then on: RFC 3339, a day, or a while ago such as 7d.
        since: String, "7d";
        /// Events that happened before then.
        until: String, "2026-12-01";
        /// Comma-separated: `minute`, `hour`, `day`, `week`, `month`, `hour_of_day`, `weekday`, any field or metadata path.
        group_by: String, "day,action";
        /// Comma-separated: `count`, `distinct(field)`, `first`, `last`, `p50(http.latency_us)`, `p95(...)`, `p99(...)`.
        /// Default: count.
        measure: String, "count,distinct(actor.id)";
        /// Only groups whose measure is at least this.
        having: String, "count>=10";
        /// What to order by; `-` in front for falling.
        order: String, "-count";
        /// IANA time zone of the spans of time. Default: UTC.
        tz: String, "Europe/Berlin";
        /// Groups at most.
        limit: UpTo<AGGREGATE_ROWS_MAX>, "100";
    }
}

/// Groups and measures.
pub(super) async fn aggregate(reader: Reader, Params(params): Params<AggregateParams>) -> Result<Json<Table>, Problem> {
    let filter = params::filter(params.q.as_deref(), params.since.as_deref(), params.until.as_deref())?;
    let text = AggregateText {
        group_by: params.group_by.as_deref().unwrap_or_default(),
        measure: params.measure.as_deref().unwrap_or_default(),
        having: params.having.as_deref().unwrap_or_default(),
        order: params.order.as_deref().unwrap_or_default(),
        time_zone: params.tz.as_deref().unwrap_or_default(),
        limit: params.limit.map(|UpTo(limit)| limit),
    };
    let aggregate = Aggregate::parse(filter, &text)?;
    let table = reader.aggregate(aggregate).await?;
    reader.note(Endpoint::Aggregate);
    Ok(Json(table))
}
