-- Units that nobody has ordered. Few rows, some of them hot: they move once per batch, however many orders that is.
create table stock (
  sku text primary key,
  opening_units int not null,
  available_units int not null,
  constraint not_oversold check (available_units >= 0)
) with (fillfactor = 50);

-- Units set aside for a line of an order, known by the command that asked for them.
create table holds (
  command_id text primary key,
  run_id uuid not null,
  order_id text not null,
  sku text not null,
  units int not null check (units > 0),
  held_at timestamptz not null default now(),
  released_at timestamptz
);

insert into stock (sku, opening_units, available_units) values
  ('lamp', 100000, 100000),
  ('desk', 1000, 1000),
  ('chair', 3, 3);
