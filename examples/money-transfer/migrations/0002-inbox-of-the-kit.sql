-- What was answered is remembered by the kit's inbox, in a table of its own.
drop table other_answers;
