create schema sluice;
set search_path = sluice;

create table sluice_migrations (
  room text not null,
  number int not null,
  name text not null,
  checksum text not null,
  applied_at timestamptz not null default now(),
  primary key (room, number)
);

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


-- What the asker of a pause, or of lifting one, was told: a repeat is told the same, and changes nothing.
alter table actions add column result text;


create table history_20261001_20270101 partition of history FOR VALUES FROM ('2026-10-01 00:00:00+00') TO ('2027-01-01 00:00:00+00');

create table outbox_20261120 partition of outbox FOR VALUES FROM ('2026-11-20 00:00:00+00') TO ('2026-11-21 00:00:00+00');

create table outbox_20261121 partition of outbox FOR VALUES FROM ('2026-11-21 00:00:00+00') TO ('2026-11-22 00:00:00+00');

create table outbox_20261122 partition of outbox FOR VALUES FROM ('2026-11-22 00:00:00+00') TO ('2026-11-23 00:00:00+00');

create table outbox_20261123 partition of outbox FOR VALUES FROM ('2026-11-23 00:00:00+00') TO ('2026-11-24 00:00:00+00');

create table run_search_20261001_20270101 partition of run_search FOR VALUES FROM ('2026-10-01 00:00:00+00') TO ('2027-01-01 00:00:00+00') with (fillfactor=90, autovacuum_vacuum_scale_factor=0.05);

create table runs_20261001_20270101 partition of runs FOR VALUES FROM ('2026-10-01 00:00:00+00') TO ('2027-01-01 00:00:00+00') with (fillfactor=80, autovacuum_vacuum_scale_factor=0.05);

create schema proof;
set search_path = proof;

create table sluice_migrations (
  room text not null,
  number int not null,
  name text not null,
  checksum text not null,
  applied_at timestamptz not null default now(),
  primary key (room, number)
);

-- What participants did, one row each time: a second row of one command is a second effect, and no key hides it.
create table effects (
  nth bigint generated always as identity,
  command_id text not null,
  run_id uuid not null,
  type text not null,
  channel text not null,
  undoes text,
  -- The transaction that did it: of a transactional participant that of the batch.
  xid xid not null default pg_current_xact_id()::xid
);

-- The row that every batch with a transactional command writes: whoever freezes with it holds up all the others, and an update that is
-- lost shows in its sums.
create table tally (
  is_only boolean primary key default true check (is_only),
  effects bigint not null default 0,
  undos bigint not null default 0
) with (fillfactor = 10);
insert into tally default values;

-- The memory of participants that are asked at least once: a command is carried out when its row is made, and never once it is undone.
create table answers (
  command_id text primary key,
  answer text,
  undone_by text
);

-- Answers that come later; they are told until somebody acknowledges them.
create table owed (
  command_id text primary key,
  run_id uuid not null,
  event text not null,
  due_at timestamptz not null,
  told text
);
create index owed_due on owed (due_at) where told is null;

-- Each move of a lane, written by the transaction that moves it: nobody can move one unseen, and what is rolled back leaves nothing.
create table lane_steps (
  nth bigint generated always as identity,
  lane_id integer not null,
  owner_id text,
  former_epoch bigint not null,
  epoch bigint not null,
  former_batch_number bigint not null,
  batch_number bigint not null,
  -- The name of the session, by which a writer of one engine is told from that of another.
  session text not null default current_setting('application_name'),
  xid xid not null default pg_current_xact_id()::xid
);

create function note_lane_step() returns trigger language plpgsql as $$
begin
  insert into proof.lane_steps (lane_id, owner_id, former_epoch, epoch, former_batch_number, batch_number)
  values (new.lane_id, new.owner_id, old.epoch, new.epoch, old.batch_number, new.batch_number);
  return null;
end $$;
create trigger note_lane_step after update on sluice.lanes for each row
  when (old.epoch <> new.epoch or old.batch_number <> new.batch_number)
  execute function note_lane_step();

-- Every dead letter there ever was: the engine forgets those of runs that were canceled.
create table letters (like sluice.dead_letters);

create function note_letter() returns trigger language plpgsql as $$
begin
  insert into proof.letters select new.*;
  return null;
end $$;
create trigger note_letter after insert on sluice.dead_letters for each row execute function note_letter();


set session_replication_role = replica;

delete from sluice.actions;
insert into sluice.actions overriding system value
select * from json_populate_recordset(null::sluice.actions, $rows$[
{"action_id":"01a20019-d6e2-7000-9835-bde03900d8a8","kind":"state.pause","asked_by":"the maker","reason":"a timer is to wait","asked_at":"2026-11-21T21:53:43.142+00:00","ended_at":"2026-11-21T21:53:43.142111+00:00","state":"done","subject":"{\"flow\":\"purchase\",\"scope\":\"state\",\"name\":\"settling\"}","job":null,"lane":0,"revision":1,"result":"{\"hasChanged\" : true, \"pause\" : {\"flow\" : \"purchase\", \"scope\" : \"state\", \"name\" : \"settling\", \"by\" : \"the maker\", \"reason\" : \"a timer is to wait\", \"atMs\" : 1795298023141.913}}"}
]$rows$);

delete from sluice.dead_letters;
insert into sluice.dead_letters overriding system value
select * from json_populate_recordset(null::sluice.dead_letters, $rows$[
{"run_id":"6d1daf83-e194-8582-b767-948740d21ec9","version":4,"lane":0,"reason":"command-refused","state":"shipping","input":"{\"kind\":\"settled\",\"runId\":\"6d1daf83-e194-8582-b767-948740d21ec9\",\"commandId\":\"6d1daf83-e194-8582-b767-948740d21ec9:3:0\",\"attempt\":1,\"settlement\":{\"type\":\"failed\",\"error\":{\"code\":\"PROOF_REFUSED\",\"kind\":\"invalid\",\"message\":\"the address is unknown\",\"stack\":\"CodedError: the address is unknown\\n    at file:///tmp/c1/tree/contracts/src/problem.ts:62:12\\n    at file:///tmp/c1/tree/cli/src/proof/previous-schema/make-snapshot.ts:50:13\\n    at file:///tmp/c1/tree/engine/src/participant/local.ts:63:22\\n    at callBounded (file:///tmp/c1/tree/engine/src/participant/bounded-call.ts:44:39)\\n    at deliver (file:///tmp/c1/tree/engine/src/participant/local.ts:62:14)\\n    at process.processTicksAndRejections (node:internal/process/task_queues:104:5)\\n    at async settle (file:///tmp/c1/tree/engine/src/transports/memory/memory-transport.ts:36:19)\\n    at async Promise.all (index 0)\\n    at async #send (file:///tmp/c1/tree/engine/src/runtime/relay.ts:87:21)\"}}}","error":"{\"code\":\"PROOF_REFUSED\",\"kind\":\"invalid\",\"message\":\"the address is unknown\",\"stack\":\"CodedError: the address is unknown\\n    at file:///tmp/c1/tree/contracts/src/problem.ts:62:12\\n    at file:///tmp/c1/tree/cli/src/proof/previous-schema/make-snapshot.ts:50:13\\n    at file:///tmp/c1/tree/engine/src/participant/local.ts:63:22\\n    at callBounded (file:///tmp/c1/tree/engine/src/participant/bounded-call.ts:44:39)\\n    at deliver (file:///tmp/c1/tree/engine/src/participant/local.ts:62:14)\\n    at process.processTicksAndRejections (node:internal/process/task_queues:104:5)\\n    at async settle (file:///tmp/c1/tree/engine/src/transports/memory/memory-transport.ts:36:19)\\n    at async Promise.all (index 0)\\n    at async #send (file:///tmp/c1/tree/engine/src/runtime/relay.ts:87:21)\"}","at":"2026-11-21T21:53:43.455+00:00"},
{"run_id":"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8","version":4,"lane":0,"reason":"command-refused","state":"shipping","input":"{\"kind\":\"settled\",\"runId\":\"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8\",\"commandId\":\"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8:3:0\",\"attempt\":1,\"settlement\":{\"type\":\"failed\",\"error\":{\"code\":\"PROOF_REFUSED\",\"kind\":\"invalid\",\"message\":\"the address is unknown\",\"stack\":\"CodedError: the address is unknown\\n    at file:///tmp/c1/tree/contracts/src/problem.ts:62:12\\n    at file:///tmp/c1/tree/cli/src/proof/previous-schema/make-snapshot.ts:50:13\\n    at file:///tmp/c1/tree/engine/src/participant/local.ts:63:22\\n    at callBounded (file:///tmp/c1/tree/engine/src/participant/bounded-call.ts:44:39)\\n    at deliver (file:///tmp/c1/tree/engine/src/participant/local.ts:62:14)\\n    at process.processTicksAndRejections (node:internal/process/task_queues:104:5)\\n    at async settle (file:///tmp/c1/tree/engine/src/transports/memory/memory-transport.ts:36:19)\\n    at async Promise.all (index 0)\\n    at async #send (file:///tmp/c1/tree/engine/src/runtime/relay.ts:87:21)\"}}}","error":"{\"code\":\"PROOF_REFUSED\",\"kind\":\"invalid\",\"message\":\"the address is unknown\",\"stack\":\"CodedError: the address is unknown\\n    at file:///tmp/c1/tree/contracts/src/problem.ts:62:12\\n    at file:///tmp/c1/tree/cli/src/proof/previous-schema/make-snapshot.ts:50:13\\n    at file:///tmp/c1/tree/engine/src/participant/local.ts:63:22\\n    at callBounded (file:///tmp/c1/tree/engine/src/participant/bounded-call.ts:44:39)\\n    at deliver (file:///tmp/c1/tree/engine/src/participant/local.ts:62:14)\\n    at process.processTicksAndRejections (node:internal/process/task_queues:104:5)\\n    at async settle (file:///tmp/c1/tree/engine/src/transports/memory/memory-transport.ts:36:19)\\n    at async Promise.all (index 0)\\n    at async #send (file:///tmp/c1/tree/engine/src/runtime/relay.ts:87:21)\"}","at":"2026-11-21T21:53:43.475+00:00"},
{"run_id":"75c76372-7e2b-8954-a544-6cbd8bbbda17","version":4,"lane":0,"reason":"command-refused","state":"shipping","input":"{\"kind\":\"settled\",\"runId\":\"75c76372-7e2b-8954-a544-6cbd8bbbda17\",\"commandId\":\"75c76372-7e2b-8954-a544-6cbd8bbbda17:3:0\",\"attempt\":1,\"settlement\":{\"type\":\"failed\",\"error\":{\"code\":\"PROOF_REFUSED\",\"kind\":\"invalid\",\"message\":\"the address is unknown\",\"stack\":\"CodedError: the address is unknown\\n    at file:///tmp/c1/tree/contracts/src/problem.ts:62:12\\n    at file:///tmp/c1/tree/cli/src/proof/previous-schema/make-snapshot.ts:50:13\\n    at file:///tmp/c1/tree/engine/src/participant/local.ts:63:22\\n    at callBounded (file:///tmp/c1/tree/engine/src/participant/bounded-call.ts:44:39)\\n    at deliver (file:///tmp/c1/tree/engine/src/participant/local.ts:62:14)\\n    at process.processTicksAndRejections (node:internal/process/task_queues:104:5)\\n    at async settle (file:///tmp/c1/tree/engine/src/transports/memory/memory-transport.ts:36:19)\\n    at async Promise.all (index 0)\\n    at async #send (file:///tmp/c1/tree/engine/src/runtime/relay.ts:87:21)\"}}}","error":"{\"code\":\"PROOF_REFUSED\",\"kind\":\"invalid\",\"message\":\"the address is unknown\",\"stack\":\"CodedError: the address is unknown\\n    at file:///tmp/c1/tree/contracts/src/problem.ts:62:12\\n    at file:///tmp/c1/tree/cli/src/proof/previous-schema/make-snapshot.ts:50:13\\n    at file:///tmp/c1/tree/engine/src/participant/local.ts:63:22\\n    at callBounded (file:///tmp/c1/tree/engine/src/participant/bounded-call.ts:44:39)\\n    at deliver (file:///tmp/c1/tree/engine/src/participant/local.ts:62:14)\\n    at process.processTicksAndRejections (node:internal/process/task_queues:104:5)\\n    at async settle (file:///tmp/c1/tree/engine/src/transports/memory/memory-transport.ts:36:19)\\n    at async Promise.all (index 0)\\n    at async #send (file:///tmp/c1/tree/engine/src/runtime/relay.ts:87:21)\"}","at":"2026-11-21T21:53:43.489+00:00"},
{"run_id":"6d1daf83-e194-8582-b767-948740d21ec9","version":5,"lane":0,"reason":null,"state":"shipping","input":"{\"kind\":\"event\",\"runId\":\"6d1daf83-e194-8582-b767-948740d21ec9\",\"id\":\"Received 6d1daf83-e194-8582-b767-948740d21ec9\",\"type\":\"Received\",\"data\":{\"n\":1}}","error":null,"at":"2026-11-21T21:53:43.489+00:00"},
{"run_id":"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8","version":5,"lane":0,"reason":null,"state":"shipping","input":"{\"kind\":\"event\",\"runId\":\"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8\",\"id\":\"Received a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8\",\"type\":\"Received\",\"data\":{\"n\":1}}","error":null,"at":"2026-11-21T21:53:43.502+00:00"},
{"run_id":"75c76372-7e2b-8954-a544-6cbd8bbbda17","version":5,"lane":0,"reason":null,"state":"shipping","input":"{\"kind\":\"event\",\"runId\":\"75c76372-7e2b-8954-a544-6cbd8bbbda17\",\"id\":\"Received 75c76372-7e2b-8954-a544-6cbd8bbbda17\",\"type\":\"Received\",\"data\":{\"n\":1}}","error":null,"at":"2026-11-21T21:53:43.532+00:00"}
]$rows$);

delete from sluice.deployment;
insert into sluice.deployment overriding system value
select * from json_populate_recordset(null::sluice.deployment, $rows$[
{"is_only":true,"lanes":1,"secret":"6dey6J7zW54Mcv0jcOweVBmJrpxjYxX7LdHZFXJjtTs","created_at":"2026-11-21T21:53:42.59212+00:00"}
]$rows$);

delete from sluice.engines;
insert into sluice.engines overriding system value
select * from json_populate_recordset(null::sluice.engines, $rows$[
{"engine_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","address":null,"lease_until":"2026-11-21T21:53:43.831318+00:00","serves":"[\"purchase@1\"]"}
]$rows$);

delete from sluice.flow_versions;
insert into sluice.flow_versions overriding system value
select * from json_populate_recordset(null::sluice.flow_versions, $rows$[
{"flow":"purchase","version":1,"hash":"4cc5141ac68e307a487a7fb9548bf16b0d0c202a9c4ce51ea4b05b92855b8661","definition":"{\"name\":\"purchase\",\"version\":1,\"data\":{\"type\":\"object\"},\"events\":{\"ReserveDone\":{\"type\":\"object\"},\"ChargeDone\":{\"type\":\"object\"},\"ShipDone\":{\"type\":\"object\"},\"UndoReserveDone\":{\"type\":\"object\"},\"UndoChargeDone\":{\"type\":\"object\"},\"Received\":{\"type\":\"object\"},\"GaveUp\":{\"type\":\"object\"}},\"commands\":{\"Reserve\":{\"channel\":\"stock\",\"answers\":[\"ReserveDone\"]},\"Charge\":{\"channel\":\"local\",\"answers\":[\"ChargeDone\"]},\"Ship\":{\"channel\":\"remote\",\"answers\":[\"ShipDone\"]},\"UndoReserve\":{\"channel\":\"stock\",\"answers\":[\"UndoReserveDone\"]},\"UndoCharge\":{\"channel\":\"local\",\"answers\":[\"UndoChargeDone\"]}},\"initial\":\"reserving\",\"states\":{\"reserving\":{\"send\":{\"Reserve\":\"data\"},\"retry\":{\"attempts\":20,\"first\":\"20ms\",\"max\":\"200ms\"},\"undo\":{\"Reserve\":{\"send\":{\"UndoReserve\":\"data\"},\"retry\":{\"attempts\":20,\"first\":\"20ms\",\"max\":\"200ms\"}}},\"on\":{\"ReserveDone\":\"charging\"}},\"charging\":{\"send\":{\"Charge\":\"data\"},\"retry\":{\"attempts\":20,\"first\":\"20ms\",\"max\":\"200ms\"},\"undo\":{\"Charge\":{\"send\":{\"UndoCharge\":\"data\"},\"retry\":{\"attempts\":20,\"first\":\"20ms\",\"max\":\"200ms\"}}},\"on\":{\"ChargeDone\":\"shipping\"}},\"shipping\":{\"send\":{\"Ship\":\"data\"},\"retry\":{\"attempts\":20,\"first\":\"20ms\",\"max\":\"200ms\"},\"on\":{\"ShipDone\":\"under-way\"}},\"under-way\":{\"on\":{\"Received\":\"settling\",\"GaveUp\":{\"target\":\"taken-back\",\"compensate\":true}}},\"settling\":{\"after\":{\"delay\":\"20ms\",\"target\":\"bought\"}},\"bought\":{\"final\":\"bought\"},\"taken-back\":{\"final\":\"taken-back\"}}}","saved_at":"2026-11-21T21:53:42.609529+00:00"}
]$rows$);

