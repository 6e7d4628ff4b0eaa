-- What the asker of a pause, or of lifting one, was told: a repeat is told the same, and changes nothing.
alter table actions add column result text;
