-- The cards that customers pay with.
create table cards (
  customer_id text primary key,
  -- How many of the next charges are declined.
  declines_left int not null default 0
) with (fillfactor = 80);

-- What was charged: once for each invoice, which is a run.
create table charges (
  run_id uuid primary key,
  customer_id text not null,
  period int not null check (period > 0),
  amount_minor int not null check (amount_minor > 0),
  charged_at timestamptz not null default now(),
  -- Due time of the report it stands in.
  reported_at timestamptz
) with (fillfactor = 80);

insert into cards (customer_id, declines_left) values
  ('ada', 0),
  ('grace', 1),
  ('linus', 1000000);