delete from sluice.history;
insert into sluice.history overriding system value
select * from json_populate_recordset(null::sluice.history, $rows$[
{"run_id":"5a6d3730-de29-810a-b399-ed452a804944","created_at":"2026-11-21T21:53:42.83+00:00","first_version":1,"last_version":2,"lane":0,"at":"2026-11-21T21:53:42.83+00:00","entries":"[{\"version\":1,\"atMs\":1795298022830,\"state\":\"reserving\",\"kind\":\"started\",\"data\":{\"tag\":\"bought 1\",\"n\":0},\"commands\":[{\"id\":\"5a6d3730-de29-810a-b399-ed452a804944:1:0\",\"type\":\"Reserve\"}]},{\"version\":2,\"atMs\":1795298022830,\"state\":\"charging\",\"type\":\"ReserveDone\",\"commandId\":\"5a6d3730-de29-810a-b399-ed452a804944:1:0\",\"attempt\":1,\"data\":{\"n\":3},\"kind\":\"event\",\"commands\":[{\"id\":\"5a6d3730-de29-810a-b399-ed452a804944:2:0\",\"type\":\"Charge\"}]}]","seen":null},
{"run_id":"aff455e8-2a0d-8c21-bcd1-f0ddac7374b7","created_at":"2026-11-21T21:53:42.83+00:00","first_version":1,"last_version":2,"lane":0,"at":"2026-11-21T21:53:42.83+00:00","entries":"[{\"version\":1,\"atMs\":1795298022830,\"state\":\"reserving\",\"kind\":\"started\",\"data\":{\"tag\":\"bought 2\",\"n\":1},\"commands\":[{\"id\":\"aff455e8-2a0d-8c21-bcd1-f0ddac7374b7:1:0\",\"type\":\"Reserve\"}]},{\"version\":2,\"atMs\":1795298022830,\"state\":\"charging\",\"type\":\"ReserveDone\",\"commandId\":\"aff455e8-2a0d-8c21-bcd1-f0ddac7374b7:1:0\",\"attempt\":1,\"data\":{\"n\":6},\"kind\":\"event\",\"commands\":[{\"id\":\"aff455e8-2a0d-8c21-bcd1-f0ddac7374b7:2:0\",\"type\":\"Charge\"}]}]","seen":null},
{"run_id":"e24386a8-7514-867e-9419-8a0f864ab052","created_at":"2026-11-21T21:53:42.83+00:00","first_version":1,"last_version":2,"lane":0,"at":"2026-11-21T21:53:42.83+00:00","entries":"[{\"version\":1,\"atMs\":1795298022830,\"state\":\"reserving\",\"kind\":\"started\",\"data\":{\"tag\":\"bought 3\",\"n\":2},\"commands\":[{\"id\":\"e24386a8-7514-867e-9419-8a0f864ab052:1:0\",\"type\":\"Reserve\"}]},{\"version\":2,\"atMs\":1795298022830,\"state\":\"charging\",\"type\":\"ReserveDone\",\"commandId\":\"e24386a8-7514-867e-9419-8a0f864ab052:1:0\",\"attempt\":1,\"data\":{\"n\":0},\"kind\":\"event\",\"commands\":[{\"id\":\"e24386a8-7514-867e-9419-8a0f864ab052:2:0\",\"type\":\"Charge\"}]}]","seen":null},
{"run_id":"5a6d3730-de29-810a-b399-ed452a804944","created_at":"2026-11-21T21:53:42.83+00:00","first_version":3,"last_version":3,"lane":0,"at":"2026-11-21T21:53:42.999+00:00","entries":"[{\"version\":3,\"atMs\":1795298022999,\"state\":\"shipping\",\"type\":\"ChargeDone\",\"commandId\":\"5a6d3730-de29-810a-b399-ed452a804944:2:0\",\"attempt\":1,\"data\":{\"n\":1},\"kind\":\"event\",\"commands\":[{\"id\":\"5a6d3730-de29-810a-b399-ed452a804944:3:0\",\"type\":\"Ship\"}]}]","seen":null},
{"run_id":"aff455e8-2a0d-8c21-bcd1-f0ddac7374b7","created_at":"2026-11-21T21:53:42.83+00:00","first_version":3,"last_version":3,"lane":0,"at":"2026-11-21T21:53:43.009+00:00","entries":"[{\"version\":3,\"atMs\":1795298023009,\"state\":\"shipping\",\"type\":\"ChargeDone\",\"commandId\":\"aff455e8-2a0d-8c21-bcd1-f0ddac7374b7:2:0\",\"attempt\":1,\"data\":{\"n\":9},\"kind\":\"event\",\"commands\":[{\"id\":\"aff455e8-2a0d-8c21-bcd1-f0ddac7374b7:3:0\",\"type\":\"Ship\"}]}]","seen":null},
{"run_id":"5a6d3730-de29-810a-b399-ed452a804944","created_at":"2026-11-21T21:53:42.83+00:00","first_version":4,"last_version":4,"lane":0,"at":"2026-11-21T21:53:43.014+00:00","entries":"[{\"version\":4,\"atMs\":1795298023014,\"state\":\"under-way\",\"type\":\"ShipDone\",\"commandId\":\"5a6d3730-de29-810a-b399-ed452a804944:3:0\",\"attempt\":1,\"data\":{\"n\":3},\"kind\":\"event\"}]","seen":null},
{"run_id":"e24386a8-7514-867e-9419-8a0f864ab052","created_at":"2026-11-21T21:53:42.83+00:00","first_version":3,"last_version":3,"lane":0,"at":"2026-11-21T21:53:43.014+00:00","entries":"[{\"version\":3,\"atMs\":1795298023014,\"state\":\"shipping\",\"type\":\"ChargeDone\",\"commandId\":\"e24386a8-7514-867e-9419-8a0f864ab052:2:0\",\"attempt\":1,\"data\":{\"n\":9},\"kind\":\"event\",\"commands\":[{\"id\":\"e24386a8-7514-867e-9419-8a0f864ab052:3:0\",\"type\":\"Ship\"}]}]","seen":null},
{"run_id":"aff455e8-2a0d-8c21-bcd1-f0ddac7374b7","created_at":"2026-11-21T21:53:42.83+00:00","first_version":4,"last_version":4,"lane":0,"at":"2026-11-21T21:53:43.024+00:00","entries":"[{\"version\":4,\"atMs\":1795298023024,\"state\":\"under-way\",\"type\":\"ShipDone\",\"commandId\":\"aff455e8-2a0d-8c21-bcd1-f0ddac7374b7:3:0\",\"attempt\":1,\"data\":{\"n\":6},\"kind\":\"event\"}]","seen":null},
{"run_id":"5a6d3730-de29-810a-b399-ed452a804944","created_at":"2026-11-21T21:53:42.83+00:00","first_version":5,"last_version":5,"lane":0,"at":"2026-11-21T21:53:43.027+00:00","entries":"[{\"version\":5,\"atMs\":1795298023027,\"state\":\"settling\",\"type\":\"Received\",\"data\":{\"n\":1},\"eventId\":\"Received 5a6d3730-de29-810a-b399-ed452a804944\",\"digest\":7817701013945437,\"kind\":\"event\"}]","seen":"[\"Received 5a6d3730-de29-810a-b399-ed452a804944\",5,7817701013945437,\"applied\"]"},
{"run_id":"e24386a8-7514-867e-9419-8a0f864ab052","created_at":"2026-11-21T21:53:42.83+00:00","first_version":4,"last_version":4,"lane":0,"at":"2026-11-21T21:53:43.039+00:00","entries":"[{\"version\":4,\"atMs\":1795298023039,\"state\":\"under-way\",\"type\":\"ShipDone\",\"commandId\":\"e24386a8-7514-867e-9419-8a0f864ab052:3:0\",\"attempt\":1,\"data\":{\"n\":4},\"kind\":\"event\"}]","seen":null},
{"run_id":"5a6d3730-de29-810a-b399-ed452a804944","created_at":"2026-11-21T21:53:42.83+00:00","first_version":6,"last_version":6,"lane":0,"at":"2026-11-21T21:53:43.05+00:00","entries":"[{\"version\":6,\"atMs\":1795298023050,\"state\":\"bought\",\"type\":\"after\",\"kind\":\"timer\"}]","seen":null},
{"run_id":"aff455e8-2a0d-8c21-bcd1-f0ddac7374b7","created_at":"2026-11-21T21:53:42.83+00:00","first_version":5,"last_version":5,"lane":0,"at":"2026-11-21T21:53:43.05+00:00","entries":"[{\"version\":5,\"atMs\":1795298023050,\"state\":\"settling\",\"type\":\"Received\",\"data\":{\"n\":1},\"eventId\":\"Received aff455e8-2a0d-8c21-bcd1-f0ddac7374b7\",\"digest\":7817701013945437,\"kind\":\"event\"}]","seen":"[\"Received aff455e8-2a0d-8c21-bcd1-f0ddac7374b7\",5,7817701013945437,\"applied\"]"},
{"run_id":"aff455e8-2a0d-8c21-bcd1-f0ddac7374b7","created_at":"2026-11-21T21:53:42.83+00:00","first_version":6,"last_version":6,"lane":0,"at":"2026-11-21T21:53:43.071+00:00","entries":"[{\"version\":6,\"atMs\":1795298023071,\"state\":\"bought\",\"type\":\"after\",\"kind\":\"timer\"}]","seen":null},
{"run_id":"e24386a8-7514-867e-9419-8a0f864ab052","created_at":"2026-11-21T21:53:42.83+00:00","first_version":5,"last_version":5,"lane":0,"at":"2026-11-21T21:53:43.082+00:00","entries":"[{\"version\":5,\"atMs\":1795298023082,\"state\":\"settling\",\"type\":\"Received\",\"data\":{\"n\":1},\"eventId\":\"Received e24386a8-7514-867e-9419-8a0f864ab052\",\"digest\":7817701013945437,\"kind\":\"event\"}]","seen":"[\"Received e24386a8-7514-867e-9419-8a0f864ab052\",5,7817701013945437,\"applied\"]"},
{"run_id":"e24386a8-7514-867e-9419-8a0f864ab052","created_at":"2026-11-21T21:53:42.83+00:00","first_version":6,"last_version":6,"lane":0,"at":"2026-11-21T21:53:43.102+00:00","entries":"[{\"version\":6,\"atMs\":1795298023102,\"state\":\"bought\",\"type\":\"after\",\"kind\":\"timer\"}]","seen":null},
{"run_id":"feae9e46-82c3-8207-ad97-4380113570a5","created_at":"2026-11-21T21:53:43.148+00:00","first_version":1,"last_version":2,"lane":0,"at":"2026-11-21T21:53:43.148+00:00","entries":"[{\"version\":1,\"atMs\":1795298023148,\"state\":\"reserving\",\"kind\":\"started\",\"data\":{\"tag\":\"settling 1\",\"n\":0},\"commands\":[{\"id\":\"feae9e46-82c3-8207-ad97-4380113570a5:1:0\",\"type\":\"Reserve\"}]},{\"version\":2,\"atMs\":1795298023148,\"state\":\"charging\",\"type\":\"ReserveDone\",\"commandId\":\"feae9e46-82c3-8207-ad97-4380113570a5:1:0\",\"attempt\":1,\"data\":{\"n\":1},\"kind\":\"event\",\"commands\":[{\"id\":\"feae9e46-82c3-8207-ad97-4380113570a5:2:0\",\"type\":\"Charge\"}]}]","seen":null},
{"run_id":"56cec364-f31d-855f-8ba7-4789ecbdfcfe","created_at":"2026-11-21T21:53:43.148+00:00","first_version":1,"last_version":2,"lane":0,"at":"2026-11-21T21:53:43.148+00:00","entries":"[{\"version\":1,\"atMs\":1795298023148,\"state\":\"reserving\",\"kind\":\"started\",\"data\":{\"tag\":\"settling 2\",\"n\":1},\"commands\":[{\"id\":\"56cec364-f31d-855f-8ba7-4789ecbdfcfe:1:0\",\"type\":\"Reserve\"}]},{\"version\":2,\"atMs\":1795298023148,\"state\":\"charging\",\"type\":\"ReserveDone\",\"commandId\":\"56cec364-f31d-855f-8ba7-4789ecbdfcfe:1:0\",\"attempt\":1,\"data\":{\"n\":8},\"kind\":\"event\",\"commands\":[{\"id\":\"56cec364-f31d-855f-8ba7-4789ecbdfcfe:2:0\",\"type\":\"Charge\"}]}]","seen":null},
{"run_id":"6ce837e3-67b8-80f1-a249-1e385e07c092","created_at":"2026-11-21T21:53:43.148+00:00","first_version":1,"last_version":2,"lane":0,"at":"2026-11-21T21:53:43.148+00:00","entries":"[{\"version\":1,\"atMs\":1795298023148,\"state\":\"reserving\",\"kind\":\"started\",\"data\":{\"tag\":\"settling 3\",\"n\":2},\"commands\":[{\"id\":\"6ce837e3-67b8-80f1-a249-1e385e07c092:1:0\",\"type\":\"Reserve\"}]},{\"version\":2,\"atMs\":1795298023148,\"state\":\"charging\",\"type\":\"ReserveDone\",\"commandId\":\"6ce837e3-67b8-80f1-a249-1e385e07c092:1:0\",\"attempt\":1,\"data\":{\"n\":6,\"isBad\":true},\"kind\":\"event\",\"commands\":[{\"id\":\"6ce837e3-67b8-80f1-a249-1e385e07c092:2:0\",\"type\":\"Charge\"}]}]","seen":null},
{"run_id":"96ef2936-2c25-83a7-a5f1-e292570c13fd","created_at":"2026-11-21T21:53:43.148+00:00","first_version":1,"last_version":2,"lane":0,"at":"2026-11-21T21:53:43.148+00:00","entries":"[{\"version\":1,\"atMs\":1795298023148,\"state\":\"reserving\",\"kind\":\"started\",\"data\":{\"tag\":\"charging 1\",\"n\":0},\"commands\":[{\"id\":\"96ef2936-2c25-83a7-a5f1-e292570c13fd:1:0\",\"type\":\"Reserve\"}]},{\"version\":2,\"atMs\":1795298023148,\"state\":\"charging\",\"type\":\"ReserveDone\",\"commandId\":\"96ef2936-2c25-83a7-a5f1-e292570c13fd:1:0\",\"attempt\":1,\"data\":{\"n\":6},\"kind\":\"event\",\"commands\":[{\"id\":\"96ef2936-2c25-83a7-a5f1-e292570c13fd:2:0\",\"type\":\"Charge\"}]}]","seen":null},
{"run_id":"92dd9654-2bc6-8a49-829e-ae764bf76123","created_at":"2026-11-21T21:53:43.148+00:00","first_version":1,"last_version":2,"lane":0,"at":"2026-11-21T21:53:43.148+00:00","entries":"[{\"version\":1,\"atMs\":1795298023148,\"state\":\"reserving\",\"kind\":\"started\",\"data\":{\"tag\":\"charging 2\",\"n\":1},\"commands\":[{\"id\":\"92dd9654-2bc6-8a49-829e-ae764bf76123:1:0\",\"type\":\"Reserve\"}]},{\"version\":2,\"atMs\":1795298023148,\"state\":\"charging\",\"type\":\"ReserveDone\",\"commandId\":\"92dd9654-2bc6-8a49-829e-ae764bf76123:1:0\",\"attempt\":1,\"data\":{\"n\":7},\"kind\":\"event\",\"commands\":[{\"id\":\"92dd9654-2bc6-8a49-829e-ae764bf76123:2:0\",\"type\":\"Charge\"}]}]","seen":null},
{"run_id":"10cd1696-2906-86ea-9062-8fc3b2ba518c","created_at":"2026-11-21T21:53:43.148+00:00","first_version":1,"last_version":2,"lane":0,"at":"2026-11-21T21:53:43.148+00:00","entries":"[{\"version\":1,\"atMs\":1795298023148,\"state\":\"reserving\",\"kind\":\"started\",\"data\":{\"tag\":\"charging 3\",\"n\":2},\"commands\":[{\"id\":\"10cd1696-2906-86ea-9062-8fc3b2ba518c:1:0\",\"type\":\"Reserve\"}]},{\"version\":2,\"atMs\":1795298023148,\"state\":\"charging\",\"type\":\"ReserveDone\",\"commandId\":\"10cd1696-2906-86ea-9062-8fc3b2ba518c:1:0\",\"attempt\":1,\"data\":{\"n\":7},\"kind\":\"event\",\"commands\":[{\"id\":\"10cd1696-2906-86ea-9062-8fc3b2ba518c:2:0\",\"type\":\"Charge\"}]}]","seen":null},
{"run_id":"a4f60aaf-794e-8f61-81a6-3dabf3c3b7f8","created_at":"2026-11-21T21:53:43.148+00:00","first_version":1,"last_version":2,"lane":0,"at":"2026-11-21T21:53:43.148+00:00","entries":"[{\"version\":1,\"atMs\":1795298023148,\"state\":\"reserving\",\"kind\":\"started\",\"data\":{\"tag\":\"shipping 1\",\"n\":0},\"commands\":[{\"id\":\"a4f60aaf-794e-8f61-81a6-3dabf3c3b7f8:1:0\",\"type\":\"Reserve\"}]},{\"version\":2,\"atMs\":1795298023148,\"state\":\"charging\",\"type\":\"ReserveDone\",\"commandId\":\"a4f60aaf-794e-8f61-81a6-3dabf3c3b7f8:1:0\",\"attempt\":1,\"data\":{\"n\":2},\"kind\":\"event\",\"commands\":[{\"id\":\"a4f60aaf-794e-8f61-81a6-3dabf3c3b7f8:2:0\",\"type\":\"Charge\"}]}]","seen":null},
{"run_id":"f163d3c6-9b00-8240-be14-9203d733788c","created_at":"2026-11-21T21:53:43.148+00:00","first_version":1,"last_version":2,"lane":0,"at":"2026-11-21T21:53:43.148+00:00","entries":"[{\"version\":1,\"atMs\":1795298023148,\"state\":\"reserving\",\"kind\":\"started\",\"data\":{\"tag\":\"shipping 2\",\"n\":1},\"commands\":[{\"id\":\"f163d3c6-9b00-8240-be14-9203d733788c:1:0\",\"type\":\"Reserve\"}]},{\"version\":2,\"atMs\":1795298023148,\"state\":\"charging\",\"type\":\"ReserveDone\",\"commandId\":\"f163d3c6-9b00-8240-be14-9203d733788c:1:0\",\"attempt\":1,\"data\":{\"n\":0},\"kind\":\"event\",\"commands\":[{\"id\":\"f163d3c6-9b00-8240-be14-9203d733788c:2:0\",\"type\":\"Charge\"}]}]","seen":null},
{"run_id":"6c700e1d-16d4-8ecd-b2e4-776ff9514782","created_at":"2026-11-21T21:53:43.148+00:00","first_version":1,"last_version":2,"lane":0,"at":"2026-11-21T21:53:43.148+00:00","entries":"[{\"version\":1,\"atMs\":1795298023148,\"state\":\"reserving\",\"kind\":\"started\",\"data\":{\"tag\":\"shipping 3\",\"n\":2},\"commands\":[{\"id\":\"6c700e1d-16d4-8ecd-b2e4-776ff9514782:1:0\",\"type\":\"Reserve\"}]},{\"version\":2,\"atMs\":1795298023148,\"state\":\"charging\",\"type\":\"ReserveDone\",\"commandId\":\"6c700e1d-16d4-8ecd-b2e4-776ff9514782:1:0\",\"attempt\":1,\"data\":{\"n\":7},\"kind\":\"event\",\"commands\":[{\"id\":\"6c700e1d-16d4-8ecd-b2e4-776ff9514782:2:0\",\"type\":\"Charge\"}]}]","seen":null},
{"run_id":"f25dbd82-453f-8ef2-a5b8-a48363a7c8e2","created_at":"2026-11-21T21:53:43.148+00:00","first_version":1,"last_version":2,"lane":0,"at":"2026-11-21T21:53:43.148+00:00","entries":"[{\"version\":1,\"atMs\":1795298023148,\"state\":\"reserving\",\"kind\":\"started\",\"data\":{\"tag\":\"waiting 1\",\"n\":0},\"commands\":[{\"id\":\"f25dbd82-453f-8ef2-a5b8-a48363a7c8e2:1:0\",\"type\":\"Reserve\"}]},{\"version\":2,\"atMs\":1795298023148,\"state\":\"charging\",\"type\":\"ReserveDone\",\"commandId\":\"f25dbd82-453f-8ef2-a5b8-a48363a7c8e2:1:0\",\"attempt\":1,\"data\":{\"n\":0},\"kind\":\"event\",\"commands\":[{\"id\":\"f25dbd82-453f-8ef2-a5b8-a48363a7c8e2:2:0\",\"type\":\"Charge\"}]}]","seen":null},
{"run_id":"ffec8b39-f9da-8090-a4d6-39e2f9177361","created_at":"2026-11-21T21:53:43.148+00:00","first_version":1,"last_version":2,"lane":0,"at":"2026-11-21T21:53:43.148+00:00","entries":"[{\"version\":1,\"atMs\":1795298023148,\"state\":\"reserving\",\"kind\":\"started\",\"data\":{\"tag\":\"waiting 2\",\"n\":1},\"commands\":[{\"id\":\"ffec8b39-f9da-8090-a4d6-39e2f9177361:1:0\",\"type\":\"Reserve\"}]},{\"version\":2,\"atMs\":1795298023148,\"state\":\"charging\",\"type\":\"ReserveDone\",\"commandId\":\"ffec8b39-f9da-8090-a4d6-39e2f9177361:1:0\",\"attempt\":1,\"data\":{\"n\":4},\"kind\":\"event\",\"commands\":[{\"id\":\"ffec8b39-f9da-8090-a4d6-39e2f9177361:2:0\",\"type\":\"Charge\"}]}]","seen":null},
{"run_id":"669277ae-5289-884c-a3dd-49b06afb1629","created_at":"2026-11-21T21:53:43.148+00:00","first_version":1,"last_version":2,"lane":0,"at":"2026-11-21T21:53:43.148+00:00","entries":"[{\"version\":1,\"atMs\":1795298023148,\"state\":\"reserving\",\"kind\":\"started\",\"data\":{\"tag\":\"waiting 3\",\"n\":2},\"commands\":[{\"id\":\"669277ae-5289-884c-a3dd-49b06afb1629:1:0\",\"type\":\"Reserve\"}]},{\"version\":2,\"atMs\":1795298023148,\"state\":\"charging\",\"type\":\"ReserveDone\",\"commandId\":\"669277ae-5289-884c-a3dd-49b06afb1629:1:0\",\"attempt\":1,\"data\":{\"n\":6},\"kind\":\"event\",\"commands\":[{\"id\":\"669277ae-5289-884c-a3dd-49b06afb1629:2:0\",\"type\":\"Charge\"}]}]","seen":null},
{"run_id":"75c76372-7e2b-8954-a544-6cbd8bbbda17","created_at":"2026-11-21T21:53:43.148+00:00","first_version":1,"last_version":2,"lane":0,"at":"2026-11-21T21:53:43.148+00:00","entries":"[{\"version\":1,\"atMs\":1795298023148,\"state\":\"reserving\",\"kind\":\"started\",\"data\":{\"tag\":\"refused 1\",\"n\":0},\"commands\":[{\"id\":\"75c76372-7e2b-8954-a544-6cbd8bbbda17:1:0\",\"type\":\"Reserve\"}]},{\"version\":2,\"atMs\":1795298023148,\"state\":\"charging\",\"type\":\"ReserveDone\",\"commandId\":\"75c76372-7e2b-8954-a544-6cbd8bbbda17:1:0\",\"attempt\":1,\"data\":{\"n\":3},\"kind\":\"event\",\"commands\":[{\"id\":\"75c76372-7e2b-8954-a544-6cbd8bbbda17:2:0\",\"type\":\"Charge\"}]}]","seen":null},
{"run_id":"6d1daf83-e194-8582-b767-948740d21ec9","created_at":"2026-11-21T21:53:43.148+00:00","first_version":1,"last_version":2,"lane":0,"at":"2026-11-21T21:53:43.148+00:00","entries":"[{\"version\":1,\"atMs\":1795298023148,\"state\":\"reserving\",\"kind\":\"started\",\"data\":{\"tag\":\"refused 2\",\"n\":1},\"commands\":[{\"id\":\"6d1daf83-e194-8582-b767-948740d21ec9:1:0\",\"type\":\"Reserve\"}]},{\"version\":2,\"atMs\":1795298023148,\"state\":\"charging\",\"type\":\"ReserveDone\",\"commandId\":\"6d1daf83-e194-8582-b767-948740d21ec9:1:0\",\"attempt\":1,\"data\":{\"n\":3},\"kind\":\"event\",\"commands\":[{\"id\":\"6d1daf83-e194-8582-b767-948740d21ec9:2:0\",\"type\":\"Charge\"}]}]","seen":null},
{"run_id":"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8","created_at":"2026-11-21T21:53:43.148+00:00","first_version":1,"last_version":2,"lane":0,"at":"2026-11-21T21:53:43.148+00:00","entries":"[{\"version\":1,\"atMs\":1795298023148,\"state\":\"reserving\",\"kind\":\"started\",\"data\":{\"tag\":\"refused 3\",\"n\":2},\"commands\":[{\"id\":\"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8:1:0\",\"type\":\"Reserve\"}]},{\"version\":2,\"atMs\":1795298023148,\"state\":\"charging\",\"type\":\"ReserveDone\",\"commandId\":\"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8:1:0\",\"attempt\":1,\"data\":{\"n\":6},\"kind\":\"event\",\"commands\":[{\"id\":\"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8:2:0\",\"type\":\"Charge\"}]}]","seen":null},
{"run_id":"55c67456-8fa4-8150-bb8b-d5f61c5c9583","created_at":"2026-11-21T21:53:43.148+00:00","first_version":1,"last_version":2,"lane":0,"at":"2026-11-21T21:53:43.148+00:00","entries":"[{\"version\":1,\"atMs\":1795298023148,\"state\":\"reserving\",\"kind\":\"started\",\"data\":{\"tag\":\"taking-back 1\",\"n\":0},\"commands\":[{\"id\":\"55c67456-8fa4-8150-bb8b-d5f61c5c9583:1:0\",\"type\":\"Reserve\"}]},{\"version\":2,\"atMs\":1795298023148,\"state\":\"charging\",\"type\":\"ReserveDone\",\"commandId\":\"55c67456-8fa4-8150-bb8b-d5f61c5c9583:1:0\",\"attempt\":1,\"data\":{\"n\":8},\"kind\":\"event\",\"commands\":[{\"id\":\"55c67456-8fa4-8150-bb8b-d5f61c5c9583:2:0\",\"type\":\"Charge\"}]}]","seen":null},
{"run_id":"b0aa35c0-d5cf-8df3-9d44-86fbf731370b","created_at":"2026-11-21T21:53:43.148+00:00","first_version":1,"last_version":2,"lane":0,"at":"2026-11-21T21:53:43.148+00:00","entries":"[{\"version\":1,\"atMs\":1795298023148,\"state\":\"reserving\",\"kind\":\"started\",\"data\":{\"tag\":\"taking-back 2\",\"n\":1},\"commands\":[{\"id\":\"b0aa35c0-d5cf-8df3-9d44-86fbf731370b:1:0\",\"type\":\"Reserve\"}]},{\"version\":2,\"atMs\":1795298023148,\"state\":\"charging\",\"type\":\"ReserveDone\",\"commandId\":\"b0aa35c0-d5cf-8df3-9d44-86fbf731370b:1:0\",\"attempt\":1,\"data\":{\"n\":1},\"kind\":\"event\",\"commands\":[{\"id\":\"b0aa35c0-d5cf-8df3-9d44-86fbf731370b:2:0\",\"type\":\"Charge\"}]}]","seen":null},
{"run_id":"bd8273b1-74a0-85a5-9a08-2e2878c69f6b","created_at":"2026-11-21T21:53:43.148+00:00","first_version":1,"last_version":2,"lane":0,"at":"2026-11-21T21:53:43.148+00:00","entries":"[{\"version\":1,\"atMs\":1795298023148,\"state\":\"reserving\",\"kind\":\"started\",\"data\":{\"tag\":\"taking-back 3\",\"n\":2},\"commands\":[{\"id\":\"bd8273b1-74a0-85a5-9a08-2e2878c69f6b:1:0\",\"type\":\"Reserve\"}]},{\"version\":2,\"atMs\":1795298023148,\"state\":\"charging\",\"type\":\"ReserveDone\",\"commandId\":\"bd8273b1-74a0-85a5-9a08-2e2878c69f6b:1:0\",\"attempt\":1,\"data\":{\"n\":0},\"kind\":\"event\",\"commands\":[{\"id\":\"bd8273b1-74a0-85a5-9a08-2e2878c69f6b:2:0\",\"type\":\"Charge\"}]}]","seen":null},
{"run_id":"6ce837e3-67b8-80f1-a249-1e385e07c092","created_at":"2026-11-21T21:53:43.148+00:00","first_version":3,"last_version":3,"lane":0,"at":"2026-11-21T21:53:43.315+00:00","entries":"[{\"version\":3,\"atMs\":1795298023315,\"state\":\"shipping\",\"type\":\"ChargeDone\",\"commandId\":\"6ce837e3-67b8-80f1-a249-1e385e07c092:2:0\",\"attempt\":1,\"data\":{\"n\":7},\"kind\":\"event\",\"commands\":[{\"id\":\"6ce837e3-67b8-80f1-a249-1e385e07c092:3:0\",\"type\":\"Ship\"}]}]","seen":null},
{"run_id":"56cec364-f31d-855f-8ba7-4789ecbdfcfe","created_at":"2026-11-21T21:53:43.148+00:00","first_version":3,"last_version":3,"lane":0,"at":"2026-11-21T21:53:43.385+00:00","entries":"[{\"version\":3,\"atMs\":1795298023385,\"state\":\"shipping\",\"type\":\"ChargeDone\",\"commandId\":\"56cec364-f31d-855f-8ba7-4789ecbdfcfe:2:0\",\"attempt\":1,\"data\":{\"n\":1},\"kind\":\"event\",\"commands\":[{\"id\":\"56cec364-f31d-855f-8ba7-4789ecbdfcfe:3:0\",\"type\":\"Ship\"}]}]","seen":null},
{"run_id":"feae9e46-82c3-8207-ad97-4380113570a5","created_at":"2026-11-21T21:53:43.148+00:00","first_version":3,"last_version":3,"lane":0,"at":"2026-11-21T21:53:43.407+00:00","entries":"[{\"version\":3,\"atMs\":1795298023407,\"state\":\"shipping\",\"type\":\"ChargeDone\",\"commandId\":\"feae9e46-82c3-8207-ad97-4380113570a5:2:0\",\"attempt\":1,\"data\":{\"n\":9},\"kind\":\"event\",\"commands\":[{\"id\":\"feae9e46-82c3-8207-ad97-4380113570a5:3:0\",\"type\":\"Ship\"}]}]","seen":null},
{"run_id":"669277ae-5289-884c-a3dd-49b06afb1629","created_at":"2026-11-21T21:53:43.148+00:00","first_version":3,"last_version":3,"lane":0,"at":"2026-11-21T21:53:43.416+00:00","entries":"[{\"version\":3,\"atMs\":1795298023416,\"state\":\"shipping\",\"type\":\"ChargeDone\",\"commandId\":\"669277ae-5289-884c-a3dd-49b06afb1629:2:0\",\"attempt\":1,\"data\":{\"n\":1},\"kind\":\"event\",\"commands\":[{\"id\":\"669277ae-5289-884c-a3dd-49b06afb1629:3:0\",\"type\":\"Ship\"}]}]","seen":null},
{"run_id":"6d1daf83-e194-8582-b767-948740d21ec9","created_at":"2026-11-21T21:53:43.148+00:00","first_version":3,"last_version":3,"lane":0,"at":"2026-11-21T21:53:43.432+00:00","entries":"[{\"version\":3,\"atMs\":1795298023432,\"state\":\"shipping\",\"type\":\"ChargeDone\",\"commandId\":\"6d1daf83-e194-8582-b767-948740d21ec9:2:0\",\"attempt\":1,\"data\":{\"n\":5},\"kind\":\"event\",\"commands\":[{\"id\":\"6d1daf83-e194-8582-b767-948740d21ec9:3:0\",\"type\":\"Ship\"}]}]","seen":null},
{"run_id":"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8","created_at":"2026-11-21T21:53:43.148+00:00","first_version":3,"last_version":3,"lane":0,"at":"2026-11-21T21:53:43.45+00:00","entries":"[{\"version\":3,\"atMs\":1795298023450,\"state\":\"shipping\",\"type\":\"ChargeDone\",\"commandId\":\"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8:2:0\",\"attempt\":1,\"data\":{\"n\":9},\"kind\":\"event\",\"commands\":[{\"id\":\"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8:3:0\",\"type\":\"Ship\"}]}]","seen":null},
{"run_id":"6d1daf83-e194-8582-b767-948740d21ec9","created_at":"2026-11-21T21:53:43.148+00:00","first_version":4,"last_version":4,"lane":0,"at":"2026-11-21T21:53:43.455+00:00","entries":"[{\"version\":4,\"atMs\":1795298023455,\"state\":\"shipping\",\"type\":\"commandFailed\",\"commandId\":\"6d1daf83-e194-8582-b767-948740d21ec9:3:0\",\"attempt\":1,\"kind\":\"parked\",\"error\":{\"code\":\"PROOF_REFUSED\",\"kind\":\"invalid\",\"message\":\"the address is unknown\"}}]","seen":null},
{"run_id":"75c76372-7e2b-8954-a544-6cbd8bbbda17","created_at":"2026-11-21T21:53:43.148+00:00","first_version":3,"last_version":3,"lane":0,"at":"2026-11-21T21:53:43.455+00:00","entries":"[{\"version\":3,\"atMs\":1795298023455,\"state\":\"shipping\",\"type\":\"ChargeDone\",\"commandId\":\"75c76372-7e2b-8954-a544-6cbd8bbbda17:2:0\",\"attempt\":1,\"data\":{\"n\":0},\"kind\":\"event\",\"commands\":[{\"id\":\"75c76372-7e2b-8954-a544-6cbd8bbbda17:3:0\",\"type\":\"Ship\"}]}]","seen":null},
{"run_id":"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8","created_at":"2026-11-21T21:53:43.148+00:00","first_version":4,"last_version":4,"lane":0,"at":"2026-11-21T21:53:43.475+00:00","entries":"[{\"version\":4,\"atMs\":1795298023475,\"state\":\"shipping\",\"type\":\"commandFailed\",\"commandId\":\"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8:3:0\",\"attempt\":1,\"kind\":\"parked\",\"error\":{\"code\":\"PROOF_REFUSED\",\"kind\":\"invalid\",\"message\":\"the address is unknown\"}}]","seen":null},
{"run_id":"75c76372-7e2b-8954-a544-6cbd8bbbda17","created_at":"2026-11-21T21:53:43.148+00:00","first_version":4,"last_version":4,"lane":0,"at":"2026-11-21T21:53:43.489+00:00","entries":"[{\"version\":4,\"atMs\":1795298023489,\"state\":\"shipping\",\"type\":\"commandFailed\",\"commandId\":\"75c76372-7e2b-8954-a544-6cbd8bbbda17:3:0\",\"attempt\":1,\"kind\":\"parked\",\"error\":{\"code\":\"PROOF_REFUSED\",\"kind\":\"invalid\",\"message\":\"the address is unknown\"}}]","seen":null},
{"run_id":"ffec8b39-f9da-8090-a4d6-39e2f9177361","created_at":"2026-11-21T21:53:43.148+00:00","first_version":3,"last_version":3,"lane":0,"at":"2026-11-21T21:53:43.489+00:00","entries":"[{\"version\":3,\"atMs\":1795298023489,\"state\":\"shipping\",\"type\":\"ChargeDone\",\"commandId\":\"ffec8b39-f9da-8090-a4d6-39e2f9177361:2:0\",\"attempt\":1,\"data\":{\"n\":6},\"kind\":\"event\",\"commands\":[{\"id\":\"ffec8b39-f9da-8090-a4d6-39e2f9177361:3:0\",\"type\":\"Ship\"}]}]","seen":null},
{"run_id":"6c700e1d-16d4-8ecd-b2e4-776ff9514782","created_at":"2026-11-21T21:53:43.148+00:00","first_version":3,"last_version":3,"lane":0,"at":"2026-11-21T21:53:43.489+00:00","entries":"[{\"version\":3,\"atMs\":1795298023489,\"state\":\"shipping\",\"type\":\"ChargeDone\",\"commandId\":\"6c700e1d-16d4-8ecd-b2e4-776ff9514782:2:0\",\"attempt\":1,\"data\":{\"n\":9},\"kind\":\"event\",\"commands\":[{\"id\":\"6c700e1d-16d4-8ecd-b2e4-776ff9514782:3:0\",\"type\":\"Ship\"}]}]","seen":null},
{"run_id":"55c67456-8fa4-8150-bb8b-d5f61c5c9583","created_at":"2026-11-21T21:53:43.148+00:00","first_version":3,"last_version":3,"lane":0,"at":"2026-11-21T21:53:43.489+00:00","entries":"[{\"version\":3,\"atMs\":1795298023489,\"state\":\"shipping\",\"type\":\"ChargeDone\",\"commandId\":\"55c67456-8fa4-8150-bb8b-d5f61c5c9583:2:0\",\"attempt\":1,\"data\":{\"n\":3},\"kind\":\"event\",\"commands\":[{\"id\":\"55c67456-8fa4-8150-bb8b-d5f61c5c9583:3:0\",\"type\":\"Ship\"}]}]","seen":null},
{"run_id":"f25dbd82-453f-8ef2-a5b8-a48363a7c8e2","created_at":"2026-11-21T21:53:43.148+00:00","first_version":3,"last_version":3,"lane":0,"at":"2026-11-21T21:53:43.489+00:00","entries":"[{\"version\":3,\"atMs\":1795298023489,\"state\":\"shipping\",\"type\":\"ChargeDone\",\"commandId\":\"f25dbd82-453f-8ef2-a5b8-a48363a7c8e2:2:0\",\"attempt\":1,\"data\":{\"n\":6},\"kind\":\"event\",\"commands\":[{\"id\":\"f25dbd82-453f-8ef2-a5b8-a48363a7c8e2:3:0\",\"type\":\"Ship\"}]}]","seen":null},
{"run_id":"6d1daf83-e194-8582-b767-948740d21ec9","created_at":"2026-11-21T21:53:43.148+00:00","first_version":5,"last_version":5,"lane":0,"at":"2026-11-21T21:53:43.489+00:00","entries":"[{\"version\":5,\"atMs\":1795298023489,\"state\":\"shipping\",\"type\":\"Received\",\"data\":{\"n\":1},\"eventId\":\"Received 6d1daf83-e194-8582-b767-948740d21ec9\",\"digest\":7817701013945437,\"kind\":\"queued\"}]","seen":"[\"Received 6d1daf83-e194-8582-b767-948740d21ec9\",5,7817701013945437,\"queued\"]"},
{"run_id":"b0aa35c0-d5cf-8df3-9d44-86fbf731370b","created_at":"2026-11-21T21:53:43.148+00:00","first_version":3,"last_version":3,"lane":0,"at":"2026-11-21T21:53:43.502+00:00","entries":"[{\"version\":3,\"atMs\":1795298023502,\"state\":\"shipping\",\"type\":\"ChargeDone\",\"commandId\":\"b0aa35c0-d5cf-8df3-9d44-86fbf731370b:2:0\",\"attempt\":1,\"data\":{\"n\":5},\"kind\":\"event\",\"commands\":[{\"id\":\"b0aa35c0-d5cf-8df3-9d44-86fbf731370b:3:0\",\"type\":\"Ship\"}]}]","seen":null},
{"run_id":"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8","created_at":"2026-11-21T21:53:43.148+00:00","first_version":5,"last_version":5,"lane":0,"at":"2026-11-21T21:53:43.502+00:00","entries":"[{\"version\":5,\"atMs\":1795298023502,\"state\":\"shipping\",\"type\":\"Received\",\"data\":{\"n\":1},\"eventId\":\"Received a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8\",\"digest\":7817701013945437,\"kind\":\"queued\"}]","seen":"[\"Received a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8\",5,7817701013945437,\"queued\"]"},
{"run_id":"bd8273b1-74a0-85a5-9a08-2e2878c69f6b","created_at":"2026-11-21T21:53:43.148+00:00","first_version":3,"last_version":3,"lane":0,"at":"2026-11-21T21:53:43.514+00:00","entries":"[{\"version\":3,\"atMs\":1795298023514,\"state\":\"shipping\",\"type\":\"ChargeDone\",\"commandId\":\"bd8273b1-74a0-85a5-9a08-2e2878c69f6b:2:0\",\"attempt\":1,\"data\":{\"n\":3},\"kind\":\"event\",\"commands\":[{\"id\":\"bd8273b1-74a0-85a5-9a08-2e2878c69f6b:3:0\",\"type\":\"Ship\"}]}]","seen":null},
{"run_id":"a4f60aaf-794e-8f61-81a6-3dabf3c3b7f8","created_at":"2026-11-21T21:53:43.148+00:00","first_version":3,"last_version":3,"lane":0,"at":"2026-11-21T21:53:43.514+00:00","entries":"[{\"version\":3,\"atMs\":1795298023514,\"state\":\"shipping\",\"type\":\"ChargeDone\",\"commandId\":\"a4f60aaf-794e-8f61-81a6-3dabf3c3b7f8:2:0\",\"attempt\":1,\"data\":{\"n\":6},\"kind\":\"event\",\"commands\":[{\"id\":\"a4f60aaf-794e-8f61-81a6-3dabf3c3b7f8:3:0\",\"type\":\"Ship\"}]}]","seen":null},
{"run_id":"f163d3c6-9b00-8240-be14-9203d733788c","created_at":"2026-11-21T21:53:43.148+00:00","first_version":3,"last_version":3,"lane":0,"at":"2026-11-21T21:53:43.514+00:00","entries":"[{\"version\":3,\"atMs\":1795298023514,\"state\":\"shipping\",\"type\":\"ChargeDone\",\"commandId\":\"f163d3c6-9b00-8240-be14-9203d733788c:2:0\",\"attempt\":1,\"data\":{\"n\":9},\"kind\":\"event\",\"commands\":[{\"id\":\"f163d3c6-9b00-8240-be14-9203d733788c:3:0\",\"type\":\"Ship\"}]}]","seen":null},
{"run_id":"669277ae-5289-884c-a3dd-49b06afb1629","created_at":"2026-11-21T21:53:43.148+00:00","first_version":4,"last_version":4,"lane":0,"at":"2026-11-21T21:53:43.514+00:00","entries":"[{\"version\":4,\"atMs\":1795298023514,\"state\":\"under-way\",\"type\":\"ShipDone\",\"commandId\":\"669277ae-5289-884c-a3dd-49b06afb1629:3:0\",\"attempt\":1,\"data\":{\"n\":8},\"kind\":\"event\"}]","seen":null},
{"run_id":"6ce837e3-67b8-80f1-a249-1e385e07c092","created_at":"2026-11-21T21:53:43.148+00:00","first_version":4,"last_version":4,"lane":0,"at":"2026-11-21T21:53:43.514+00:00","entries":"[{\"version\":4,\"atMs\":1795298023514,\"state\":\"under-way\",\"type\":\"ShipDone\",\"commandId\":\"6ce837e3-67b8-80f1-a249-1e385e07c092:3:0\",\"attempt\":1,\"data\":{\"n\":7},\"kind\":\"event\"}]","seen":null},
{"run_id":"56cec364-f31d-855f-8ba7-4789ecbdfcfe","created_at":"2026-11-21T21:53:43.148+00:00","first_version":4,"last_version":4,"lane":0,"at":"2026-11-21T21:53:43.514+00:00","entries":"[{\"version\":4,\"atMs\":1795298023514,\"state\":\"under-way\",\"type\":\"ShipDone\",\"commandId\":\"56cec364-f31d-855f-8ba7-4789ecbdfcfe:3:0\",\"attempt\":1,\"data\":{\"n\":0},\"kind\":\"event\"}]","seen":null},
{"run_id":"feae9e46-82c3-8207-ad97-4380113570a5","created_at":"2026-11-21T21:53:43.148+00:00","first_version":4,"last_version":4,"lane":0,"at":"2026-11-21T21:53:43.514+00:00","entries":"[{\"version\":4,\"atMs\":1795298023514,\"state\":\"under-way\",\"type\":\"ShipDone\",\"commandId\":\"feae9e46-82c3-8207-ad97-4380113570a5:3:0\",\"attempt\":1,\"data\":{\"n\":1},\"kind\":\"event\"}]","seen":null},
{"run_id":"feae9e46-82c3-8207-ad97-4380113570a5","created_at":"2026-11-21T21:53:43.148+00:00","first_version":5,"last_version":5,"lane":0,"at":"2026-11-21T21:53:43.526+00:00","entries":"[{\"version\":5,\"atMs\":1795298023526,\"state\":\"settling\",\"type\":\"Received\",\"data\":{\"n\":1},\"eventId\":\"Received feae9e46-82c3-8207-ad97-4380113570a5\",\"digest\":7817701013945437,\"kind\":\"event\"}]","seen":"[\"Received feae9e46-82c3-8207-ad97-4380113570a5\",5,7817701013945437,\"applied\"]"},
{"run_id":"75c76372-7e2b-8954-a544-6cbd8bbbda17","created_at":"2026-11-21T21:53:43.148+00:00","first_version":5,"last_version":5,"lane":0,"at":"2026-11-21T21:53:43.532+00:00","entries":"[{\"version\":5,\"atMs\":1795298023532,\"state\":\"shipping\",\"type\":\"Received\",\"data\":{\"n\":1},\"eventId\":\"Received 75c76372-7e2b-8954-a544-6cbd8bbbda17\",\"digest\":7817701013945437,\"kind\":\"queued\"}]","seen":"[\"Received 75c76372-7e2b-8954-a544-6cbd8bbbda17\",5,7817701013945437,\"queued\"]"},
{"run_id":"ffec8b39-f9da-8090-a4d6-39e2f9177361","created_at":"2026-11-21T21:53:43.148+00:00","first_version":4,"last_version":4,"lane":0,"at":"2026-11-21T21:53:43.532+00:00","entries":"[{\"version\":4,\"atMs\":1795298023532,\"state\":\"under-way\",\"type\":\"ShipDone\",\"commandId\":\"ffec8b39-f9da-8090-a4d6-39e2f9177361:3:0\",\"attempt\":1,\"data\":{\"n\":9},\"kind\":\"event\"}]","seen":null},
{"run_id":"55c67456-8fa4-8150-bb8b-d5f61c5c9583","created_at":"2026-11-21T21:53:43.148+00:00","first_version":4,"last_version":4,"lane":0,"at":"2026-11-21T21:53:43.532+00:00","entries":"[{\"version\":4,\"atMs\":1795298023532,\"state\":\"under-way\",\"type\":\"ShipDone\",\"commandId\":\"55c67456-8fa4-8150-bb8b-d5f61c5c9583:3:0\",\"attempt\":1,\"data\":{\"n\":0},\"kind\":\"event\"}]","seen":null},
{"run_id":"6ce837e3-67b8-80f1-a249-1e385e07c092","created_at":"2026-11-21T21:53:43.148+00:00","first_version":5,"last_version":5,"lane":0,"at":"2026-11-21T21:53:43.532+00:00","entries":"[{\"version\":5,\"atMs\":1795298023532,\"state\":\"settling\",\"type\":\"Received\",\"data\":{\"n\":1},\"eventId\":\"Received 6ce837e3-67b8-80f1-a249-1e385e07c092\",\"digest\":7817701013945437,\"kind\":\"event\"}]","seen":"[\"Received 6ce837e3-67b8-80f1-a249-1e385e07c092\",5,7817701013945437,\"applied\"]"},
{"run_id":"56cec364-f31d-855f-8ba7-4789ecbdfcfe","created_at":"2026-11-21T21:53:43.148+00:00","first_version":5,"last_version":5,"lane":0,"at":"2026-11-21T21:53:43.532+00:00","entries":"[{\"version\":5,\"atMs\":1795298023532,\"state\":\"settling\",\"type\":\"Received\",\"data\":{\"n\":1},\"eventId\":\"Received 56cec364-f31d-855f-8ba7-4789ecbdfcfe\",\"digest\":7817701013945437,\"kind\":\"event\"}]","seen":"[\"Received 56cec364-f31d-855f-8ba7-4789ecbdfcfe\",5,7817701013945437,\"applied\"]"},
{"run_id":"b0aa35c0-d5cf-8df3-9d44-86fbf731370b","created_at":"2026-11-21T21:53:43.148+00:00","first_version":4,"last_version":4,"lane":0,"at":"2026-11-21T21:53:43.544+00:00","entries":"[{\"version\":4,\"atMs\":1795298023544,\"state\":\"under-way\",\"type\":\"ShipDone\",\"commandId\":\"b0aa35c0-d5cf-8df3-9d44-86fbf731370b:3:0\",\"attempt\":1,\"data\":{\"n\":1},\"kind\":\"event\"}]","seen":null},
{"run_id":"f25dbd82-453f-8ef2-a5b8-a48363a7c8e2","created_at":"2026-11-21T21:53:43.148+00:00","first_version":4,"last_version":4,"lane":0,"at":"2026-11-21T21:53:43.544+00:00","entries":"[{\"version\":4,\"atMs\":1795298023544,\"state\":\"under-way\",\"type\":\"ShipDone\",\"commandId\":\"f25dbd82-453f-8ef2-a5b8-a48363a7c8e2:3:0\",\"attempt\":1,\"data\":{\"n\":6},\"kind\":\"event\"}]","seen":null},
{"run_id":"bd8273b1-74a0-85a5-9a08-2e2878c69f6b","created_at":"2026-11-21T21:53:43.148+00:00","first_version":4,"last_version":4,"lane":0,"at":"2026-11-21T21:53:43.544+00:00","entries":"[{\"version\":4,\"atMs\":1795298023544,\"state\":\"under-way\",\"type\":\"ShipDone\",\"commandId\":\"bd8273b1-74a0-85a5-9a08-2e2878c69f6b:3:0\",\"attempt\":1,\"data\":{\"n\":1},\"kind\":\"event\"}]","seen":null},
{"run_id":"55c67456-8fa4-8150-bb8b-d5f61c5c9583","created_at":"2026-11-21T21:53:43.148+00:00","first_version":5,"last_version":5,"lane":0,"at":"2026-11-21T21:53:43.551+00:00","entries":"[{\"version\":5,\"atMs\":1795298023551,\"state\":\"compensating\",\"type\":\"GaveUp\",\"data\":{\"n\":1},\"eventId\":\"GaveUp 55c67456-8fa4-8150-bb8b-d5f61c5c9583\",\"digest\":2753755084430282,\"kind\":\"event\",\"commands\":[{\"id\":\"55c67456-8fa4-8150-bb8b-d5f61c5c9583:5:0\",\"type\":\"UndoCharge\"}]}]","seen":"[\"GaveUp 55c67456-8fa4-8150-bb8b-d5f61c5c9583\",5,2753755084430282,\"applied\"]"},
{"run_id":"b0aa35c0-d5cf-8df3-9d44-86fbf731370b","created_at":"2026-11-21T21:53:43.148+00:00","first_version":5,"last_version":5,"lane":0,"at":"2026-11-21T21:53:43.574+00:00","entries":"[{\"version\":5,\"atMs\":1795298023574,\"state\":\"compensating\",\"type\":\"GaveUp\",\"data\":{\"n\":1},\"eventId\":\"GaveUp b0aa35c0-d5cf-8df3-9d44-86fbf731370b\",\"digest\":2753755084430282,\"kind\":\"event\",\"commands\":[{\"id\":\"b0aa35c0-d5cf-8df3-9d44-86fbf731370b:5:0\",\"type\":\"UndoCharge\"}]}]","seen":"[\"GaveUp b0aa35c0-d5cf-8df3-9d44-86fbf731370b\",5,2753755084430282,\"applied\"]"},
{"run_id":"bd8273b1-74a0-85a5-9a08-2e2878c69f6b","created_at":"2026-11-21T21:53:43.148+00:00","first_version":5,"last_version":5,"lane":0,"at":"2026-11-21T21:53:43.577+00:00","entries":"[{\"version\":5,\"atMs\":1795298023577,\"state\":\"compensating\",\"type\":\"GaveUp\",\"data\":{\"n\":1},\"eventId\":\"GaveUp bd8273b1-74a0-85a5-9a08-2e2878c69f6b\",\"digest\":2753755084430282,\"kind\":\"event\",\"commands\":[{\"id\":\"bd8273b1-74a0-85a5-9a08-2e2878c69f6b:5:0\",\"type\":\"UndoCharge\"}]}]","seen":"[\"GaveUp bd8273b1-74a0-85a5-9a08-2e2878c69f6b\",5,2753755084430282,\"applied\"]"}
]$rows$);

