-- The queue is fair to owners and survives kills and clocks; what a report lacks is said; long texts have safe keys.

-- When a worker last took up or laid down an import of this owner; and, of an organization, of itself or of one of its
-- stores. Whoever waits longest is next.
alter table owners
  add column import_turn_at timestamptz,
  add column tenant_turn_at timestamptz;

alter table imports
  -- How often it was claimed since its last chunk, but for claims that were given back: those whose process died.
  add column claims       integer not null default 0,
  -- The first and the last `created_at` that its chunks gave to records, whatever any clock says.
  add column records_from timestamptz,
  add column records_to   timestamptz,
  -- Some of its errors are older than migration 0005: they have no place in the file, and no kinds.
  add column has_old_errors boolean not null default false;

-- So far each claim counted as an attempt. Now an attempt is one that a fault has ended.
update imports set attempts = 0 where status in ('pending', 'started');
-- Until now records had the times of the process's clock, which was trusted to be right within an hour.
update imports
  set records_from = started_at - interval '1 hour', records_to = coalesce(finished_at, now()) + interval '1 hour'
  where started_at is not null;
update imports i set has_old_errors = true
  where i.errors > 0 and exists (
    select from import_errors e where e.owner_id = i.owner_id and e.import_id = i.id and e.line_start is null);

-- As in migration 0001, but by SHA-256: texts with the same MD5 can be made, and each was in the way of the other.
-- `decode` with every backslash doubled gives the text's bytes, and is immutable, which `convert_to` is not.
create or replace function ref_key(ref text) returns text
  language sql immutable parallel safe
  return case when octet_length(ref) <= 1000 and strpos(ref, chr(1)) = 0 then ref
              else left(ref, 200) || chr(1) || encode(sha256(decode(replace(ref, '\', '\\'), 'escape')), 'hex') end;

-- The indexes of tables that have such a text are built anew; most have none, and looking is quick.
do $$
declare
  one record;
  is_there boolean;
begin
  for one in
    select * from (values
      ('imports', array['external_ref']),
      ('products', array['external_ref', 'name', 'sku']),
      ('plans', array['external_ref', 'name']),
      ('subscribers', array['external_ref', 'name', 'email']),
      ('offerings', array['external_ref', 'name']),
      ('offering_products', array['external_ref']),
      ('offering_plans', array['external_ref']),
      ('rehearsed_refs', array['external_ref'])
    ) as indexed (name, columns)
  loop
    execute (
      select format('select exists (select from %I where %s)', one.name,
                    string_agg(format('octet_length(%1$I) > 1000 or strpos(%1$I, chr(1)) > 0', c), ' or '))
      from unnest(one.columns) as c
    ) into is_there;
    if is_there then execute format('reindex table %I', one.name); end if;
  end loop;
end $$;
