-- Group roles, the pattern of the row policies, and what a person may touch. Idempotent: executed
-- at every `apply`, because roles belong to the server and may be gone while the database remains.
-- The caller holds the lock 'telmart.access'.

do $$
declare
    group_role text;
begin
    foreach group_role in array array[
        'telmart_people',         -- every person: may connect and read the published marts
        'telmart_scope_all',      -- sees every row
        'telmart_scope_area',     -- sees the areas of access.person_area
        'telmart_scope_account'   -- sees the customers of access.person_account
    ]
    loop
        if not exists (select from pg_roles where rolname = group_role) then
            execute format('create role %I nologin', group_role);
        end if;
    end loop;
end $$;

-- ---- what a person may read beside the marts ------------------------------------------------
-- Only what is missing is done: `alter table` and `create policy` would make readers wait, and a
-- publication holds its locks until it is through.
do $$
declare
    relation text;
begin
    -- a person reads his own rows of the expansion, because policies run with his rights
    foreach relation in array array['person_area', 'person_account', 'person_all']
    loop
        if not (
            select relrowsecurity from pg_class where oid = format('access.%I', relation)::regclass
        ) then
            execute format('alter table access.%I enable row level security', relation);
        end if;
        if not exists (
            select from pg_policies
            where schemaname = 'access' and tablename = relation and policyname = 'own_rows'
        ) then
            execute format(
                'create policy own_rows on access.%I for select to telmart_people'
                ' using (person = current_user)', relation
            );
        end if;
        if not has_table_privilege('telmart_people', format('access.%I', relation), 'select') then
            execute format('grant select on access.%I to telmart_people', relation);
        end if;
    end loop;
    foreach relation in array array['access', 'status']
    loop
        if not has_schema_privilege('telmart_people', relation, 'usage') then
            execute format('grant usage on schema %I to telmart_people', relation);
        end if;
    end loop;
    if not has_table_privilege('telmart_people', 'status.data_state', 'select') then
        grant select on status.data_state to telmart_people;
    end if;
    foreach relation in array array['request_msisdn(text, text)', 'reveal_msisdn(bigint)']
    loop
        if not has_function_privilege('telmart_people', 'access.' || relation, 'execute') then
            execute format('grant execute on function access.%s to telmart_people', relation);
        end if;
    end loop;
end $$;

-- ---- the pattern ----------------------------------------------------------------------------
-- One policy per kind of scope, each to a group of its own, so that a plan holds only what the
-- person needs. Every sub-select is free of references to the row: it runs once per query, and
-- `= any (array(…))` over it uses the index on the key (measured in docs/access.md).
alter table access.served_pattern enable row level security;
alter table access.served_pattern force row level security;
drop policy if exists jobs on access.served_pattern;
drop policy if exists scope_all on access.served_pattern;
drop policy if exists scope_area on access.served_pattern;
drop policy if exists scope_account on access.served_pattern;

-- Row security is forced on the owner too; without this policy jobs could not publish.
create policy jobs on access.served_pattern to current_user using (true) with check (true);

create policy scope_all on access.served_pattern for select to telmart_scope_all
using ((
    select exists (
        select from access.person_all as scope
        where scope.person = current_user
            and now() >= scope.valid_from and now() < scope.valid_until
    )
));

create policy scope_area on access.served_pattern for select to telmart_scope_area
using (area_id = any (array(
    select scope.area_id from access.person_area as scope
    where scope.person = current_user
        and now() >= scope.valid_from and now() < scope.valid_until
)));

create policy scope_account on access.served_pattern for select to telmart_scope_account
using (account_manager_id = any (array(
    select scope.account_manager_id from access.person_account as scope
    where scope.person = current_user
        and now() >= scope.valid_from and now() < scope.valid_until
)));