delete from sluice.lane_projections;
insert into sluice.lane_projections overriding system value
select * from json_populate_recordset(null::sluice.lane_projections, $rows$[
{"lane_id":0,"projected_at":"2026-11-21T21:53:43.416+00:00"}
]$rows$);

delete from sluice.lanes;
insert into sluice.lanes overriding system value
select * from json_populate_recordset(null::sluice.lanes, $rows$[
{"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","epoch":1,"batch_number":29,"outbox_position":42,"published_position":9}
]$rows$);

delete from sluice.outbox;
insert into sluice.outbox overriding system value
select * from json_populate_recordset(null::sluice.outbox, $rows$[
{"lane":0,"position":1,"run_id":"5a6d3730-de29-810a-b399-ed452a804944","command_id":"5a6d3730-de29-810a-b399-ed452a804944:2:0","attempt":1,"at":"2026-11-21T21:53:42.83+00:00"},
{"lane":0,"position":2,"run_id":"aff455e8-2a0d-8c21-bcd1-f0ddac7374b7","command_id":"aff455e8-2a0d-8c21-bcd1-f0ddac7374b7:2:0","attempt":1,"at":"2026-11-21T21:53:42.83+00:00"},
{"lane":0,"position":3,"run_id":"e24386a8-7514-867e-9419-8a0f864ab052","command_id":"e24386a8-7514-867e-9419-8a0f864ab052:2:0","attempt":1,"at":"2026-11-21T21:53:42.83+00:00"},
{"lane":0,"position":4,"run_id":"5a6d3730-de29-810a-b399-ed452a804944","command_id":"5a6d3730-de29-810a-b399-ed452a804944:3:0","attempt":1,"at":"2026-11-21T21:53:42.999+00:00"},
{"lane":0,"position":5,"run_id":"aff455e8-2a0d-8c21-bcd1-f0ddac7374b7","command_id":"aff455e8-2a0d-8c21-bcd1-f0ddac7374b7:3:0","attempt":1,"at":"2026-11-21T21:53:43.009+00:00"},
{"lane":0,"position":6,"run_id":"e24386a8-7514-867e-9419-8a0f864ab052","command_id":"e24386a8-7514-867e-9419-8a0f864ab052:3:0","attempt":1,"at":"2026-11-21T21:53:43.014+00:00"},
{"lane":0,"position":7,"run_id":"feae9e46-82c3-8207-ad97-4380113570a5","command_id":"feae9e46-82c3-8207-ad97-4380113570a5:2:0","attempt":1,"at":"2026-11-21T21:53:43.148+00:00"},
{"lane":0,"position":8,"run_id":"56cec364-f31d-855f-8ba7-4789ecbdfcfe","command_id":"56cec364-f31d-855f-8ba7-4789ecbdfcfe:2:0","attempt":1,"at":"2026-11-21T21:53:43.148+00:00"},
{"lane":0,"position":9,"run_id":"6ce837e3-67b8-80f1-a249-1e385e07c092","command_id":"6ce837e3-67b8-80f1-a249-1e385e07c092:2:0","attempt":1,"at":"2026-11-21T21:53:43.148+00:00"},
{"lane":0,"position":10,"run_id":"96ef2936-2c25-83a7-a5f1-e292570c13fd","command_id":"96ef2936-2c25-83a7-a5f1-e292570c13fd:2:0","attempt":1,"at":"2026-11-21T21:53:43.148+00:00"},
{"lane":0,"position":11,"run_id":"92dd9654-2bc6-8a49-829e-ae764bf76123","command_id":"92dd9654-2bc6-8a49-829e-ae764bf76123:2:0","attempt":1,"at":"2026-11-21T21:53:43.148+00:00"},
{"lane":0,"position":12,"run_id":"10cd1696-2906-86ea-9062-8fc3b2ba518c","command_id":"10cd1696-2906-86ea-9062-8fc3b2ba518c:2:0","attempt":1,"at":"2026-11-21T21:53:43.148+00:00"},
{"lane":0,"position":13,"run_id":"a4f60aaf-794e-8f61-81a6-3dabf3c3b7f8","command_id":"a4f60aaf-794e-8f61-81a6-3dabf3c3b7f8:2:0","attempt":1,"at":"2026-11-21T21:53:43.148+00:00"},
{"lane":0,"position":14,"run_id":"f163d3c6-9b00-8240-be14-9203d733788c","command_id":"f163d3c6-9b00-8240-be14-9203d733788c:2:0","attempt":1,"at":"2026-11-21T21:53:43.148+00:00"},
{"lane":0,"position":15,"run_id":"6c700e1d-16d4-8ecd-b2e4-776ff9514782","command_id":"6c700e1d-16d4-8ecd-b2e4-776ff9514782:2:0","attempt":1,"at":"2026-11-21T21:53:43.148+00:00"},
{"lane":0,"position":16,"run_id":"f25dbd82-453f-8ef2-a5b8-a48363a7c8e2","command_id":"f25dbd82-453f-8ef2-a5b8-a48363a7c8e2:2:0","attempt":1,"at":"2026-11-21T21:53:43.148+00:00"},
{"lane":0,"position":17,"run_id":"ffec8b39-f9da-8090-a4d6-39e2f9177361","command_id":"ffec8b39-f9da-8090-a4d6-39e2f9177361:2:0","attempt":1,"at":"2026-11-21T21:53:43.148+00:00"},
{"lane":0,"position":18,"run_id":"669277ae-5289-884c-a3dd-49b06afb1629","command_id":"669277ae-5289-884c-a3dd-49b06afb1629:2:0","attempt":1,"at":"2026-11-21T21:53:43.148+00:00"},
{"lane":0,"position":19,"run_id":"75c76372-7e2b-8954-a544-6cbd8bbbda17","command_id":"75c76372-7e2b-8954-a544-6cbd8bbbda17:2:0","attempt":1,"at":"2026-11-21T21:53:43.148+00:00"},
{"lane":0,"position":20,"run_id":"6d1daf83-e194-8582-b767-948740d21ec9","command_id":"6d1daf83-e194-8582-b767-948740d21ec9:2:0","attempt":1,"at":"2026-11-21T21:53:43.148+00:00"},
{"lane":0,"position":21,"run_id":"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8","command_id":"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8:2:0","attempt":1,"at":"2026-11-21T21:53:43.148+00:00"},
{"lane":0,"position":22,"run_id":"55c67456-8fa4-8150-bb8b-d5f61c5c9583","command_id":"55c67456-8fa4-8150-bb8b-d5f61c5c9583:2:0","attempt":1,"at":"2026-11-21T21:53:43.148+00:00"},
{"lane":0,"position":23,"run_id":"b0aa35c0-d5cf-8df3-9d44-86fbf731370b","command_id":"b0aa35c0-d5cf-8df3-9d44-86fbf731370b:2:0","attempt":1,"at":"2026-11-21T21:53:43.148+00:00"},
{"lane":0,"position":24,"run_id":"bd8273b1-74a0-85a5-9a08-2e2878c69f6b","command_id":"bd8273b1-74a0-85a5-9a08-2e2878c69f6b:2:0","attempt":1,"at":"2026-11-21T21:53:43.148+00:00"},
{"lane":0,"position":25,"run_id":"6ce837e3-67b8-80f1-a249-1e385e07c092","command_id":"6ce837e3-67b8-80f1-a249-1e385e07c092:3:0","attempt":1,"at":"2026-11-21T21:53:43.315+00:00"},
{"lane":0,"position":26,"run_id":"56cec364-f31d-855f-8ba7-4789ecbdfcfe","command_id":"56cec364-f31d-855f-8ba7-4789ecbdfcfe:3:0","attempt":1,"at":"2026-11-21T21:53:43.385+00:00"},
{"lane":0,"position":27,"run_id":"feae9e46-82c3-8207-ad97-4380113570a5","command_id":"feae9e46-82c3-8207-ad97-4380113570a5:3:0","attempt":1,"at":"2026-11-21T21:53:43.407+00:00"},
{"lane":0,"position":28,"run_id":"669277ae-5289-884c-a3dd-49b06afb1629","command_id":"669277ae-5289-884c-a3dd-49b06afb1629:3:0","attempt":1,"at":"2026-11-21T21:53:43.416+00:00"},
{"lane":0,"position":29,"run_id":"6d1daf83-e194-8582-b767-948740d21ec9","command_id":"6d1daf83-e194-8582-b767-948740d21ec9:3:0","attempt":1,"at":"2026-11-21T21:53:43.432+00:00"},
{"lane":0,"position":30,"run_id":"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8","command_id":"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8:3:0","attempt":1,"at":"2026-11-21T21:53:43.45+00:00"},
{"lane":0,"position":31,"run_id":"75c76372-7e2b-8954-a544-6cbd8bbbda17","command_id":"75c76372-7e2b-8954-a544-6cbd8bbbda17:3:0","attempt":1,"at":"2026-11-21T21:53:43.455+00:00"},
{"lane":0,"position":32,"run_id":"ffec8b39-f9da-8090-a4d6-39e2f9177361","command_id":"ffec8b39-f9da-8090-a4d6-39e2f9177361:3:0","attempt":1,"at":"2026-11-21T21:53:43.489+00:00"},
{"lane":0,"position":33,"run_id":"6c700e1d-16d4-8ecd-b2e4-776ff9514782","command_id":"6c700e1d-16d4-8ecd-b2e4-776ff9514782:3:0","attempt":1,"at":"2026-11-21T21:53:43.489+00:00"},
{"lane":0,"position":34,"run_id":"55c67456-8fa4-8150-bb8b-d5f61c5c9583","command_id":"55c67456-8fa4-8150-bb8b-d5f61c5c9583:3:0","attempt":1,"at":"2026-11-21T21:53:43.489+00:00"},
{"lane":0,"position":35,"run_id":"f25dbd82-453f-8ef2-a5b8-a48363a7c8e2","command_id":"f25dbd82-453f-8ef2-a5b8-a48363a7c8e2:3:0","attempt":1,"at":"2026-11-21T21:53:43.489+00:00"},
{"lane":0,"position":36,"run_id":"b0aa35c0-d5cf-8df3-9d44-86fbf731370b","command_id":"b0aa35c0-d5cf-8df3-9d44-86fbf731370b:3:0","attempt":1,"at":"2026-11-21T21:53:43.502+00:00"},
{"lane":0,"position":37,"run_id":"bd8273b1-74a0-85a5-9a08-2e2878c69f6b","command_id":"bd8273b1-74a0-85a5-9a08-2e2878c69f6b:3:0","attempt":1,"at":"2026-11-21T21:53:43.514+00:00"},
{"lane":0,"position":38,"run_id":"a4f60aaf-794e-8f61-81a6-3dabf3c3b7f8","command_id":"a4f60aaf-794e-8f61-81a6-3dabf3c3b7f8:3:0","attempt":1,"at":"2026-11-21T21:53:43.514+00:00"},
{"lane":0,"position":39,"run_id":"f163d3c6-9b00-8240-be14-9203d733788c","command_id":"f163d3c6-9b00-8240-be14-9203d733788c:3:0","attempt":1,"at":"2026-11-21T21:53:43.514+00:00"},
{"lane":0,"position":40,"run_id":"55c67456-8fa4-8150-bb8b-d5f61c5c9583","command_id":"55c67456-8fa4-8150-bb8b-d5f61c5c9583:5:0","attempt":1,"at":"2026-11-21T21:53:43.551+00:00"},
{"lane":0,"position":41,"run_id":"b0aa35c0-d5cf-8df3-9d44-86fbf731370b","command_id":"b0aa35c0-d5cf-8df3-9d44-86fbf731370b:5:0","attempt":1,"at":"2026-11-21T21:53:43.574+00:00"},
{"lane":0,"position":42,"run_id":"bd8273b1-74a0-85a5-9a08-2e2878c69f6b","command_id":"bd8273b1-74a0-85a5-9a08-2e2878c69f6b:5:0","attempt":1,"at":"2026-11-21T21:53:43.577+00:00"}
]$rows$);

