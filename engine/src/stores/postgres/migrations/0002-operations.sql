-- What operators do: the record of it, jobs over many runs, pauses, schedules and keys. Few rows, read and written at leisure.

create table actions (
  action_id uuid primary key,
  kind text not null,
  asked_by text not null,
  reason text,
  -- Whole milliseconds, as a cursor has them.
  asked_at timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
  ended_at timestamptz,
  state text not null check (state in ('running', 'stopping', 'stopped', 'done')),
  subject text not null,
  -- Plan and progress of a job; null for what was done at once.
  job text,
  lane integer not null,
  revision integer not null default 1
) with (fillfactor = 70);
create index actions_asked on actions (asked_at, action_id);
create index actions_open on actions (lane) where job is not null and state in ('running', 'stopping');

create table pauses (
  flow text not null,
  scope text not null check (scope in ('flow', 'state', 'command')),
  name text not null,
  asked_by text not null,
  reason text,
  at timestamptz not null default clock_timestamp(),
  primary key (flow, scope, name)
);

create table schedules (
  flow text primary key,
  last_due_at timestamptz not null
) with (fillfactor = 70);

-- Never the keys themselves.
create table api_keys (
  key_id text primary key,
  name text not null,
  scopes text[] not null,
  hash text not null,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz,
  revoked_at timestamptz
);

create index dead_letters_reason on dead_letters (reason, run_id, version) where reason is not null;

-- What an engine can carry on, as a JSON list of `flow@version`; one of an older release says nothing.
alter table engines add column serves text not null default '[]';
