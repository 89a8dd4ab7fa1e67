-- An import as somebody would write it by hand: CSV into staging tables of text, in which nothing can fail,
-- then checks, and an upsert of what passes them; the first problem of any other row goes to a table. One
-- transaction. Run by psql in the folder of the CSV files, with the variable `owner`.

begin;
set local search_path = peer, pg_temp;
set local work_mem = '64MB';

create temp table staged_products (
  line bigint,
  external_ref text, name text, description text, sku text, main_image text, price text,
  price_units_unit text, price_units_amount text
);
create temp table staged_plans (
  line bigint,
  external_ref text, name text, description text, billing_interval_type text, billing_frequency text,
  plan_length text, trial_period text, end_behavior text, can_pause text, can_resume text, can_cancel text,
  base_price_percentage text, fixed_price text
);
create temp table staged_subscribers (
  line bigint,
  external_ref text, account_id text, name text, email text, payment_authority text
);
create temp table staged_offerings (
  line bigint,
  external_ref text, name text, description text
);
create temp table staged_offering_parts (
  offering text, kind text, external_ref text, record text
);

\copy staged_products from 'products.csv' with (format csv)
\copy staged_plans from 'plans.csv' with (format csv)
\copy staged_subscribers from 'subscribers.csv' with (format csv)
\copy staged_offerings from 'offerings.csv' with (format csv)
\copy staged_offering_parts from 'offering_parts.csv' with (format csv)

analyze staged_products, staged_plans, staged_subscribers, staged_offerings, staged_offering_parts;

with checked as materialized (
  select *,
    case
      when length(external_ref) not between 1 and 2048 then 'external_ref is too long or too short'
      when count(*) over (partition by external_ref order by line) > 1 and external_ref is not null
        then 'external_ref is already used by another record'
      when name is null then 'name is missing'
      when length(name) not between 3 and 1024 then 'name is too long or too short'
      when length(description) > 1024 then 'description is too long'
      when length(sku) > 1024 then 'sku is too long'
      when main_image !~ '^[a-z][a-z0-9+.-]*:\S+$' or length(main_image) > 1024 then 'main_image is not a URI'
      when price is not json object then 'price is not an object'
      when price_units_unit not in ('day', 'month') then 'price_units.unit is not one of day, month'
      when price_units_amount !~ '^[1-9]\d{0,14}$' then 'price_units.amount is not a whole number from 1'
    end as problem
  from staged_products
), rejected as (
  insert into errors (type, line, problem)
  select 'product', line, problem from checked where problem is not null
)
insert into products (
  owner_id, id, created_at, updated_at, external_ref,
  name, description, sku, main_image, price, price_units_unit, price_units_amount
)
select
  :'owner', uuidv7(), now(), now(), external_ref,
  name, description, sku, main_image, price::jsonb, price_units_unit, price_units_amount::bigint
from checked where problem is null order by line
on conflict (owner_id, external_ref) do update set
  updated_at = excluded.updated_at,
  name = excluded.name, description = excluded.description, sku = excluded.sku,
  main_image = excluded.main_image, price = excluded.price, price_units_unit = excluded.price_units_unit,
  price_units_amount = excluded.price_units_amount;