delete from sluice.pauses;
insert into sluice.pauses overriding system value
select * from json_populate_recordset(null::sluice.pauses, $rows$[
{"flow":"purchase","scope":"state","name":"settling","asked_by":"the maker","reason":"a timer is to wait","at":"2026-11-21T21:53:43.141913+00:00"}
]$rows$);

delete from sluice.run_search;
insert into sluice.run_search overriding system value
select * from json_populate_recordset(null::sluice.run_search, $rows$[
{"run_id":"5a6d3730-de29-810a-b399-ed452a804944","flow":"purchase","flow_version":1,"key":"bought 1","lane":0,"version":6,"state":"bought","business_state":null,"outcome":"bought","parked":null,"created_at":"2026-11-21T21:53:42.83+00:00","entered_at":"2026-11-21T21:53:43.05+00:00","updated_at":"2026-11-21T21:53:43.05+00:00","former_flow_version":1,"former_state":"charging","was_parked":false},
{"run_id":"aff455e8-2a0d-8c21-bcd1-f0ddac7374b7","flow":"purchase","flow_version":1,"key":"bought 2","lane":0,"version":6,"state":"bought","business_state":null,"outcome":"bought","parked":null,"created_at":"2026-11-21T21:53:42.83+00:00","entered_at":"2026-11-21T21:53:43.071+00:00","updated_at":"2026-11-21T21:53:43.071+00:00","former_flow_version":1,"former_state":"charging","was_parked":false},
{"run_id":"e24386a8-7514-867e-9419-8a0f864ab052","flow":"purchase","flow_version":1,"key":"bought 3","lane":0,"version":6,"state":"bought","business_state":null,"outcome":"bought","parked":null,"created_at":"2026-11-21T21:53:42.83+00:00","entered_at":"2026-11-21T21:53:43.102+00:00","updated_at":"2026-11-21T21:53:43.102+00:00","former_flow_version":1,"former_state":"charging","was_parked":false},
{"run_id":"10cd1696-2906-86ea-9062-8fc3b2ba518c","flow":"purchase","flow_version":1,"key":"charging 3","lane":0,"version":2,"state":"charging","business_state":null,"outcome":null,"parked":null,"created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.148+00:00","updated_at":"2026-11-21T21:53:43.148+00:00","former_flow_version":null,"former_state":null,"was_parked":null},
{"run_id":"55c67456-8fa4-8150-bb8b-d5f61c5c9583","flow":"purchase","flow_version":1,"key":"taking-back 1","lane":0,"version":2,"state":"charging","business_state":null,"outcome":null,"parked":null,"created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.148+00:00","updated_at":"2026-11-21T21:53:43.148+00:00","former_flow_version":null,"former_state":null,"was_parked":null},
{"run_id":"6c700e1d-16d4-8ecd-b2e4-776ff9514782","flow":"purchase","flow_version":1,"key":"shipping 3","lane":0,"version":2,"state":"charging","business_state":null,"outcome":null,"parked":null,"created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.148+00:00","updated_at":"2026-11-21T21:53:43.148+00:00","former_flow_version":null,"former_state":null,"was_parked":null},
{"run_id":"6d1daf83-e194-8582-b767-948740d21ec9","flow":"purchase","flow_version":1,"key":"refused 2","lane":0,"version":2,"state":"charging","business_state":null,"outcome":null,"parked":null,"created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.148+00:00","updated_at":"2026-11-21T21:53:43.148+00:00","former_flow_version":null,"former_state":null,"was_parked":null},
{"run_id":"75c76372-7e2b-8954-a544-6cbd8bbbda17","flow":"purchase","flow_version":1,"key":"refused 1","lane":0,"version":2,"state":"charging","business_state":null,"outcome":null,"parked":null,"created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.148+00:00","updated_at":"2026-11-21T21:53:43.148+00:00","former_flow_version":null,"former_state":null,"was_parked":null},
{"run_id":"92dd9654-2bc6-8a49-829e-ae764bf76123","flow":"purchase","flow_version":1,"key":"charging 2","lane":0,"version":2,"state":"charging","business_state":null,"outcome":null,"parked":null,"created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.148+00:00","updated_at":"2026-11-21T21:53:43.148+00:00","former_flow_version":null,"former_state":null,"was_parked":null},
{"run_id":"96ef2936-2c25-83a7-a5f1-e292570c13fd","flow":"purchase","flow_version":1,"key":"charging 1","lane":0,"version":2,"state":"charging","business_state":null,"outcome":null,"parked":null,"created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.148+00:00","updated_at":"2026-11-21T21:53:43.148+00:00","former_flow_version":null,"former_state":null,"was_parked":null},
{"run_id":"a4f60aaf-794e-8f61-81a6-3dabf3c3b7f8","flow":"purchase","flow_version":1,"key":"shipping 1","lane":0,"version":2,"state":"charging","business_state":null,"outcome":null,"parked":null,"created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.148+00:00","updated_at":"2026-11-21T21:53:43.148+00:00","former_flow_version":null,"former_state":null,"was_parked":null},
{"run_id":"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8","flow":"purchase","flow_version":1,"key":"refused 3","lane":0,"version":2,"state":"charging","business_state":null,"outcome":null,"parked":null,"created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.148+00:00","updated_at":"2026-11-21T21:53:43.148+00:00","former_flow_version":null,"former_state":null,"was_parked":null},
{"run_id":"b0aa35c0-d5cf-8df3-9d44-86fbf731370b","flow":"purchase","flow_version":1,"key":"taking-back 2","lane":0,"version":2,"state":"charging","business_state":null,"outcome":null,"parked":null,"created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.148+00:00","updated_at":"2026-11-21T21:53:43.148+00:00","former_flow_version":null,"former_state":null,"was_parked":null},
{"run_id":"bd8273b1-74a0-85a5-9a08-2e2878c69f6b","flow":"purchase","flow_version":1,"key":"taking-back 3","lane":0,"version":2,"state":"charging","business_state":null,"outcome":null,"parked":null,"created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.148+00:00","updated_at":"2026-11-21T21:53:43.148+00:00","former_flow_version":null,"former_state":null,"was_parked":null},
{"run_id":"f163d3c6-9b00-8240-be14-9203d733788c","flow":"purchase","flow_version":1,"key":"shipping 2","lane":0,"version":2,"state":"charging","business_state":null,"outcome":null,"parked":null,"created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.148+00:00","updated_at":"2026-11-21T21:53:43.148+00:00","former_flow_version":null,"former_state":null,"was_parked":null},
{"run_id":"f25dbd82-453f-8ef2-a5b8-a48363a7c8e2","flow":"purchase","flow_version":1,"key":"waiting 1","lane":0,"version":2,"state":"charging","business_state":null,"outcome":null,"parked":null,"created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.148+00:00","updated_at":"2026-11-21T21:53:43.148+00:00","former_flow_version":null,"former_state":null,"was_parked":null},
{"run_id":"ffec8b39-f9da-8090-a4d6-39e2f9177361","flow":"purchase","flow_version":1,"key":"waiting 2","lane":0,"version":2,"state":"charging","business_state":null,"outcome":null,"parked":null,"created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.148+00:00","updated_at":"2026-11-21T21:53:43.148+00:00","former_flow_version":null,"former_state":null,"was_parked":null},
{"run_id":"56cec364-f31d-855f-8ba7-4789ecbdfcfe","flow":"purchase","flow_version":1,"key":"settling 2","lane":0,"version":3,"state":"shipping","business_state":null,"outcome":null,"parked":null,"created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.385+00:00","updated_at":"2026-11-21T21:53:43.385+00:00","former_flow_version":1,"former_state":"charging","was_parked":false},
{"run_id":"669277ae-5289-884c-a3dd-49b06afb1629","flow":"purchase","flow_version":1,"key":"waiting 3","lane":0,"version":3,"state":"shipping","business_state":null,"outcome":null,"parked":null,"created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.416+00:00","updated_at":"2026-11-21T21:53:43.416+00:00","former_flow_version":1,"former_state":"charging","was_parked":false},
{"run_id":"6ce837e3-67b8-80f1-a249-1e385e07c092","flow":"purchase","flow_version":1,"key":"settling 3","lane":0,"version":3,"state":"shipping","business_state":null,"outcome":null,"parked":null,"created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.315+00:00","updated_at":"2026-11-21T21:53:43.315+00:00","former_flow_version":1,"former_state":"charging","was_parked":false},
{"run_id":"feae9e46-82c3-8207-ad97-4380113570a5","flow":"purchase","flow_version":1,"key":"settling 1","lane":0,"version":3,"state":"shipping","business_state":null,"outcome":null,"parked":null,"created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.407+00:00","updated_at":"2026-11-21T21:53:43.407+00:00","former_flow_version":1,"former_state":"charging","was_parked":false}
]$rows$);

