-- Who is asked for a subscriber's money (contract 8): stored, and never answered.
alter table subscribers add column payment_authority jsonb;
