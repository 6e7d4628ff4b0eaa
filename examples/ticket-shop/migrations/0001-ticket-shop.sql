-- The ticket shop's own tables. No foreign keys on purpose: each of them would lock the one row of a concert that everybody
-- buys for, once per order. What they would guard is guarded by the audit.

-- Few rows, one of them hot: `sold` moves once per batch, so pages keep room for the next version of a row.
create table concerts (
  concert_id text primary key,
  name text not null,
  seats int not null check (seats > 0),
  sold int not null default 0,
  price_minor int not null check (price_minor > 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  constraint not_oversold check (sold between 0 and seats)
) with (fillfactor = 50);

-- Written once the order's run is durable, so that each row has one.
create table orders (
  order_id uuid primary key,
  run_id uuid not null unique,
  concert_id text not null,
  amount_minor int not null,
  currency text not null,
  placed_at timestamptz not null default now(),
  closed_at timestamptz
) with (fillfactor = 80);

-- What we asked of the provider and what it told us. What only the poll has learned is known to the run alone.
create table payments (
  order_id uuid primary key,
  started_at timestamptz not null default now(),
  charge_id text,
  outcome text check (outcome in ('charged', 'refused', 'closed')),
  called_back_at timestamptz
) with (fillfactor = 80);

create table tickets (
  ticket_id uuid primary key default gen_random_uuid(),
  order_id uuid not null unique,
  concert_id text not null,
  seat int not null check (seat > 0),
  issued_at timestamptz not null default now(),
  unique (concert_id, seat)
);

-- Who we are to the payment provider: it keeps a ledger for each of its merchants.
create table merchant (
  is_only boolean primary key default true check (is_only),
  merchant_id uuid not null default gen_random_uuid()
);
insert into merchant default values;

insert into concerts (concert_id, name, seats, price_minor, currency) values
  ('festival', 'Midsummer festival', 1000000, 4900, 'EUR'),
  ('arena', 'The long way home, arena tour', 12000, 8900, 'EUR'),
  ('cellar', 'Unplugged in the cellar', 100, 2500, 'EUR');