delete from sluice.runs;
insert into sluice.runs overriding system value
select * from json_populate_recordset(null::sluice.runs, $rows$[
{"run_id":"5a6d3730-de29-810a-b399-ed452a804944","flow":"purchase","flow_version":1,"key":"bought 1","lane":0,"version":6,"state":"bought","business_state":null,"outcome":"bought","parked":null,"data":"{\"tag\":\"bought 1\",\"n\":0}","control":"{\"commands\":[],\"timers\":[],\"timerCount\":1,\"startId\":\"i bought 1\",\"startDigest\":6509533480479021}","created_at":"2026-11-21T21:53:42.83+00:00","entered_at":"2026-11-21T21:53:43.05+00:00","updated_at":"2026-11-21T21:53:43.05+00:00"},
{"run_id":"aff455e8-2a0d-8c21-bcd1-f0ddac7374b7","flow":"purchase","flow_version":1,"key":"bought 2","lane":0,"version":6,"state":"bought","business_state":null,"outcome":"bought","parked":null,"data":"{\"tag\":\"bought 2\",\"n\":1}","control":"{\"commands\":[],\"timers\":[],\"timerCount\":1,\"startId\":\"i bought 2\",\"startDigest\":6657160848507628}","created_at":"2026-11-21T21:53:42.83+00:00","entered_at":"2026-11-21T21:53:43.071+00:00","updated_at":"2026-11-21T21:53:43.071+00:00"},
{"run_id":"feae9e46-82c3-8207-ad97-4380113570a5","flow":"purchase","flow_version":1,"key":"settling 1","lane":0,"version":5,"state":"settling","business_state":null,"outcome":null,"parked":null,"data":"{\"tag\":\"settling 1\",\"n\":0}","control":"{\"commands\":[],\"timers\":[{\"number\":1,\"kind\":\"after\",\"dueAtMs\":1795298023546,\"index\":0}],\"timerCount\":1,\"startId\":\"i settling 1\",\"startDigest\":8958345241900268,\"steps\":[{\"state\":\"reserving\",\"command\":\"Reserve\",\"commandId\":\"feae9e46-82c3-8207-ad97-4380113570a5:1:0\",\"undo\":{\"type\":\"UndoReserve\",\"channel\":\"stock\",\"data\":{\"tag\":\"settling 1\",\"n\":0}}},{\"state\":\"charging\",\"command\":\"Charge\",\"commandId\":\"feae9e46-82c3-8207-ad97-4380113570a5:2:0\",\"undo\":{\"type\":\"UndoCharge\",\"channel\":\"local\",\"data\":{\"tag\":\"settling 1\",\"n\":0}}}]}","created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.526+00:00","updated_at":"2026-11-21T21:53:43.526+00:00"},
{"run_id":"56cec364-f31d-855f-8ba7-4789ecbdfcfe","flow":"purchase","flow_version":1,"key":"settling 2","lane":0,"version":5,"state":"settling","business_state":null,"outcome":null,"parked":null,"data":"{\"tag\":\"settling 2\",\"n\":1}","control":"{\"commands\":[],\"timers\":[{\"number\":1,\"kind\":\"after\",\"dueAtMs\":1795298023552,\"index\":0}],\"timerCount\":1,\"startId\":\"i settling 2\",\"startDigest\":3406020943194133,\"steps\":[{\"state\":\"reserving\",\"command\":\"Reserve\",\"commandId\":\"56cec364-f31d-855f-8ba7-4789ecbdfcfe:1:0\",\"undo\":{\"type\":\"UndoReserve\",\"channel\":\"stock\",\"data\":{\"tag\":\"settling 2\",\"n\":1}}},{\"state\":\"charging\",\"command\":\"Charge\",\"commandId\":\"56cec364-f31d-855f-8ba7-4789ecbdfcfe:2:0\",\"undo\":{\"type\":\"UndoCharge\",\"channel\":\"local\",\"data\":{\"tag\":\"settling 2\",\"n\":1}}}]}","created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.532+00:00","updated_at":"2026-11-21T21:53:43.532+00:00"},
{"run_id":"e24386a8-7514-867e-9419-8a0f864ab052","flow":"purchase","flow_version":1,"key":"bought 3","lane":0,"version":6,"state":"bought","business_state":null,"outcome":"bought","parked":null,"data":"{\"tag\":\"bought 3\",\"n\":2}","control":"{\"commands\":[],\"timers\":[],\"timerCount\":1,\"startId\":\"i bought 3\",\"startDigest\":1272603534389069}","created_at":"2026-11-21T21:53:42.83+00:00","entered_at":"2026-11-21T21:53:43.102+00:00","updated_at":"2026-11-21T21:53:43.102+00:00"},
{"run_id":"96ef2936-2c25-83a7-a5f1-e292570c13fd","flow":"purchase","flow_version":1,"key":"charging 1","lane":0,"version":2,"state":"charging","business_state":null,"outcome":null,"parked":null,"data":"{\"tag\":\"charging 1\",\"n\":0}","control":"{\"commands\":[{\"id\":\"96ef2936-2c25-83a7-a5f1-e292570c13fd:2:0\",\"type\":\"Charge\",\"channel\":\"local\",\"data\":{\"tag\":\"charging 1\",\"n\":0},\"attempt\":1,\"phase\":\"sending\",\"purpose\":\"do\"}],\"timers\":[],\"timerCount\":0,\"startId\":\"i charging 1\",\"startDigest\":650958189503013,\"steps\":[{\"state\":\"reserving\",\"command\":\"Reserve\",\"commandId\":\"96ef2936-2c25-83a7-a5f1-e292570c13fd:1:0\",\"undo\":{\"type\":\"UndoReserve\",\"channel\":\"stock\",\"data\":{\"tag\":\"charging 1\",\"n\":0}}}]}","created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.148+00:00","updated_at":"2026-11-21T21:53:43.148+00:00"},
{"run_id":"92dd9654-2bc6-8a49-829e-ae764bf76123","flow":"purchase","flow_version":1,"key":"charging 2","lane":0,"version":2,"state":"charging","business_state":null,"outcome":null,"parked":null,"data":"{\"tag\":\"charging 2\",\"n\":1}","control":"{\"commands\":[{\"id\":\"92dd9654-2bc6-8a49-829e-ae764bf76123:2:0\",\"type\":\"Charge\",\"channel\":\"local\",\"data\":{\"tag\":\"charging 2\",\"n\":1},\"attempt\":1,\"phase\":\"sending\",\"purpose\":\"do\"}],\"timers\":[],\"timerCount\":0,\"startId\":\"i charging 2\",\"startDigest\":8737192698723037,\"steps\":[{\"state\":\"reserving\",\"command\":\"Reserve\",\"commandId\":\"92dd9654-2bc6-8a49-829e-ae764bf76123:1:0\",\"undo\":{\"type\":\"UndoReserve\",\"channel\":\"stock\",\"data\":{\"tag\":\"charging 2\",\"n\":1}}}]}","created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.148+00:00","updated_at":"2026-11-21T21:53:43.148+00:00"},
{"run_id":"10cd1696-2906-86ea-9062-8fc3b2ba518c","flow":"purchase","flow_version":1,"key":"charging 3","lane":0,"version":2,"state":"charging","business_state":null,"outcome":null,"parked":null,"data":"{\"tag\":\"charging 3\",\"n\":2}","control":"{\"commands\":[{\"id\":\"10cd1696-2906-86ea-9062-8fc3b2ba518c:2:0\",\"type\":\"Charge\",\"channel\":\"local\",\"data\":{\"tag\":\"charging 3\",\"n\":2},\"attempt\":1,\"phase\":\"sending\",\"purpose\":\"do\"}],\"timers\":[],\"timerCount\":0,\"startId\":\"i charging 3\",\"startDigest\":8062235560151567,\"steps\":[{\"state\":\"reserving\",\"command\":\"Reserve\",\"commandId\":\"10cd1696-2906-86ea-9062-8fc3b2ba518c:1:0\",\"undo\":{\"type\":\"UndoReserve\",\"channel\":\"stock\",\"data\":{\"tag\":\"charging 3\",\"n\":2}}}]}","created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.148+00:00","updated_at":"2026-11-21T21:53:43.148+00:00"},
{"run_id":"ffec8b39-f9da-8090-a4d6-39e2f9177361","flow":"purchase","flow_version":1,"key":"waiting 2","lane":0,"version":4,"state":"under-way","business_state":null,"outcome":null,"parked":null,"data":"{\"tag\":\"waiting 2\",\"n\":1}","control":"{\"commands\":[],\"timers\":[],\"timerCount\":0,\"startId\":\"i waiting 2\",\"startDigest\":5009363436191330,\"steps\":[{\"state\":\"reserving\",\"command\":\"Reserve\",\"commandId\":\"ffec8b39-f9da-8090-a4d6-39e2f9177361:1:0\",\"undo\":{\"type\":\"UndoReserve\",\"channel\":\"stock\",\"data\":{\"tag\":\"waiting 2\",\"n\":1}}},{\"state\":\"charging\",\"command\":\"Charge\",\"commandId\":\"ffec8b39-f9da-8090-a4d6-39e2f9177361:2:0\",\"undo\":{\"type\":\"UndoCharge\",\"channel\":\"local\",\"data\":{\"tag\":\"waiting 2\",\"n\":1}}}]}","created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.532+00:00","updated_at":"2026-11-21T21:53:43.532+00:00"},
{"run_id":"6c700e1d-16d4-8ecd-b2e4-776ff9514782","flow":"purchase","flow_version":1,"key":"shipping 3","lane":0,"version":3,"state":"shipping","business_state":null,"outcome":null,"parked":null,"data":"{\"tag\":\"shipping 3\",\"n\":2}","control":"{\"commands\":[{\"id\":\"6c700e1d-16d4-8ecd-b2e4-776ff9514782:3:0\",\"type\":\"Ship\",\"channel\":\"remote\",\"data\":{\"tag\":\"shipping 3\",\"n\":2},\"attempt\":1,\"phase\":\"sending\",\"purpose\":\"do\"}],\"timers\":[],\"timerCount\":0,\"startId\":\"i shipping 3\",\"startDigest\":7618755331543670,\"steps\":[{\"state\":\"reserving\",\"command\":\"Reserve\",\"commandId\":\"6c700e1d-16d4-8ecd-b2e4-776ff9514782:1:0\",\"undo\":{\"type\":\"UndoReserve\",\"channel\":\"stock\",\"data\":{\"tag\":\"shipping 3\",\"n\":2}}},{\"state\":\"charging\",\"command\":\"Charge\",\"commandId\":\"6c700e1d-16d4-8ecd-b2e4-776ff9514782:2:0\",\"undo\":{\"type\":\"UndoCharge\",\"channel\":\"local\",\"data\":{\"tag\":\"shipping 3\",\"n\":2}}}]}","created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.489+00:00","updated_at":"2026-11-21T21:53:43.489+00:00"},
{"run_id":"a4f60aaf-794e-8f61-81a6-3dabf3c3b7f8","flow":"purchase","flow_version":1,"key":"shipping 1","lane":0,"version":3,"state":"shipping","business_state":null,"outcome":null,"parked":null,"data":"{\"tag\":\"shipping 1\",\"n\":0}","control":"{\"commands\":[{\"id\":\"a4f60aaf-794e-8f61-81a6-3dabf3c3b7f8:3:0\",\"type\":\"Ship\",\"channel\":\"remote\",\"data\":{\"tag\":\"shipping 1\",\"n\":0},\"attempt\":1,\"phase\":\"sending\",\"purpose\":\"do\"}],\"timers\":[],\"timerCount\":0,\"startId\":\"i shipping 1\",\"startDigest\":5478266411431778,\"steps\":[{\"state\":\"reserving\",\"command\":\"Reserve\",\"commandId\":\"a4f60aaf-794e-8f61-81a6-3dabf3c3b7f8:1:0\",\"undo\":{\"type\":\"UndoReserve\",\"channel\":\"stock\",\"data\":{\"tag\":\"shipping 1\",\"n\":0}}},{\"state\":\"charging\",\"command\":\"Charge\",\"commandId\":\"a4f60aaf-794e-8f61-81a6-3dabf3c3b7f8:2:0\",\"undo\":{\"type\":\"UndoCharge\",\"channel\":\"local\",\"data\":{\"tag\":\"shipping 1\",\"n\":0}}}]}","created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.514+00:00","updated_at":"2026-11-21T21:53:43.514+00:00"},
{"run_id":"f163d3c6-9b00-8240-be14-9203d733788c","flow":"purchase","flow_version":1,"key":"shipping 2","lane":0,"version":3,"state":"shipping","business_state":null,"outcome":null,"parked":null,"data":"{\"tag\":\"shipping 2\",\"n\":1}","control":"{\"commands\":[{\"id\":\"f163d3c6-9b00-8240-be14-9203d733788c:3:0\",\"type\":\"Ship\",\"channel\":\"remote\",\"data\":{\"tag\":\"shipping 2\",\"n\":1},\"attempt\":1,\"phase\":\"sending\",\"purpose\":\"do\"}],\"timers\":[],\"timerCount\":0,\"startId\":\"i shipping 2\",\"startDigest\":3399823170689893,\"steps\":[{\"state\":\"reserving\",\"command\":\"Reserve\",\"commandId\":\"f163d3c6-9b00-8240-be14-9203d733788c:1:0\",\"undo\":{\"type\":\"UndoReserve\",\"channel\":\"stock\",\"data\":{\"tag\":\"shipping 2\",\"n\":1}}},{\"state\":\"charging\",\"command\":\"Charge\",\"commandId\":\"f163d3c6-9b00-8240-be14-9203d733788c:2:0\",\"undo\":{\"type\":\"UndoCharge\",\"channel\":\"local\",\"data\":{\"tag\":\"shipping 2\",\"n\":1}}}]}","created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.514+00:00","updated_at":"2026-11-21T21:53:43.514+00:00"},
{"run_id":"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8","flow":"purchase","flow_version":1,"key":"refused 3","lane":0,"version":5,"state":"shipping","business_state":null,"outcome":null,"parked":"command-refused","data":"{\"tag\":\"refused 3\",\"n\":2}","control":"{\"commands\":[{\"id\":\"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8:3:0\",\"type\":\"Ship\",\"channel\":\"remote\",\"data\":{\"tag\":\"refused 3\",\"n\":2},\"attempt\":1,\"phase\":\"delivered\",\"purpose\":\"do\"}],\"timers\":[],\"timerCount\":0,\"startId\":\"i refused 3\",\"startDigest\":8678673555074858,\"steps\":[{\"state\":\"reserving\",\"command\":\"Reserve\",\"commandId\":\"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8:1:0\",\"undo\":{\"type\":\"UndoReserve\",\"channel\":\"stock\",\"data\":{\"tag\":\"refused 3\",\"n\":2}}},{\"state\":\"charging\",\"command\":\"Charge\",\"commandId\":\"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8:2:0\",\"undo\":{\"type\":\"UndoCharge\",\"channel\":\"local\",\"data\":{\"tag\":\"refused 3\",\"n\":2}}}]}","created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.45+00:00","updated_at":"2026-11-21T21:53:43.502+00:00"},
{"run_id":"75c76372-7e2b-8954-a544-6cbd8bbbda17","flow":"purchase","flow_version":1,"key":"refused 1","lane":0,"version":5,"state":"shipping","business_state":null,"outcome":null,"parked":"command-refused","data":"{\"tag\":\"refused 1\",\"n\":0}","control":"{\"commands\":[{\"id\":\"75c76372-7e2b-8954-a544-6cbd8bbbda17:3:0\",\"type\":\"Ship\",\"channel\":\"remote\",\"data\":{\"tag\":\"refused 1\",\"n\":0},\"attempt\":1,\"phase\":\"delivered\",\"purpose\":\"do\"}],\"timers\":[],\"timerCount\":0,\"startId\":\"i refused 1\",\"startDigest\":6229011438326876,\"steps\":[{\"state\":\"reserving\",\"command\":\"Reserve\",\"commandId\":\"75c76372-7e2b-8954-a544-6cbd8bbbda17:1:0\",\"undo\":{\"type\":\"UndoReserve\",\"channel\":\"stock\",\"data\":{\"tag\":\"refused 1\",\"n\":0}}},{\"state\":\"charging\",\"command\":\"Charge\",\"commandId\":\"75c76372-7e2b-8954-a544-6cbd8bbbda17:2:0\",\"undo\":{\"type\":\"UndoCharge\",\"channel\":\"local\",\"data\":{\"tag\":\"refused 1\",\"n\":0}}}]}","created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.455+00:00","updated_at":"2026-11-21T21:53:43.532+00:00"},
{"run_id":"b0aa35c0-d5cf-8df3-9d44-86fbf731370b","flow":"purchase","flow_version":1,"key":"taking-back 2","lane":0,"version":5,"state":"compensating","business_state":null,"outcome":null,"parked":null,"data":"{\"tag\":\"taking-back 2\",\"n\":1}","control":"{\"commands\":[{\"type\":\"UndoCharge\",\"channel\":\"local\",\"data\":{\"tag\":\"taking-back 2\",\"n\":1},\"id\":\"b0aa35c0-d5cf-8df3-9d44-86fbf731370b:5:0\",\"attempt\":1,\"phase\":\"sending\",\"purpose\":\"undo\",\"undoes\":\"b0aa35c0-d5cf-8df3-9d44-86fbf731370b:2:0\"}],\"timers\":[],\"timerCount\":0,\"startId\":\"i taking-back 2\",\"startDigest\":356074840488050,\"compensation\":{\"target\":\"taken-back\",\"steps\":[{\"state\":\"reserving\",\"command\":\"Reserve\",\"commandId\":\"b0aa35c0-d5cf-8df3-9d44-86fbf731370b:1:0\",\"undo\":{\"type\":\"UndoReserve\",\"channel\":\"stock\",\"data\":{\"tag\":\"taking-back 2\",\"n\":1}}},{\"state\":\"charging\",\"command\":\"Charge\",\"commandId\":\"b0aa35c0-d5cf-8df3-9d44-86fbf731370b:2:0\",\"undo\":{\"type\":\"UndoCharge\",\"channel\":\"local\",\"data\":{\"tag\":\"taking-back 2\",\"n\":1}}}],\"from\":\"under-way\"}}","created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.574+00:00","updated_at":"2026-11-21T21:53:43.574+00:00"},
{"run_id":"bd8273b1-74a0-85a5-9a08-2e2878c69f6b","flow":"purchase","flow_version":1,"key":"taking-back 3","lane":0,"version":5,"state":"compensating","business_state":null,"outcome":null,"parked":null,"data":"{\"tag\":\"taking-back 3\",\"n\":2}","control":"{\"commands\":[{\"type\":\"UndoCharge\",\"channel\":\"local\",\"data\":{\"tag\":\"taking-back 3\",\"n\":2},\"id\":\"bd8273b1-74a0-85a5-9a08-2e2878c69f6b:5:0\",\"attempt\":1,\"phase\":\"sending\",\"purpose\":\"undo\",\"undoes\":\"bd8273b1-74a0-85a5-9a08-2e2878c69f6b:2:0\"}],\"timers\":[],\"timerCount\":0,\"startId\":\"i taking-back 3\",\"startDigest\":2128182090668978,\"compensation\":{\"target\":\"taken-back\",\"steps\":[{\"state\":\"reserving\",\"command\":\"Reserve\",\"commandId\":\"bd8273b1-74a0-85a5-9a08-2e2878c69f6b:1:0\",\"undo\":{\"type\":\"UndoReserve\",\"channel\":\"stock\",\"data\":{\"tag\":\"taking-back 3\",\"n\":2}}},{\"state\":\"charging\",\"command\":\"Charge\",\"commandId\":\"bd8273b1-74a0-85a5-9a08-2e2878c69f6b:2:0\",\"undo\":{\"type\":\"UndoCharge\",\"channel\":\"local\",\"data\":{\"tag\":\"taking-back 3\",\"n\":2}}}],\"from\":\"under-way\"}}","created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.577+00:00","updated_at":"2026-11-21T21:53:43.577+00:00"},
{"run_id":"6d1daf83-e194-8582-b767-948740d21ec9","flow":"purchase","flow_version":1,"key":"refused 2","lane":0,"version":5,"state":"shipping","business_state":null,"outcome":null,"parked":"command-refused","data":"{\"tag\":\"refused 2\",\"n\":1}","control":"{\"commands\":[{\"id\":\"6d1daf83-e194-8582-b767-948740d21ec9:3:0\",\"type\":\"Ship\",\"channel\":\"remote\",\"data\":{\"tag\":\"refused 2\",\"n\":1},\"attempt\":1,\"phase\":\"delivered\",\"purpose\":\"do\"}],\"timers\":[],\"timerCount\":0,\"startId\":\"i refused 2\",\"startDigest\":7534906712826586,\"steps\":[{\"state\":\"reserving\",\"command\":\"Reserve\",\"commandId\":\"6d1daf83-e194-8582-b767-948740d21ec9:1:0\",\"undo\":{\"type\":\"UndoReserve\",\"channel\":\"stock\",\"data\":{\"tag\":\"refused 2\",\"n\":1}}},{\"state\":\"charging\",\"command\":\"Charge\",\"commandId\":\"6d1daf83-e194-8582-b767-948740d21ec9:2:0\",\"undo\":{\"type\":\"UndoCharge\",\"channel\":\"local\",\"data\":{\"tag\":\"refused 2\",\"n\":1}}}]}","created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.432+00:00","updated_at":"2026-11-21T21:53:43.489+00:00"},
{"run_id":"669277ae-5289-884c-a3dd-49b06afb1629","flow":"purchase","flow_version":1,"key":"waiting 3","lane":0,"version":4,"state":"under-way","business_state":null,"outcome":null,"parked":null,"data":"{\"tag\":\"waiting 3\",\"n\":2}","control":"{\"commands\":[],\"timers\":[],\"timerCount\":0,\"startId\":\"i waiting 3\",\"startDigest\":6954271903727110,\"steps\":[{\"state\":\"reserving\",\"command\":\"Reserve\",\"commandId\":\"669277ae-5289-884c-a3dd-49b06afb1629:1:0\",\"undo\":{\"type\":\"UndoReserve\",\"channel\":\"stock\",\"data\":{\"tag\":\"waiting 3\",\"n\":2}}},{\"state\":\"charging\",\"command\":\"Charge\",\"commandId\":\"669277ae-5289-884c-a3dd-49b06afb1629:2:0\",\"undo\":{\"type\":\"UndoCharge\",\"channel\":\"local\",\"data\":{\"tag\":\"waiting 3\",\"n\":2}}}]}","created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.514+00:00","updated_at":"2026-11-21T21:53:43.514+00:00"},
{"run_id":"6ce837e3-67b8-80f1-a249-1e385e07c092","flow":"purchase","flow_version":1,"key":"settling 3","lane":0,"version":5,"state":"settling","business_state":null,"outcome":null,"parked":null,"data":"{\"tag\":\"settling 3\",\"n\":2}","control":"{\"commands\":[],\"timers\":[{\"number\":1,\"kind\":\"after\",\"dueAtMs\":1795298023552,\"index\":0}],\"timerCount\":1,\"startId\":\"i settling 3\",\"startDigest\":2723699612876368,\"steps\":[{\"state\":\"reserving\",\"command\":\"Reserve\",\"commandId\":\"6ce837e3-67b8-80f1-a249-1e385e07c092:1:0\",\"undo\":{\"type\":\"UndoReserve\",\"channel\":\"stock\",\"data\":{\"tag\":\"settling 3\",\"n\":2}}},{\"state\":\"charging\",\"command\":\"Charge\",\"commandId\":\"6ce837e3-67b8-80f1-a249-1e385e07c092:2:0\",\"undo\":{\"type\":\"UndoCharge\",\"channel\":\"local\",\"data\":{\"tag\":\"settling 3\",\"n\":2}}}]}","created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.532+00:00","updated_at":"2026-11-21T21:53:43.532+00:00"},
{"run_id":"f25dbd82-453f-8ef2-a5b8-a48363a7c8e2","flow":"purchase","flow_version":1,"key":"waiting 1","lane":0,"version":4,"state":"under-way","business_state":null,"outcome":null,"parked":null,"data":"{\"tag\":\"waiting 1\",\"n\":0}","control":"{\"commands\":[],\"timers\":[],\"timerCount\":0,\"startId\":\"i waiting 1\",\"startDigest\":3728967192441154,\"steps\":[{\"state\":\"reserving\",\"command\":\"Reserve\",\"commandId\":\"f25dbd82-453f-8ef2-a5b8-a48363a7c8e2:1:0\",\"undo\":{\"type\":\"UndoReserve\",\"channel\":\"stock\",\"data\":{\"tag\":\"waiting 1\",\"n\":0}}},{\"state\":\"charging\",\"command\":\"Charge\",\"commandId\":\"f25dbd82-453f-8ef2-a5b8-a48363a7c8e2:2:0\",\"undo\":{\"type\":\"UndoCharge\",\"channel\":\"local\",\"data\":{\"tag\":\"waiting 1\",\"n\":0}}}]}","created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.544+00:00","updated_at":"2026-11-21T21:53:43.544+00:00"},
{"run_id":"55c67456-8fa4-8150-bb8b-d5f61c5c9583","flow":"purchase","flow_version":1,"key":"taking-back 1","lane":0,"version":5,"state":"compensating","business_state":null,"outcome":null,"parked":null,"data":"{\"tag\":\"taking-back 1\",\"n\":0}","control":"{\"commands\":[{\"type\":\"UndoCharge\",\"channel\":\"local\",\"data\":{\"tag\":\"taking-back 1\",\"n\":0},\"id\":\"55c67456-8fa4-8150-bb8b-d5f61c5c9583:5:0\",\"attempt\":1,\"phase\":\"sending\",\"purpose\":\"undo\",\"undoes\":\"55c67456-8fa4-8150-bb8b-d5f61c5c9583:2:0\"}],\"timers\":[],\"timerCount\":0,\"startId\":\"i taking-back 1\",\"startDigest\":3579235237892966,\"compensation\":{\"target\":\"taken-back\",\"steps\":[{\"state\":\"reserving\",\"command\":\"Reserve\",\"commandId\":\"55c67456-8fa4-8150-bb8b-d5f61c5c9583:1:0\",\"undo\":{\"type\":\"UndoReserve\",\"channel\":\"stock\",\"data\":{\"tag\":\"taking-back 1\",\"n\":0}}},{\"state\":\"charging\",\"command\":\"Charge\",\"commandId\":\"55c67456-8fa4-8150-bb8b-d5f61c5c9583:2:0\",\"undo\":{\"type\":\"UndoCharge\",\"channel\":\"local\",\"data\":{\"tag\":\"taking-back 1\",\"n\":0}}}],\"from\":\"under-way\"}}","created_at":"2026-11-21T21:53:43.148+00:00","entered_at":"2026-11-21T21:53:43.551+00:00","updated_at":"2026-11-21T21:53:43.551+00:00"}
]$rows$);

