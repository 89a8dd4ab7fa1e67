-- The planner's statistics of a table say which owners have how many rows, and are always older than an import.
-- By them an owner whose import is under way has no rows: every index that begins with `owner_id` then looks as
-- good as the one that finds a row by its key, and a look-up read all that the owner had so far. Without
-- statistics of the column each owner is taken to have a part of the table, and the key finds rows best.
-- The same type again drops the statistics that there are. It rewrites no table, but PostgreSQL builds the
-- indexes again that have an expression or a condition: 11 s for 2 million rows, while nobody reads them.
alter table products alter column owner_id type uuid, alter column owner_id set statistics 0;
alter table plans alter column owner_id type uuid, alter column owner_id set statistics 0;
alter table features alter column owner_id type uuid, alter column owner_id set statistics 0;
alter table subscribers alter column owner_id type uuid, alter column owner_id set statistics 0;
alter table offerings alter column owner_id type uuid, alter column owner_id set statistics 0;
alter table offering_products alter column owner_id type uuid, alter column owner_id set statistics 0;
alter table offering_plans alter column owner_id type uuid, alter column owner_id set statistics 0;
alter table offering_features alter column owner_id type uuid, alter column owner_id set statistics 0;
alter table subscriptions alter column owner_id type uuid, alter column owner_id set statistics 0;
alter table subscription_products alter column owner_id type uuid, alter column owner_id set statistics 0;
alter table subscription_plans alter column owner_id type uuid, alter column owner_id set statistics 0;
alter table subscription_states alter column owner_id type uuid, alter column owner_id set statistics 0;
alter table import_errors alter column owner_id type uuid, alter column owner_id set statistics 0;
alter table import_error_kinds alter column owner_id type uuid, alter column owner_id set statistics 0;
alter table import_warnings alter column owner_id type uuid, alter column owner_id set statistics 0;
alter table import_changes alter column owner_id type uuid, alter column owner_id set statistics 0;
alter table import_kept alter column owner_id type uuid, alter column owner_id set statistics 0;
alter table totals alter column owner_id type uuid, alter column owner_id set statistics 0;