with checked as materialized (
  select *,
    case
      when length(external_ref) not between 1 and 2048 then 'external_ref is too long or too short'
      when count(*) over (partition by external_ref order by line) > 1 and external_ref is not null
        then 'external_ref is already used by another record'
      when name is null then 'name is missing'
      when length(name) not between 3 and 1024 then 'name is too long or too short'
      when length(description) > 1024 then 'description is too long'
      when billing_interval_type is null or billing_interval_type not in ('day', 'week', 'month', 'year')
        then 'billing_interval_type is not one of day, week, month, year'
      when coalesce(billing_frequency, '') !~ '^[1-9]\d{0,14}$'
        then 'billing_frequency is not a whole number from 1'
      when coalesce(plan_length, '') !~ '^[1-9]\d{0,14}$' then 'plan_length is not a whole number from 1'
      when trial_period !~ '^\d{1,15}$' then 'trial_period is not a whole number'
      when end_behavior is null or end_behavior not in ('close', 'roll')
        then 'end_behavior is not one of close, roll'
      when can_pause is null or can_pause not in ('true', 'false') then 'can_pause is not a boolean'
      when can_resume is null or can_resume not in ('true', 'false') then 'can_resume is not a boolean'
      when can_cancel is null or can_cancel not in ('true', 'false') then 'can_cancel is not a boolean'
      when base_price_percentage !~ '^(\d{1,2}(\.\d+)?|100(\.0+)?)$'
        then 'base_price_percentage is not a number from 0 to 100'
      when fixed_price is not json object then 'fixed_price is not an object'
    end as problem
  from staged_plans
), rejected as (
  insert into errors (type, line, problem)
  select 'plan', line, problem from checked where problem is not null
)
insert into plans (
  owner_id, id, created_at, updated_at, external_ref,
  name, description, billing_interval_type, billing_frequency, plan_length, trial_period, end_behavior,
  can_pause, can_resume, can_cancel, base_price_percentage, fixed_price
)
select
  :'owner', uuidv7(), now(), now(), external_ref,
  name, description, billing_interval_type, billing_frequency::bigint, plan_length::bigint,
  trial_period::bigint, end_behavior, can_pause::boolean, can_resume::boolean, can_cancel::boolean,
  base_price_percentage::double precision, fixed_price::jsonb
from checked where problem is null order by line
on conflict (owner_id, external_ref) do update set
  updated_at = excluded.updated_at,
  name = excluded.name, description = excluded.description,
  billing_interval_type = excluded.billing_interval_type, billing_frequency = excluded.billing_frequency,
  plan_length = excluded.plan_length, trial_period = excluded.trial_period,
  end_behavior = excluded.end_behavior, can_pause = excluded.can_pause, can_resume = excluded.can_resume,
  can_cancel = excluded.can_cancel, base_price_percentage = excluded.base_price_percentage,
  fixed_price = excluded.fixed_price;

with checked as materialized (
  select *,
    case
      when length(external_ref) not between 1 and 2048 then 'external_ref is too long or too short'
      when count(*) over (partition by external_ref order by line) > 1 and external_ref is not null
        then 'external_ref is already used by another record'
      when name is null then 'name is missing'
      when length(name) not between 3 and 1024 then 'name is too long or too short'
      when email is null or email !~ '^[^@\s]+@[^@\s]+$' or length(email) > 1024
        then 'email is not an e-mail address'
      when account_id is null or account_id !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
        then 'account_id is not a UUID'
      when payment_authority is not json object then 'payment_authority is not an object'
    end as problem
  from staged_subscribers
), rejected as (
  insert into errors (type, line, problem)
  select 'subscriber', line, problem from checked where problem is not null
)
insert into subscribers (
  owner_id, id, created_at, updated_at, external_ref,
  account_id, name, email, payment_authority
)
select
  :'owner', uuidv7(), now(), now(), external_ref,
  account_id::uuid, name, email, payment_authority::jsonb
from checked where problem is null order by line
on conflict (owner_id, external_ref) do update set
  updated_at = excluded.updated_at,
  account_id = excluded.account_id, name = excluded.name, email = excluded.email,
  payment_authority = excluded.payment_authority;

-- What offerings refer to is looked up in what is there now.
analyze products, plans;