delete from sluice.sluice_migrations;
insert into sluice.sluice_migrations overriding system value
select * from json_populate_recordset(null::sluice.sluice_migrations, $rows$[
{"room":"engine","number":1,"name":"0001-engine","checksum":"e8a0162cf853a375b791c85aec57f894988b839b821248add0ef5af4000f42e7","applied_at":"2026-11-21T21:53:41.800177+00:00"},
{"room":"engine","number":2,"name":"0002-operations","checksum":"000363763f62e998fbcf2ff5a8a81cb37e864596b039bebfb563921442806684","applied_at":"2026-11-21T21:53:42.072774+00:00"},
{"room":"engine","number":3,"name":"0003-pause-results","checksum":"838bc8e04ca0ce72529b8996be29d83694730d8b6fe78e11f12e63c2d505f765","applied_at":"2026-11-21T21:53:42.137004+00:00"}
]$rows$);

delete from sluice.state_counts;
insert into sluice.state_counts overriding system value
select * from json_populate_recordset(null::sluice.state_counts, $rows$[
{"period":"20261001_20270101","lane":0,"flow":"purchase","flow_version":1,"state":"bought","runs":3,"parked":0},
{"period":"20261001_20270101","lane":0,"flow":"purchase","flow_version":1,"state":"charging","runs":14,"parked":0},
{"period":"20261001_20270101","lane":0,"flow":"purchase","flow_version":1,"state":"shipping","runs":4,"parked":0}
]$rows$);

