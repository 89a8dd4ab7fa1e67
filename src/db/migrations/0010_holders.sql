-- Whatever holds snapshots, its id is in `holder_id`: the statements about snapshots are the same for every type of
-- record that holds some.
alter table offering_products rename column offering_id to holder_id;
alter table offering_plans rename column offering_id to holder_id;
