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
