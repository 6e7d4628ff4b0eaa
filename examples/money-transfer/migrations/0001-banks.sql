-- Our own bank. A balance is what its bookings add up to; the audit says so.
create table accounts (
  account_id text primary key,
  opening_minor int not null,
  balance_minor int not null,
  constraint not_overdrawn check (balance_minor >= 0)
) with (fillfactor = 50);

-- One row for each withdrawal; its command's id is the reference. What was returned stays, with its time.
create table withdrawals (
  command_id text primary key,
  run_id uuid not null,
  account_id text not null,
  amount_minor int not null check (amount_minor > 0),
  booked_at timestamptz not null default now(),
  returned_at timestamptz
);

-- The other bank. It is somebody else's: nothing here is written by the engine's transaction.
create table other_accounts (
  account_id text primary key,
  is_open boolean not null,
  -- How many answers to one deposit get lost on the way back to us.
  answers_lost int not null default 0
);

create table other_deposits (
  command_id text primary key,
  run_id uuid not null,
  account_id text not null,
  amount_minor int not null check (amount_minor > 0),
  booked_at timestamptz not null default now(),
  recalled_at timestamptz
);

-- What the other bank answered to each command, kept with the effect. One that was taken back names by which command.
create table other_answers (
  command_id text primary key,
  answer jsonb,
  undone_by text
);

insert into accounts (account_id, opening_minor, balance_minor) values
  ('ada', 100000, 100000),
  ('grace', 5000, 5000);

insert into other_accounts (account_id, is_open, answers_lost) values
  ('linus', true, 0),
  ('flaky', true, 2),
  ('silent', true, 1000000),
  ('closed', false, 0);
