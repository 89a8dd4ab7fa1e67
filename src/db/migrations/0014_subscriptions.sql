-- Subscriptions (contract 14). What follows from a row alone is generated; what follows from the time is computed when it
-- is read, so that the time that passes never needs a write.

-- So many of a plan's units after a start, by calendar in UTC: where a month is shorter, its last day. Null: beyond the
-- last moment that RFC 3339 can write. A single expression, so that the planner inlines it.
create function units_after(start timestamptz, unit text, units bigint) returns timestamptz
  language sql immutable
  return nullif(least(
    ((start at time zone 'UTC') + make_interval(
      months => case unit when 'month' then least(units, 120000) when 'year' then least(units, 10000) * 12 else 0 end::integer,
      days => case unit when 'day' then least(units, 3700000) when 'week' then least(units, 530000) * 7 else 0 end::integer
    )) at time zone 'UTC',
    timestamptz '10000-01-01 00:00:00+00'
  ), timestamptz '10000-01-01 00:00:00+00');

-- The end of the trial or period that runs at a time. What has not begun ends as it begins, or at that time if nobody
-- knows when that is.
create function period_end(start timestamptz, unit text, trial bigint, frequency bigint, moment timestamptz) returns timestamptz
  -- In PL/pgSQL, since that keeps its plans: as an SQL function it would take 0.4 ms, most of it for planning. But what it
  -- calls is looked up when it runs, and whoever restores a dump has no search_path.
  language plpgsql immutable
  set search_path from current
  as $$
declare
  later timestamptz := units_after(start, unit, trial);
  months numeric;
  passed bigint;
begin
  if start is null then return moment; end if;
  if moment < start then return start; end if;
  if later is null or moment < later then return later; end if;
  months := 12 * (extract(year from moment at time zone 'UTC') - extract(year from start at time zone 'UTC'))
    + extract(month from moment at time zone 'UTC') - extract(month from start at time zone 'UTC');
  -- How many periods have passed is known up to one or two, since the last unit may not be complete.
  passed := greatest(0, (case unit
    when 'day' then floor(extract(epoch from moment - start) / 86400)
    when 'week' then floor(extract(epoch from moment - start) / 604800)
    when 'month' then months - 1
    else floor(months / 12) - 1
  end::bigint - trial) / frequency);
  for period in passed .. passed + 2 loop
    later := units_after(start, unit, case when period <= 4000000 / frequency then trial + period * frequency end);
    if later is null or later > moment then return later; end if;
  end loop;
  return null;
end
$$;

-- When a subscription's first period begins. Null: not before somebody says when it goes live.
create function subscription_start(started_at timestamptz, pending boolean, go_live_after timestamptz, created_at timestamptz)
  returns timestamptz
  language sql immutable
  return coalesce(started_at, case when pending then go_live_after else created_at end);

-- When it ends: with its plan, if that closes then, or with the period in which it is canceled. Null: it does not.
create function subscription_end(
  start timestamptz, unit text, trial bigint, frequency bigint, length bigint, plan_end text, canceled_at timestamptz
) returns timestamptz
  language sql immutable
  return least(
    case plan_end when 'close' then units_after(start, unit, length) end,
    case when canceled_at is not null then period_end(start, unit, trial, frequency, canceled_at) end
  );

