-- How many records of each type an import has, in a row a type: a new record type needs no column. The rows are of the
-- types that were known when the file was received. They are written in the transactions that write the import itself.
-- On a distributed PostgreSQL this table stays where `imports` is (docs/decisions/0040).
create table import_counts (
  import_id uuid not null references imports on delete cascade,
  type      text collate "C" not null,
  uploaded  bigint not null,
  imported  bigint not null default 0,
  skipped   bigint not null default 0,
  primary key (import_id, type)
);

-- Of every import, whatever its status: one that waits needs `uploaded`, one that was interrupted goes on counting.
insert into import_counts (import_id, type, uploaded, imported, skipped)
  select i.id, c.type, c.uploaded, c.imported, c.skipped
  from imports i cross join lateral (values
    ('subscription_product', i.uploaded_products, i.imported_products, i.skipped_products),
    ('subscription_plan', i.uploaded_plans, i.imported_plans, i.skipped_plans),
    ('subscription_subscriber', i.uploaded_subscribers, i.imported_subscribers, i.skipped_subscribers),
    ('subscription_offering', i.uploaded_offerings, i.imported_offerings, i.skipped_offerings)
  ) as c (type, uploaded, imported, skipped);

alter table imports
  drop column uploaded_products, drop column uploaded_plans, drop column uploaded_subscribers, drop column uploaded_offerings,
  drop column imported_products, drop column imported_plans, drop column imported_subscribers, drop column imported_offerings,
  drop column skipped_products, drop column skipped_plans, drop column skipped_subscribers, drop column skipped_offerings;
