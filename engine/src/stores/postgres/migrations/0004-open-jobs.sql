-- How far a job is, apart from what it is to do, which may name thousands of runs: that is written once, this after every page. Null where
-- the progress of an older job still stands beside its plan.
alter table actions add column progress text;

-- What a job looks for: runs that have not ended, of one version of a flow, in the order of their birth. A job that is asked for again finds
-- its end without reading all that are not its own.
create index run_search_open on run_search (flow, flow_version, created_at, run_id) where outcome is null;
