-- The planner's statistics of a table say which owners have how many rows, and are always older than an import.
-- By them an owner whose import is under way has no rows: every index that begins with `owner_id` then looks as
-- good as the one that finds a row by its key, and a look-up read all that the owner had so far. Without
-- statistics of the column each owner is taken to have a part of the table, and the key finds rows best.
-- The same type again drops the statistics that there are. It rewrites no table, but PostgreSQL builds the
-- indexes again that have an expression or a condition: 11 s for 2 million rows, while nobody reads them.
-- Of a table that is distributed already, Citus refuses both, so its shards are asked.
do $migration$
declare
  name text;
  change constant text := 'alter table %s alter column owner_id type uuid, alter column owner_id set statistics 0';
  is_distributed boolean := false;
  failed text;
begin
  foreach name in array array[
    'products', 'plans', 'features', 'subscribers', 'offerings', 'offering_products',
    'offering_plans', 'offering_features', 'subscriptions', 'subscription_products',
    'subscription_plans', 'subscription_states', 'import_errors', 'import_error_kinds',
    'import_warnings', 'import_changes', 'import_kept', 'totals'
  ] loop
    if to_regclass('pg_catalog.pg_dist_partition') is not null then
      select exists (select 1 from pg_dist_partition where logicalrelid = name::regclass) into is_distributed;
    end if;
    if is_distributed then
      select min(result) into failed from run_command_on_shards(name, change) where not success;
      if failed is not null then raise exception 'a shard of %: %', name, failed; end if;
    else
      execute format(change, name);
    end if;
  end loop;
end $migration$;