delete from sluice.timers;
insert into sluice.timers overriding system value
select * from json_populate_recordset(null::sluice.timers, $rows$[
{"lane":0,"due_at":"2026-11-21T21:53:43.546+00:00","run_id":"feae9e46-82c3-8207-ad97-4380113570a5","number":1,"kind":"after"},
{"lane":0,"due_at":"2026-11-21T21:53:43.552+00:00","run_id":"6ce837e3-67b8-80f1-a249-1e385e07c092","number":1,"kind":"after"},
{"lane":0,"due_at":"2026-11-21T21:53:43.552+00:00","run_id":"56cec364-f31d-855f-8ba7-4789ecbdfcfe","number":1,"kind":"after"}
]$rows$);

delete from proof.answers;
insert into proof.answers overriding system value
select * from json_populate_recordset(null::proof.answers, $rows$[
{"command_id":"5a6d3730-de29-810a-b399-ed452a804944:2:0","answer":"{\"type\":\"ChargeDone\",\"data\":{\"n\":1}}","undone_by":null},
{"command_id":"aff455e8-2a0d-8c21-bcd1-f0ddac7374b7:2:0","answer":"{\"type\":\"ChargeDone\",\"data\":{\"n\":9}}","undone_by":null},
{"command_id":"e24386a8-7514-867e-9419-8a0f864ab052:2:0","answer":"{\"type\":\"ChargeDone\",\"data\":{\"n\":9}}","undone_by":null},
{"command_id":"5a6d3730-de29-810a-b399-ed452a804944:3:0","answer":"{\"type\":\"ShipDone\",\"data\":{\"n\":3}}","undone_by":null},
{"command_id":"aff455e8-2a0d-8c21-bcd1-f0ddac7374b7:3:0","answer":"{\"type\":\"ShipDone\",\"data\":{\"n\":6}}","undone_by":null},
{"command_id":"e24386a8-7514-867e-9419-8a0f864ab052:3:0","answer":"{\"type\":\"ShipDone\",\"data\":{\"n\":4}}","undone_by":null},
{"command_id":"6ce837e3-67b8-80f1-a249-1e385e07c092:2:0","answer":"{\"type\":\"ChargeDone\",\"data\":{\"n\":7}}","undone_by":null},
{"command_id":"56cec364-f31d-855f-8ba7-4789ecbdfcfe:2:0","answer":"{\"type\":\"ChargeDone\",\"data\":{\"n\":1}}","undone_by":null},
{"command_id":"feae9e46-82c3-8207-ad97-4380113570a5:2:0","answer":"{\"type\":\"ChargeDone\",\"data\":{\"n\":9}}","undone_by":null},
{"command_id":"669277ae-5289-884c-a3dd-49b06afb1629:2:0","answer":"{\"type\":\"ChargeDone\",\"data\":{\"n\":1}}","undone_by":null},
{"command_id":"6d1daf83-e194-8582-b767-948740d21ec9:2:0","answer":"{\"type\":\"ChargeDone\",\"data\":{\"n\":5}}","undone_by":null},
{"command_id":"75c76372-7e2b-8954-a544-6cbd8bbbda17:2:0","answer":"{\"type\":\"ChargeDone\",\"data\":{\"n\":0}}","undone_by":null},
{"command_id":"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8:2:0","answer":"{\"type\":\"ChargeDone\",\"data\":{\"n\":9}}","undone_by":null},
{"command_id":"ffec8b39-f9da-8090-a4d6-39e2f9177361:2:0","answer":"{\"type\":\"ChargeDone\",\"data\":{\"n\":6}}","undone_by":null},
{"command_id":"6c700e1d-16d4-8ecd-b2e4-776ff9514782:2:0","answer":"{\"type\":\"ChargeDone\",\"data\":{\"n\":9}}","undone_by":null},
{"command_id":"55c67456-8fa4-8150-bb8b-d5f61c5c9583:2:0","answer":"{\"type\":\"ChargeDone\",\"data\":{\"n\":3}}","undone_by":null},
{"command_id":"f25dbd82-453f-8ef2-a5b8-a48363a7c8e2:2:0","answer":"{\"type\":\"ChargeDone\",\"data\":{\"n\":6}}","undone_by":null},
{"command_id":"b0aa35c0-d5cf-8df3-9d44-86fbf731370b:2:0","answer":"{\"type\":\"ChargeDone\",\"data\":{\"n\":5}}","undone_by":null},
{"command_id":"bd8273b1-74a0-85a5-9a08-2e2878c69f6b:2:0","answer":"{\"type\":\"ChargeDone\",\"data\":{\"n\":3}}","undone_by":null},
{"command_id":"a4f60aaf-794e-8f61-81a6-3dabf3c3b7f8:2:0","answer":"{\"type\":\"ChargeDone\",\"data\":{\"n\":6}}","undone_by":null},
{"command_id":"f163d3c6-9b00-8240-be14-9203d733788c:2:0","answer":"{\"type\":\"ChargeDone\",\"data\":{\"n\":9}}","undone_by":null},
{"command_id":"6ce837e3-67b8-80f1-a249-1e385e07c092:3:0","answer":"{\"type\":\"ShipDone\",\"data\":{\"n\":7}}","undone_by":null},
{"command_id":"56cec364-f31d-855f-8ba7-4789ecbdfcfe:3:0","answer":"{\"type\":\"ShipDone\",\"data\":{\"n\":0}}","undone_by":null},
{"command_id":"feae9e46-82c3-8207-ad97-4380113570a5:3:0","answer":"{\"type\":\"ShipDone\",\"data\":{\"n\":1}}","undone_by":null},
{"command_id":"669277ae-5289-884c-a3dd-49b06afb1629:3:0","answer":"{\"type\":\"ShipDone\",\"data\":{\"n\":8}}","undone_by":null},
{"command_id":"55c67456-8fa4-8150-bb8b-d5f61c5c9583:3:0","answer":"{\"type\":\"ShipDone\",\"data\":{\"n\":0}}","undone_by":null},
{"command_id":"ffec8b39-f9da-8090-a4d6-39e2f9177361:3:0","answer":"{\"type\":\"ShipDone\",\"data\":{\"n\":9}}","undone_by":null},
{"command_id":"f25dbd82-453f-8ef2-a5b8-a48363a7c8e2:3:0","answer":"{\"type\":\"ShipDone\",\"data\":{\"n\":6}}","undone_by":null},
{"command_id":"b0aa35c0-d5cf-8df3-9d44-86fbf731370b:3:0","answer":"{\"type\":\"ShipDone\",\"data\":{\"n\":1}}","undone_by":null},
{"command_id":"bd8273b1-74a0-85a5-9a08-2e2878c69f6b:3:0","answer":"{\"type\":\"ShipDone\",\"data\":{\"n\":1}}","undone_by":null}
]$rows$);

delete from proof.effects;
insert into proof.effects overriding system value
select * from json_populate_recordset(null::proof.effects, $rows$[
{"nth":1,"command_id":"5a6d3730-de29-810a-b399-ed452a804944:1:0","run_id":"5a6d3730-de29-810a-b399-ed452a804944","type":"Reserve","channel":"stock","undoes":null,"xid":"767"},
{"nth":2,"command_id":"aff455e8-2a0d-8c21-bcd1-f0ddac7374b7:1:0","run_id":"aff455e8-2a0d-8c21-bcd1-f0ddac7374b7","type":"Reserve","channel":"stock","undoes":null,"xid":"767"},
{"nth":3,"command_id":"e24386a8-7514-867e-9419-8a0f864ab052:1:0","run_id":"e24386a8-7514-867e-9419-8a0f864ab052","type":"Reserve","channel":"stock","undoes":null,"xid":"767"},
{"nth":4,"command_id":"5a6d3730-de29-810a-b399-ed452a804944:2:0","run_id":"5a6d3730-de29-810a-b399-ed452a804944","type":"Charge","channel":"local","undoes":null,"xid":"769"},
{"nth":5,"command_id":"aff455e8-2a0d-8c21-bcd1-f0ddac7374b7:2:0","run_id":"aff455e8-2a0d-8c21-bcd1-f0ddac7374b7","type":"Charge","channel":"local","undoes":null,"xid":"773"},
{"nth":6,"command_id":"e24386a8-7514-867e-9419-8a0f864ab052:2:0","run_id":"e24386a8-7514-867e-9419-8a0f864ab052","type":"Charge","channel":"local","undoes":null,"xid":"772"},
{"nth":7,"command_id":"5a6d3730-de29-810a-b399-ed452a804944:3:0","run_id":"5a6d3730-de29-810a-b399-ed452a804944","type":"Ship","channel":"remote","undoes":null,"xid":"775"},
{"nth":8,"command_id":"aff455e8-2a0d-8c21-bcd1-f0ddac7374b7:3:0","run_id":"aff455e8-2a0d-8c21-bcd1-f0ddac7374b7","type":"Ship","channel":"remote","undoes":null,"xid":"778"},
{"nth":9,"command_id":"e24386a8-7514-867e-9419-8a0f864ab052:3:0","run_id":"e24386a8-7514-867e-9419-8a0f864ab052","type":"Ship","channel":"remote","undoes":null,"xid":"780"},
{"nth":10,"command_id":"feae9e46-82c3-8207-ad97-4380113570a5:1:0","run_id":"feae9e46-82c3-8207-ad97-4380113570a5","type":"Reserve","channel":"stock","undoes":null,"xid":"790"},
{"nth":11,"command_id":"56cec364-f31d-855f-8ba7-4789ecbdfcfe:1:0","run_id":"56cec364-f31d-855f-8ba7-4789ecbdfcfe","type":"Reserve","channel":"stock","undoes":null,"xid":"790"},
{"nth":12,"command_id":"6ce837e3-67b8-80f1-a249-1e385e07c092:1:0","run_id":"6ce837e3-67b8-80f1-a249-1e385e07c092","type":"Reserve","channel":"stock","undoes":null,"xid":"790"},
{"nth":13,"command_id":"96ef2936-2c25-83a7-a5f1-e292570c13fd:1:0","run_id":"96ef2936-2c25-83a7-a5f1-e292570c13fd","type":"Reserve","channel":"stock","undoes":null,"xid":"790"},
{"nth":14,"command_id":"92dd9654-2bc6-8a49-829e-ae764bf76123:1:0","run_id":"92dd9654-2bc6-8a49-829e-ae764bf76123","type":"Reserve","channel":"stock","undoes":null,"xid":"790"},
{"nth":15,"command_id":"10cd1696-2906-86ea-9062-8fc3b2ba518c:1:0","run_id":"10cd1696-2906-86ea-9062-8fc3b2ba518c","type":"Reserve","channel":"stock","undoes":null,"xid":"790"},
{"nth":16,"command_id":"a4f60aaf-794e-8f61-81a6-3dabf3c3b7f8:1:0","run_id":"a4f60aaf-794e-8f61-81a6-3dabf3c3b7f8","type":"Reserve","channel":"stock","undoes":null,"xid":"790"},
{"nth":17,"command_id":"f163d3c6-9b00-8240-be14-9203d733788c:1:0","run_id":"f163d3c6-9b00-8240-be14-9203d733788c","type":"Reserve","channel":"stock","undoes":null,"xid":"790"},
{"nth":18,"command_id":"6c700e1d-16d4-8ecd-b2e4-776ff9514782:1:0","run_id":"6c700e1d-16d4-8ecd-b2e4-776ff9514782","type":"Reserve","channel":"stock","undoes":null,"xid":"790"},
{"nth":19,"command_id":"f25dbd82-453f-8ef2-a5b8-a48363a7c8e2:1:0","run_id":"f25dbd82-453f-8ef2-a5b8-a48363a7c8e2","type":"Reserve","channel":"stock","undoes":null,"xid":"790"},
{"nth":20,"command_id":"ffec8b39-f9da-8090-a4d6-39e2f9177361:1:0","run_id":"ffec8b39-f9da-8090-a4d6-39e2f9177361","type":"Reserve","channel":"stock","undoes":null,"xid":"790"},
{"nth":21,"command_id":"669277ae-5289-884c-a3dd-49b06afb1629:1:0","run_id":"669277ae-5289-884c-a3dd-49b06afb1629","type":"Reserve","channel":"stock","undoes":null,"xid":"790"},
{"nth":22,"command_id":"75c76372-7e2b-8954-a544-6cbd8bbbda17:1:0","run_id":"75c76372-7e2b-8954-a544-6cbd8bbbda17","type":"Reserve","channel":"stock","undoes":null,"xid":"790"},
{"nth":23,"command_id":"6d1daf83-e194-8582-b767-948740d21ec9:1:0","run_id":"6d1daf83-e194-8582-b767-948740d21ec9","type":"Reserve","channel":"stock","undoes":null,"xid":"790"},
{"nth":24,"command_id":"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8:1:0","run_id":"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8","type":"Reserve","channel":"stock","undoes":null,"xid":"790"},
{"nth":25,"command_id":"55c67456-8fa4-8150-bb8b-d5f61c5c9583:1:0","run_id":"55c67456-8fa4-8150-bb8b-d5f61c5c9583","type":"Reserve","channel":"stock","undoes":null,"xid":"790"},
{"nth":26,"command_id":"b0aa35c0-d5cf-8df3-9d44-86fbf731370b:1:0","run_id":"b0aa35c0-d5cf-8df3-9d44-86fbf731370b","type":"Reserve","channel":"stock","undoes":null,"xid":"790"},
{"nth":27,"command_id":"bd8273b1-74a0-85a5-9a08-2e2878c69f6b:1:0","run_id":"bd8273b1-74a0-85a5-9a08-2e2878c69f6b","type":"Reserve","channel":"stock","undoes":null,"xid":"790"},
{"nth":28,"command_id":"6ce837e3-67b8-80f1-a249-1e385e07c092:2:0","run_id":"6ce837e3-67b8-80f1-a249-1e385e07c092","type":"Charge","channel":"local","undoes":null,"xid":"792"},
{"nth":29,"command_id":"feae9e46-82c3-8207-ad97-4380113570a5:2:0","run_id":"feae9e46-82c3-8207-ad97-4380113570a5","type":"Charge","channel":"local","undoes":null,"xid":"793"},
{"nth":30,"command_id":"56cec364-f31d-855f-8ba7-4789ecbdfcfe:2:0","run_id":"56cec364-f31d-855f-8ba7-4789ecbdfcfe","type":"Charge","channel":"local","undoes":null,"xid":"794"},
{"nth":31,"command_id":"669277ae-5289-884c-a3dd-49b06afb1629:2:0","run_id":"669277ae-5289-884c-a3dd-49b06afb1629","type":"Charge","channel":"local","undoes":null,"xid":"796"},
{"nth":32,"command_id":"6d1daf83-e194-8582-b767-948740d21ec9:2:0","run_id":"6d1daf83-e194-8582-b767-948740d21ec9","type":"Charge","channel":"local","undoes":null,"xid":"800"},
{"nth":33,"command_id":"75c76372-7e2b-8954-a544-6cbd8bbbda17:2:0","run_id":"75c76372-7e2b-8954-a544-6cbd8bbbda17","type":"Charge","channel":"local","undoes":null,"xid":"802"},
{"nth":34,"command_id":"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8:2:0","run_id":"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8","type":"Charge","channel":"local","undoes":null,"xid":"803"},
{"nth":35,"command_id":"6c700e1d-16d4-8ecd-b2e4-776ff9514782:2:0","run_id":"6c700e1d-16d4-8ecd-b2e4-776ff9514782","type":"Charge","channel":"local","undoes":null,"xid":"805"},
{"nth":36,"command_id":"ffec8b39-f9da-8090-a4d6-39e2f9177361:2:0","run_id":"ffec8b39-f9da-8090-a4d6-39e2f9177361","type":"Charge","channel":"local","undoes":null,"xid":"806"},
{"nth":37,"command_id":"f25dbd82-453f-8ef2-a5b8-a48363a7c8e2:2:0","run_id":"f25dbd82-453f-8ef2-a5b8-a48363a7c8e2","type":"Charge","channel":"local","undoes":null,"xid":"808"},
{"nth":38,"command_id":"55c67456-8fa4-8150-bb8b-d5f61c5c9583:2:0","run_id":"55c67456-8fa4-8150-bb8b-d5f61c5c9583","type":"Charge","channel":"local","undoes":null,"xid":"810"},
{"nth":39,"command_id":"a4f60aaf-794e-8f61-81a6-3dabf3c3b7f8:2:0","run_id":"a4f60aaf-794e-8f61-81a6-3dabf3c3b7f8","type":"Charge","channel":"local","undoes":null,"xid":"811"},
{"nth":40,"command_id":"b0aa35c0-d5cf-8df3-9d44-86fbf731370b:2:0","run_id":"b0aa35c0-d5cf-8df3-9d44-86fbf731370b","type":"Charge","channel":"local","undoes":null,"xid":"814"},
{"nth":41,"command_id":"f163d3c6-9b00-8240-be14-9203d733788c:2:0","run_id":"f163d3c6-9b00-8240-be14-9203d733788c","type":"Charge","channel":"local","undoes":null,"xid":"813"},
{"nth":42,"command_id":"bd8273b1-74a0-85a5-9a08-2e2878c69f6b:2:0","run_id":"bd8273b1-74a0-85a5-9a08-2e2878c69f6b","type":"Charge","channel":"local","undoes":null,"xid":"816"},
{"nth":43,"command_id":"6ce837e3-67b8-80f1-a249-1e385e07c092:3:0","run_id":"6ce837e3-67b8-80f1-a249-1e385e07c092","type":"Ship","channel":"remote","undoes":null,"xid":"818"},
{"nth":44,"command_id":"56cec364-f31d-855f-8ba7-4789ecbdfcfe:3:0","run_id":"56cec364-f31d-855f-8ba7-4789ecbdfcfe","type":"Ship","channel":"remote","undoes":null,"xid":"819"},
{"nth":45,"command_id":"feae9e46-82c3-8207-ad97-4380113570a5:3:0","run_id":"feae9e46-82c3-8207-ad97-4380113570a5","type":"Ship","channel":"remote","undoes":null,"xid":"820"},
{"nth":46,"command_id":"669277ae-5289-884c-a3dd-49b06afb1629:3:0","run_id":"669277ae-5289-884c-a3dd-49b06afb1629","type":"Ship","channel":"remote","undoes":null,"xid":"822"},
{"nth":47,"command_id":"55c67456-8fa4-8150-bb8b-d5f61c5c9583:3:0","run_id":"55c67456-8fa4-8150-bb8b-d5f61c5c9583","type":"Ship","channel":"remote","undoes":null,"xid":"824"},
{"nth":48,"command_id":"ffec8b39-f9da-8090-a4d6-39e2f9177361:3:0","run_id":"ffec8b39-f9da-8090-a4d6-39e2f9177361","type":"Ship","channel":"remote","undoes":null,"xid":"825"},
{"nth":49,"command_id":"f25dbd82-453f-8ef2-a5b8-a48363a7c8e2:3:0","run_id":"f25dbd82-453f-8ef2-a5b8-a48363a7c8e2","type":"Ship","channel":"remote","undoes":null,"xid":"827"},
{"nth":50,"command_id":"b0aa35c0-d5cf-8df3-9d44-86fbf731370b:3:0","run_id":"b0aa35c0-d5cf-8df3-9d44-86fbf731370b","type":"Ship","channel":"remote","undoes":null,"xid":"828"},
{"nth":51,"command_id":"bd8273b1-74a0-85a5-9a08-2e2878c69f6b:3:0","run_id":"bd8273b1-74a0-85a5-9a08-2e2878c69f6b","type":"Ship","channel":"remote","undoes":null,"xid":"829"}
]$rows$);

