-- Group roles, and what a person may touch beside the marts. Idempotent: executed at every `apply`
-- and publication, because roles belong to the server and may be gone while the database remains.
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
    foreach relation in array array['data_state', 'month_close']
    loop
        if not has_table_privilege('telmart_people', format('status.%I', relation), 'select') then
            execute format('grant select on status.%I to telmart_people', relation);
        end if;
    end loop;
    foreach relation in array array[
        'request_msisdn(text, text)', 'reveal_msisdn(bigint)',
        'request_vip_profile(text, text)', 'reveal_vip_profile(bigint)'
    ]
    loop
        if not has_function_privilege('telmart_people', 'access.' || relation, 'execute') then
            execute format('grant execute on function access.%s to telmart_people', relation);
        end if;
    end loop;
end $$;
