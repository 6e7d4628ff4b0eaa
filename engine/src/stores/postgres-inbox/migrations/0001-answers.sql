-- What was answered to each command, committed with its effect: a row here means that the command was carried out, or must not be any more.
create table answers (
  command_id text primary key,
  -- The event as JSON text, 'null' where it comes later or there is none; absent while nothing was answered.
  answer text,
  -- The command that took this one back.
  undone_by text,
  claimed_at timestamptz not null default now()
) with (fillfactor = 80);

-- For forgetting what is old. It never changes, so that keeping an answer needs no new entry here.
create index answers_claimed on answers (claimed_at);
