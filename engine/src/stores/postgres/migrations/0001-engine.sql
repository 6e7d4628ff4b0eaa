-- The engine's tables. What stands here is a promise to running deployments: this file is never edited after a release.
--   No index covers a column that changes at every transition, so that updates of runs and lanes stay heap-only (HOT).
--   Runs, with their history and their rows for lists, lie in periods by the time they began: a period is dropped whole, its rows are
--   not deleted. What passes through (outbox) is partitioned by day.
--   Texts in columns named data, control, entries, input … are JSON as the engine wrote it, byte for byte; jsonb would change it.
--   Whose lane it is and when a lease ends is decided by this database's clock alone.

-- Points in time cross the border as milliseconds since 1970 and are stored as what they are. Both are inlined, for which all in them has
-- to be immutable, as the parts of a timestamptz are not.
create function from_ms(ms float8) returns timestamptz
language sql immutable strict parallel safe as 'select to_timestamp(ms / 1000.0)';
create function to_ms(point timestamptz) returns float8
language sql immutable strict parallel safe as $$select (extract(epoch from point at time zone 'UTC') * 1000)::float8$$;

create table deployment (
  is_only boolean primary key default true check (is_only),
  lanes integer not null,
  -- Shared by the engines of the deployment; authenticates what they forward to each other.
  secret text not null,
  created_at timestamptz not null default clock_timestamp()
);

create table flow_versions (
  flow text not null,
  version integer not null,
  hash text not null,
  definition text not null,
  saved_at timestamptz not null default clock_timestamp(),
  primary key (flow, version)
);

-- One lease per engine, not per lane: a heartbeat touches no lane, so it never waits for a batch, nor a batch for it.
create table engines (
  engine_id text primary key,
  address text,
  lease_until timestamptz not null
) with (fillfactor = 20);

-- The fence. Each batch moves the rows of its lanes from (epoch, batch_number) to the next, or nothing of it is committed.
-- A page holds a few rows and much room, so that thousands of updates a second find place beside their former version.
create table lanes (
  lane_id integer primary key,
  owner_id text,
  epoch bigint not null default 0,
  batch_number bigint not null default 0,
  outbox_position bigint not null default 0,
  published_position bigint not null default 0
) with (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

-- How far the search projection of a lane is complete. Apart from lanes, so that projecting never waits for a batch.
create table lane_projections (
  lane_id integer primary key references lanes,
  projected_at timestamptz not null
) with (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

-- No period is made here, and none by default: a row that belongs to one that is not there, or not any more, is refused.
create table runs (
  run_id uuid not null,
  flow text not null,
  flow_version integer not null,
  key text,
  lane integer not null,
  version integer not null,
  state text not null,
  business_state text,
  outcome text,
  parked text,
  data text not null,
  -- Commands, timers and the start's idempotency key: what only the owner reads.
  control text not null,
  created_at timestamptz not null,
  entered_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (run_id, created_at)
) partition by range (created_at);

-- One row per run and batch, with all entries the batch added. Beside its run: in the same period, and by the same birth.
create table history (
  run_id uuid not null,
  created_at timestamptz not null,
  first_version integer not null,
  last_version integer not null,
  lane integer not null,
  at timestamptz not null,
  entries text not null,
  -- [event id, version, digest, outcome] of the entries that took an event in; null when none did.
  seen text,
  -- Birth first: rows of runs that live at the same time lie together, whether their ids grow with time or come from a key.
  primary key (created_at, run_id, first_version)
) partition by range (created_at);
-- For a takeover, which looks for what was written last. What is not summarized yet is read from end to end.
create index history_at on history using brin (at) with (pages_per_range = 32, autosummarize = on);

-- Rows up to the lane's published_position are settled; they go with their day.
create table outbox (
  lane integer not null,
  position bigint not null,
  run_id uuid not null,
  command_id text not null,
  attempt integer not null,
  at timestamptz not null,
  primary key (lane, position, at)
) partition by range (at);
-- Catches what no day was prepared for. Empty as long as some engine does its upkeep.
create table outbox_default partition of outbox default;

create table timers (
  lane integer not null,
  due_at timestamptz not null,
  run_id uuid not null,
  number integer not null,
  kind text not null,
  primary key (lane, due_at, run_id, number)
) with (autovacuum_vacuum_scale_factor = 0.05);

-- Inputs whose owner could not be reached; taken by the owner's batches.
create table inbox (
  inbox_id text primary key,
  lane integer not null,
  arrival bigint generated always as identity,
  input text not null
);
create index inbox_arrival on inbox (lane, arrival);

create table dead_letters (
  run_id uuid not null,
  version integer not null,
  lane integer not null,
  reason text,
  state text not null,
  input text not null,
  error text,
  at timestamptz not null,
  primary key (run_id, version)
);

-- What lists and counters read. Follows the runs with a bounded lag, many transitions in one update.
create table run_search (
  run_id uuid not null,
  flow text not null,
  flow_version integer not null,
  key text,
  lane integer not null,
  version integer not null,
  state text not null,
  business_state text,
  outcome text,
  parked text,
  created_at timestamptz not null,
  entered_at timestamptz not null,
  updated_at timestamptz not null,
  -- Where the run was counted before this update; null after the first. An update leaves here what it has to subtract,
  -- so that the counters are exact whoever else projects the same run.
  former_flow_version integer,
  former_state text,
  was_parked boolean,
  primary key (created_at, run_id)
) partition by range (created_at);
create index run_search_flow on run_search (flow, created_at, run_id);
create index run_search_state on run_search (state, created_at, run_id);
create index run_search_key on run_search (key, created_at, run_id) where key is not null;
create index run_search_business_state on run_search (business_state, created_at, run_id) where business_state is not null;
create index run_search_outcome on run_search (outcome, created_at, run_id) where outcome is not null;
create index run_search_parked on run_search (created_at, run_id) where parked is not null;
create index run_search_updated on run_search (updated_at);
create index run_search_entered on run_search (entered_at) where outcome is null;

-- Kept by lane, so that the owners of different lanes never wait for each other's counters, and by period, so that they go with it.
create table state_counts (
  period text not null,
  lane integer not null,
  flow text not null,
  flow_version integer not null,
  state text not null,
  runs bigint not null,
  parked bigint not null,
  primary key (period, lane, flow, flow_version, state)
) with (fillfactor = 50);

-- Ends a batch whose lanes are not all where it expects them: called with the lanes that are not, in the statement that writes the batch.
create function assert_lanes(lost integer[]) returns void
language plpgsql as $$
begin
  if cardinality(lost) > 0 then
    raise exception 'lanes lost' using errcode = 'SL001', detail = array_to_string(lost, ',');
  end if;
end $$;