create table subscriptions (
  owner_id              uuid not null,
  id                    uuid not null,
  created_at            timestamptz not null,
  updated_at            timestamptz not null,
  external_ref          text collate "C",
  account_id            uuid not null,
  name                  text collate "C" not null,
  email                 text collate "C" not null,
  currency              text collate "C" not null,
  manual_payments       boolean not null,
  address_id            uuid,
  payment_authority     jsonb,
  pending               boolean,
  go_live_after         timestamptz,
  first_invoice_paid    boolean,
  started_at            timestamptz,
  paused_at             timestamptz,
  canceled_at           timestamptz,
  -- By a state's action only.
  resumed_at            timestamptz,
  -- The subscription's own copy of the offering: `offering_id` is that of the original, if there is one.
  offering_id           uuid not null,
  offering_external_ref text collate "C",
  offering_name         text collate "C" not null,
  offering_description  text collate "C",
  -- The selected one of its plans, and what of it counts in the calendar.
  plan_id               uuid not null,
  plan_unit             text collate "C" not null,
  plan_frequency        bigint not null,
  plan_length           bigint not null,
  plan_trial            bigint,
  plan_end              text collate "C" not null,
  invoice_after timestamptz generated always as (
    units_after(
      subscription_start(started_at, pending, go_live_after, created_at), plan_unit,
      coalesce(plan_trial, 0) + case when first_invoice_paid then plan_frequency else 0 end
    )
  ) stored,
  -- The end of the plan, if the subscription ends with it.
  closes_at timestamptz generated always as (
    case plan_end when 'close' then
      units_after(subscription_start(started_at, pending, go_live_after, created_at), plan_unit, plan_length)
    end
  ) stored,
  end_date timestamptz generated always as (
    subscription_end(
      subscription_start(started_at, pending, go_live_after, created_at),
      plan_unit, coalesce(plan_trial, 0), plan_frequency, plan_length, plan_end, canceled_at
    )
  ) stored,
  -- It is active from here to its end: what is paused, beyond all times.
  active_from timestamptz generated always as (
    case
      when paused_at is not null then timestamptz 'infinity'
      when pending then coalesce(go_live_after, timestamptz 'infinity')
      else timestamptz '-infinity'
    end
  ) stored,
  primary key (owner_id, id)
);
create unique index subscriptions_external_ref on subscriptions (owner_id, ref_key(external_ref)) where external_ref is not null;
create index subscriptions_account_id on subscriptions (owner_id, account_id);
create index subscriptions_name on subscriptions (owner_id, ref_key(name));
create index subscriptions_email on subscriptions (owner_id, ref_key(email));
create index subscriptions_offering_external_ref on subscriptions (owner_id, ref_key(offering_external_ref))
  where offering_external_ref is not null;
-- Those that are not active: not yet, or no longer.
create index subscriptions_active_from on subscriptions (owner_id, active_from) where active_from > timestamptz '-infinity';
create index subscriptions_end_date on subscriptions (owner_id, end_date) where end_date is not null and paused_at is null;

create table subscription_products (
  owner_id           uuid not null,
  holder_id          uuid not null,
  id                 uuid not null,
  source_id          uuid,
  created_at         timestamptz not null,
  updated_at         timestamptz not null,
  external_ref       text collate "C",
  name               text collate "C" not null,
  description        text collate "C",
  sku                text collate "C",
  main_image         text collate "C",
  price              jsonb,
  price_units_unit   text collate "C",
  price_units_amount bigint,
  primary key (owner_id, holder_id, id)
);

create table subscription_plans (
  owner_id              uuid not null,
  holder_id             uuid not null,
  id                    uuid not null,
  source_id             uuid,
  created_at            timestamptz not null,
  updated_at            timestamptz not null,
  external_ref          text collate "C",
  name                  text collate "C" not null,
  description           text collate "C",
  billing_interval_type text collate "C" not null,
  billing_frequency     bigint not null,
  trial_period          bigint,
  plan_length           bigint not null,
  end_behavior          text collate "C" not null,
  base_price_percentage double precision,
  fixed_price           jsonb,
  can_pause             boolean not null,
  can_resume            boolean not null,
  can_cancel            boolean not null,
  primary key (owner_id, holder_id, id)
);

-- What was done to subscriptions, one action after another.
create table subscription_states (
  owner_id   uuid not null,
  holder_id  uuid not null,
  id         uuid not null,
  created_at timestamptz not null,
  action     text collate "C" not null,
  primary key (owner_id, holder_id, id)
);
