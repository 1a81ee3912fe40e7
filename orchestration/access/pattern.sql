-- The row policies of every served table, written once; see groups.py for when this is executed.
--
-- One policy per kind of scope, each to a group of its own, so that a plan holds only what the
-- person needs. Every sub-select is free of references to the row: it runs once per query, and
-- `= any (array(…))` over it uses the index on the key (measured in docs/access.md).
alter table access.served_pattern enable row level security;
alter table access.served_pattern force row level security;
do $$
declare
    old name;
begin
    for old in select polname from pg_policy where polrelid = 'access.served_pattern'::regclass
    loop
        execute format('drop policy %I on access.served_pattern', old);
    end loop;
end $$;

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
