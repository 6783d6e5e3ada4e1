//! Events checked by hand, field by field, against the records that they come from.
