-- Seat categories, canceled concerts, and a report for each day.

alter table concerts
  -- What a premium seat costs; null where there are none.
  add column premium_price_minor int,
  -- From then on nothing is sold.
  add column canceled_at timestamptz,
  add constraint premium_costs_more check (premium_price_minor > price_minor);

update concerts set premium_price_minor = 9900 where concert_id = 'festival';
update concerts set premium_price_minor = 14900 where concert_id = 'arena';

alter table tickets
  add column category text not null default 'standard' check (category in ('standard', 'premium')),
  -- Null where version 1 of the purchase issued it: it costs what its order was placed for.
  add column amount_minor int check (amount_minor > 0),
  -- From then on it lets nobody in. Its seat is not sold again.
  add column voided_at timestamptz;

-- Tickets are appended in the order of time, so an index of a few pages finds those of a day, and costs a sale nothing.
create index tickets_by_time on tickets using brin (issued_at);
create index voided_tickets on tickets (voided_at) where voided_at is not null;

-- What was sold and given back on one day, in the time zone of the box office.
create table reports (
  day date not null,
  concert_id text not null,
  sold int not null,
  revenue_minor bigint not null,
  refunds int not null,
  refunds_minor bigint not null,
  currency text not null,
  written_at timestamptz not null default now(),
  primary key (day, concert_id)
);
