-- What becomes of a payment when its order has ended, and orders whose ticket was taken back before it was issued.

alter table payments
  -- The order was closed and its ticket was good: the money is the shop's.
  add column kept_at timestamptz,
  -- Otherwise the run of the flow payment-return that gives back what was paid.
  add column return_run_id uuid;

update payments
   set kept_at = closed_at
  from orders
 where orders.order_id = payments.order_id;

-- Those that nobody has judged: of orders that are under way, and of the few that have just ended.
create index open_payments on payments (started_at) where kept_at is null and return_run_id is null;

-- These orders get no ticket any more, also when it was asked for before and the question arrives later.
create table revocations (
  order_id uuid primary key,
  revoked_at timestamptz not null default now()
);
