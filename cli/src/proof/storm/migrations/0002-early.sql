-- A command leaves with the commit of the batch that issued it, and not before: whoever carries it out beyond the batch can read its run at
-- that version, or at a later one. The id of a command is `<run>:<version>:<n>`.
alter table effects add column is_early boolean not null default false;

create function note_early() returns trigger language plpgsql as $$
begin
  new.is_early := not exists (
    select from sluice.runs
     where run_id = new.run_id and version >= split_part(new.command_id, ':', 2)::integer);
  return new;
end $$;
-- Within the batch its runs are written last.
create trigger note_early before insert on effects for each row
  when (new.channel not in ('stock', 'seats'))
  execute function note_early();