select setval(pg_get_serial_sequence('proof.effects', 'nth'), (select max(nth) from proof.effects));

delete from proof.lane_steps;
insert into proof.lane_steps overriding system value
select * from json_populate_recordset(null::proof.lane_steps, $rows$[
{"nth":1,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":0,"epoch":1,"former_batch_number":0,"batch_number":0,"session":"sluice-engine","xid":"766"},
{"nth":2,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":0,"batch_number":1,"session":"sluice-writer/1nt3pg2342v/w0","xid":"767"},
{"nth":3,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":1,"batch_number":2,"session":"sluice-writer/1nt3pg2342v/w0","xid":"774"},
{"nth":4,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":2,"batch_number":3,"session":"sluice-writer/1nt3pg2342v/w0","xid":"776"},
{"nth":5,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":3,"batch_number":4,"session":"sluice-writer/1nt3pg2342v/w0","xid":"777"},
{"nth":6,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":4,"batch_number":5,"session":"sluice-writer/1nt3pg2342v/w0","xid":"779"},
{"nth":7,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":5,"batch_number":6,"session":"sluice-writer/1nt3pg2342v/w0","xid":"781"},
{"nth":8,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":6,"batch_number":7,"session":"sluice-writer/1nt3pg2342v/w0","xid":"782"},
{"nth":9,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":7,"batch_number":8,"session":"sluice-writer/1nt3pg2342v/w0","xid":"783"},
{"nth":10,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":8,"batch_number":9,"session":"sluice-writer/1nt3pg2342v/w0","xid":"784"},
{"nth":11,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":9,"batch_number":10,"session":"sluice-writer/1nt3pg2342v/w0","xid":"785"},
{"nth":12,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":10,"batch_number":11,"session":"sluice-writer/1nt3pg2342v/w0","xid":"786"},
{"nth":13,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":11,"batch_number":12,"session":"sluice-writer/1nt3pg2342v/w0","xid":"790"},
{"nth":14,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":12,"batch_number":13,"session":"sluice-writer/1nt3pg2342v/w0","xid":"795"},
{"nth":15,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":13,"batch_number":14,"session":"sluice-writer/1nt3pg2342v/w0","xid":"798"},
{"nth":16,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":14,"batch_number":15,"session":"sluice-writer/1nt3pg2342v/w0","xid":"799"},
{"nth":17,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":15,"batch_number":16,"session":"sluice-writer/1nt3pg2342v/w0","xid":"801"},
{"nth":18,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":16,"batch_number":17,"session":"sluice-writer/1nt3pg2342v/w0","xid":"807"},
{"nth":19,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":17,"batch_number":18,"session":"sluice-writer/1nt3pg2342v/w0","xid":"812"},
{"nth":20,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":18,"batch_number":19,"session":"sluice-writer/1nt3pg2342v/w0","xid":"815"},
{"nth":21,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":19,"batch_number":20,"session":"sluice-writer/1nt3pg2342v/w0","xid":"817"},
{"nth":22,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":20,"batch_number":21,"session":"sluice-writer/1nt3pg2342v/w0","xid":"821"},
{"nth":23,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":21,"batch_number":22,"session":"sluice-writer/1nt3pg2342v/w0","xid":"823"},
{"nth":24,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":22,"batch_number":23,"session":"sluice-writer/1nt3pg2342v/w0","xid":"826"},
{"nth":25,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":23,"batch_number":24,"session":"sluice-writer/1nt3pg2342v/w0","xid":"830"},
{"nth":26,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":24,"batch_number":25,"session":"sluice-writer/1nt3pg2342v/w0","xid":"831"},
{"nth":27,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":25,"batch_number":26,"session":"sluice-writer/1nt3pg2342v/w0","xid":"832"},
{"nth":28,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":26,"batch_number":27,"session":"sluice-writer/1nt3pg2342v/w0","xid":"833"},
{"nth":29,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":27,"batch_number":28,"session":"sluice-writer/1nt3pg2342v/w0","xid":"834"},
{"nth":30,"lane_id":0,"owner_id":"bbd6302b-45bb-48ac-ac0b-78afecefb490","former_epoch":1,"epoch":1,"former_batch_number":28,"batch_number":29,"session":"sluice-writer/1nt3pg2342v/w0","xid":"835"}
]$rows$);

select setval(pg_get_serial_sequence('proof.lane_steps', 'nth'), (select max(nth) from proof.lane_steps));

delete from proof.letters;
insert into proof.letters overriding system value
select * from json_populate_recordset(null::proof.letters, $rows$[
{"run_id":"6d1daf83-e194-8582-b767-948740d21ec9","version":4,"lane":0,"reason":"command-refused","state":"shipping","input":"{\"kind\":\"settled\",\"runId\":\"6d1daf83-e194-8582-b767-948740d21ec9\",\"commandId\":\"6d1daf83-e194-8582-b767-948740d21ec9:3:0\",\"attempt\":1,\"settlement\":{\"type\":\"failed\",\"error\":{\"code\":\"PROOF_REFUSED\",\"kind\":\"invalid\",\"message\":\"the address is unknown\",\"stack\":\"CodedError: the address is unknown\\n    at file:///tmp/c1/tree/contracts/src/problem.ts:62:12\\n    at file:///tmp/c1/tree/cli/src/proof/previous-schema/make-snapshot.ts:50:13\\n    at file:///tmp/c1/tree/engine/src/participant/local.ts:63:22\\n    at callBounded (file:///tmp/c1/tree/engine/src/participant/bounded-call.ts:44:39)\\n    at deliver (file:///tmp/c1/tree/engine/src/participant/local.ts:62:14)\\n    at process.processTicksAndRejections (node:internal/process/task_queues:104:5)\\n    at async settle (file:///tmp/c1/tree/engine/src/transports/memory/memory-transport.ts:36:19)\\n    at async Promise.all (index 0)\\n    at async #send (file:///tmp/c1/tree/engine/src/runtime/relay.ts:87:21)\"}}}","error":"{\"code\":\"PROOF_REFUSED\",\"kind\":\"invalid\",\"message\":\"the address is unknown\",\"stack\":\"CodedError: the address is unknown\\n    at file:///tmp/c1/tree/contracts/src/problem.ts:62:12\\n    at file:///tmp/c1/tree/cli/src/proof/previous-schema/make-snapshot.ts:50:13\\n    at file:///tmp/c1/tree/engine/src/participant/local.ts:63:22\\n    at callBounded (file:///tmp/c1/tree/engine/src/participant/bounded-call.ts:44:39)\\n    at deliver (file:///tmp/c1/tree/engine/src/participant/local.ts:62:14)\\n    at process.processTicksAndRejections (node:internal/process/task_queues:104:5)\\n    at async settle (file:///tmp/c1/tree/engine/src/transports/memory/memory-transport.ts:36:19)\\n    at async Promise.all (index 0)\\n    at async #send (file:///tmp/c1/tree/engine/src/runtime/relay.ts:87:21)\"}","at":"2026-11-21T21:53:43.455+00:00"},
{"run_id":"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8","version":4,"lane":0,"reason":"command-refused","state":"shipping","input":"{\"kind\":\"settled\",\"runId\":\"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8\",\"commandId\":\"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8:3:0\",\"attempt\":1,\"settlement\":{\"type\":\"failed\",\"error\":{\"code\":\"PROOF_REFUSED\",\"kind\":\"invalid\",\"message\":\"the address is unknown\",\"stack\":\"CodedError: the address is unknown\\n    at file:///tmp/c1/tree/contracts/src/problem.ts:62:12\\n    at file:///tmp/c1/tree/cli/src/proof/previous-schema/make-snapshot.ts:50:13\\n    at file:///tmp/c1/tree/engine/src/participant/local.ts:63:22\\n    at callBounded (file:///tmp/c1/tree/engine/src/participant/bounded-call.ts:44:39)\\n    at deliver (file:///tmp/c1/tree/engine/src/participant/local.ts:62:14)\\n    at process.processTicksAndRejections (node:internal/process/task_queues:104:5)\\n    at async settle (file:///tmp/c1/tree/engine/src/transports/memory/memory-transport.ts:36:19)\\n    at async Promise.all (index 0)\\n    at async #send (file:///tmp/c1/tree/engine/src/runtime/relay.ts:87:21)\"}}}","error":"{\"code\":\"PROOF_REFUSED\",\"kind\":\"invalid\",\"message\":\"the address is unknown\",\"stack\":\"CodedError: the address is unknown\\n    at file:///tmp/c1/tree/contracts/src/problem.ts:62:12\\n    at file:///tmp/c1/tree/cli/src/proof/previous-schema/make-snapshot.ts:50:13\\n    at file:///tmp/c1/tree/engine/src/participant/local.ts:63:22\\n    at callBounded (file:///tmp/c1/tree/engine/src/participant/bounded-call.ts:44:39)\\n    at deliver (file:///tmp/c1/tree/engine/src/participant/local.ts:62:14)\\n    at process.processTicksAndRejections (node:internal/process/task_queues:104:5)\\n    at async settle (file:///tmp/c1/tree/engine/src/transports/memory/memory-transport.ts:36:19)\\n    at async Promise.all (index 0)\\n    at async #send (file:///tmp/c1/tree/engine/src/runtime/relay.ts:87:21)\"}","at":"2026-11-21T21:53:43.475+00:00"},
{"run_id":"75c76372-7e2b-8954-a544-6cbd8bbbda17","version":4,"lane":0,"reason":"command-refused","state":"shipping","input":"{\"kind\":\"settled\",\"runId\":\"75c76372-7e2b-8954-a544-6cbd8bbbda17\",\"commandId\":\"75c76372-7e2b-8954-a544-6cbd8bbbda17:3:0\",\"attempt\":1,\"settlement\":{\"type\":\"failed\",\"error\":{\"code\":\"PROOF_REFUSED\",\"kind\":\"invalid\",\"message\":\"the address is unknown\",\"stack\":\"CodedError: the address is unknown\\n    at file:///tmp/c1/tree/contracts/src/problem.ts:62:12\\n    at file:///tmp/c1/tree/cli/src/proof/previous-schema/make-snapshot.ts:50:13\\n    at file:///tmp/c1/tree/engine/src/participant/local.ts:63:22\\n    at callBounded (file:///tmp/c1/tree/engine/src/participant/bounded-call.ts:44:39)\\n    at deliver (file:///tmp/c1/tree/engine/src/participant/local.ts:62:14)\\n    at process.processTicksAndRejections (node:internal/process/task_queues:104:5)\\n    at async settle (file:///tmp/c1/tree/engine/src/transports/memory/memory-transport.ts:36:19)\\n    at async Promise.all (index 0)\\n    at async #send (file:///tmp/c1/tree/engine/src/runtime/relay.ts:87:21)\"}}}","error":"{\"code\":\"PROOF_REFUSED\",\"kind\":\"invalid\",\"message\":\"the address is unknown\",\"stack\":\"CodedError: the address is unknown\\n    at file:///tmp/c1/tree/contracts/src/problem.ts:62:12\\n    at file:///tmp/c1/tree/cli/src/proof/previous-schema/make-snapshot.ts:50:13\\n    at file:///tmp/c1/tree/engine/src/participant/local.ts:63:22\\n    at callBounded (file:///tmp/c1/tree/engine/src/participant/bounded-call.ts:44:39)\\n    at deliver (file:///tmp/c1/tree/engine/src/participant/local.ts:62:14)\\n    at process.processTicksAndRejections (node:internal/process/task_queues:104:5)\\n    at async settle (file:///tmp/c1/tree/engine/src/transports/memory/memory-transport.ts:36:19)\\n    at async Promise.all (index 0)\\n    at async #send (file:///tmp/c1/tree/engine/src/runtime/relay.ts:87:21)\"}","at":"2026-11-21T21:53:43.489+00:00"},
{"run_id":"6d1daf83-e194-8582-b767-948740d21ec9","version":5,"lane":0,"reason":null,"state":"shipping","input":"{\"kind\":\"event\",\"runId\":\"6d1daf83-e194-8582-b767-948740d21ec9\",\"id\":\"Received 6d1daf83-e194-8582-b767-948740d21ec9\",\"type\":\"Received\",\"data\":{\"n\":1}}","error":null,"at":"2026-11-21T21:53:43.489+00:00"},
{"run_id":"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8","version":5,"lane":0,"reason":null,"state":"shipping","input":"{\"kind\":\"event\",\"runId\":\"a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8\",\"id\":\"Received a59fd0ff-58e2-89d4-a1ae-8efa13d8c1f8\",\"type\":\"Received\",\"data\":{\"n\":1}}","error":null,"at":"2026-11-21T21:53:43.502+00:00"},
{"run_id":"75c76372-7e2b-8954-a544-6cbd8bbbda17","version":5,"lane":0,"reason":null,"state":"shipping","input":"{\"kind\":\"event\",\"runId\":\"75c76372-7e2b-8954-a544-6cbd8bbbda17\",\"id\":\"Received 75c76372-7e2b-8954-a544-6cbd8bbbda17\",\"type\":\"Received\",\"data\":{\"n\":1}}","error":null,"at":"2026-11-21T21:53:43.532+00:00"}
]$rows$);

delete from proof.sluice_migrations;
insert into proof.sluice_migrations overriding system value
select * from json_populate_recordset(null::proof.sluice_migrations, $rows$[
{"room":"proof","number":1,"name":"0001-witness","checksum":"e8538bcec7ca299216df8915a1ccfcadb48ab5f43d6f34430ac9fafda66e32c7","applied_at":"2026-11-21T21:53:42.147297+00:00"}
]$rows$);

delete from proof.tally;
insert into proof.tally overriding system value
select * from json_populate_recordset(null::proof.tally, $rows$[
{"is_only":true,"effects":21,"undos":0}
]$rows$);

reset session_replication_role;
reset search_path;