with unresolved as materialized (
  select p.offering
  from staged_offering_parts p
  left join products on p.kind = 'product' and products.owner_id = :'owner'
    and products.external_ref = p.external_ref
  left join plans on p.kind = 'plan' and plans.owner_id = :'owner' and plans.external_ref = p.external_ref
  where p.external_ref is not null and products.id is null and plans.id is null
), checked as materialized (
  select *,
    case
      when length(external_ref) not between 1 and 2048 then 'external_ref is too long or too short'
      when count(*) over (partition by external_ref order by line) > 1 and external_ref is not null
        then 'external_ref is already used by another record'
      when name is null then 'name is missing'
      when length(name) not between 3 and 1024 then 'name is too long or too short'
      when length(description) > 1024 then 'description is too long'
      when external_ref in (select offering from unresolved)
        then 'products or plans have an external_ref that no record has'
      when external_ref in (select offering from staged_offering_parts where record is not json object)
        then 'products or plans have something that is not an object'
    end as problem
  from staged_offerings
), rejected as (
  insert into errors (type, line, problem)
  select 'offering', line, problem from checked where problem is not null
)
insert into offerings (
  owner_id, id, created_at, updated_at, external_ref,
  name, description
)
select
  :'owner', uuidv7(), now(), now(), external_ref,
  name, description
from checked where problem is null order by line
on conflict (owner_id, external_ref) do update set
  updated_at = excluded.updated_at,
  name = excluded.name, description = excluded.description;

-- now() is the transaction's start: what this import has added or changed.
create temp table written as
select id, external_ref from offerings where owner_id = :'owner' and updated_at = now();
analyze written;

-- An offering that was updated gets new copies.
delete from offering_products where owner_id = :'owner' and holder_id in (select id from written);
delete from offering_plans where owner_id = :'owner' and holder_id in (select id from written);

insert into offering_products (
  owner_id, holder_id, id, source_id, created_at, updated_at, external_ref,
  name, description, sku, main_image, price, price_units_unit, price_units_amount
)
select
  :'owner'::uuid, o.id, uuidv7(), s.id, now(), now(), s.external_ref,
  s.name, s.description, s.sku, s.main_image, s.price, s.price_units_unit, s.price_units_amount
from staged_offering_parts p
join written o on o.external_ref = p.offering
join products s on s.owner_id = :'owner' and s.external_ref = p.external_ref
where p.kind = 'product'
union all
select
  :'owner'::uuid, o.id, uuidv7(), null::uuid, now(), now(), r.external_ref,
  r.name, r.description, r.sku, r.main_image, r.price, r.price_units ->> 'unit',
  (r.price_units ->> 'amount')::bigint
from staged_offering_parts p
join written o on o.external_ref = p.offering
cross join jsonb_to_record(p.record::jsonb) as r (
  external_ref text, name text, description text, sku text, main_image text, price jsonb, price_units jsonb
)
where p.kind = 'product' and p.record is not null;

insert into offering_plans (
  owner_id, holder_id, id, source_id, created_at, updated_at, external_ref,
  name, description, billing_interval_type, billing_frequency, plan_length, trial_period, end_behavior,
  can_pause, can_resume, can_cancel, base_price_percentage, fixed_price
)
select
  :'owner'::uuid, o.id, uuidv7(), s.id, now(), now(), s.external_ref,
  s.name, s.description, s.billing_interval_type, s.billing_frequency, s.plan_length, s.trial_period,
  s.end_behavior, s.can_pause, s.can_resume, s.can_cancel, s.base_price_percentage, s.fixed_price
from staged_offering_parts p
join written o on o.external_ref = p.offering
join plans s on s.owner_id = :'owner' and s.external_ref = p.external_ref
where p.kind = 'plan'
union all
select
  :'owner'::uuid, o.id, uuidv7(), null::uuid, now(), now(), r.external_ref,
  r.name, r.description, r.billing_interval_type, r.billing_frequency, r.plan_length, r.trial_period,
  r.end_behavior, r.can_pause, r.can_resume, r.can_cancel, r.base_price_percentage, r.fixed_price
from staged_offering_parts p
join written o on o.external_ref = p.offering
cross join jsonb_to_record(p.record::jsonb) as r (
  external_ref text, name text, description text, billing_interval_type text, billing_frequency bigint,
  plan_length bigint, trial_period bigint, end_behavior text, can_pause boolean, can_resume boolean,
  can_cancel boolean, base_price_percentage double precision, fixed_price jsonb
)
where p.kind = 'plan' and p.record is not null;

commit;
