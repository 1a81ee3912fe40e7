-- Schemas of the warehouse. People are granted nothing here; see 020_access.sql.
create schema if not exists raw;        -- what arrived, one partitioned table per feed
create schema if not exists raw_old;    -- partitions that a later load replaced
create schema if not exists reference;  -- rule tables (dbt seeds)
create schema if not exists staging;    -- dbt views, one per feed
create schema if not exists core;       -- dbt dimensions and facts
create schema if not exists build;      -- marts as dbt builds them, before they are checked
create schema if not exists retention;  -- the published mart: what people read
create schema if not exists status;     -- published state of the data, readable by everybody
create schema if not exists quality;    -- results of Great Expectations
create schema if not exists access;     -- people, their scopes, and who looked behind a mask
revoke all on schema public from public;
