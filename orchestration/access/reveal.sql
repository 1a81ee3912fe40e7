-- Looking behind the mask; executed at every `apply`, because it names models. Marts carry
-- 138****1234; an account manager who must call a customer of his own asks for the number in two
-- steps:
--
--     select access.request_msisdn('S0001234', 'contract ends this month');   -- 17
--     select access.reveal_msisdn(17);                                        -- 13812341234
--
-- Two, because a log row written in the same transaction as the answer could be rolled back after
-- reading it. The number is given only for a request that an earlier transaction has committed.

create or replace function access.request_msisdn(subscriber_id text, reason text) returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    request bigint;
begin
    if length(btrim(coalesce(reason, ''))) < 5 then
        raise exception using errcode = 'invalid_parameter_value',
            message = 'Say why you need the number, in at least five characters. 请填写查看原因。';
    end if;
    -- The same answer for a foreign customer and for none: it must not tell who exists.
    if not exists (
        select from core.dim_subscriber as customer
        inner join access.person_account as scope
            on customer.account_manager_id_current = scope.account_manager_id
        where customer.subscriber_id = request_msisdn.subscriber_id
            and scope.person = session_user
            and now() >= scope.valid_from and now() < scope.valid_until
    ) then
        raise exception using errcode = 'insufficient_privilege',
            message = 'No customer of yours has this subscriber_id. 该用户不在您的客户范围内。';
    end if;
    insert into access.pii_access (person, subscriber_id, reason)
    values (session_user, request_msisdn.subscriber_id, btrim(request_msisdn.reason))
    returning pii_access_id into request;
    return request;
end $$;

-- Whom a request of the caller's is about, if it may be answered now; people cannot call it.
create or replace function access.subscriber_asked_for(request bigint, subject text) returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    subscriber text;
begin
    select asked.subscriber_id into subscriber
    from access.pii_access as asked
    inner join core.dim_subscriber as customer on asked.subscriber_id = customer.subscriber_id
    inner join access.person_account as scope
        on customer.account_manager_id_current = scope.account_manager_id
    where asked.pii_access_id = request
        and asked.subject = subscriber_asked_for.subject
        and asked.person = session_user
        and scope.person = session_user
        and now() >= scope.valid_from and now() < scope.valid_until
        and asked.requested_at > now() - interval '10 minutes'
        and asked.request_xid <> pg_current_xact_id();
    if not found then
        raise exception using errcode = 'insufficient_privilege',
            message = format('No request of yours of the last ten minutes has this number. Ask with'
                ' access.request_%s first, in a transaction of its own. 请先提交查看申请。', subject);
    end if;
    return subscriber;
end $$;

create or replace function access.reveal_msisdn(request bigint) returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    subscriber text := access.subscriber_asked_for(request, 'msisdn');
    number text;
begin
    -- numbers are masked from core on
    select snapshot.msisdn into number
    from core.dim_subscriber as customer
    inner join staging.stg_crm__subscriber as snapshot
        on customer.subscriber_id = snapshot.subscriber_id
        and customer.as_of_month = snapshot.stat_month
    where customer.subscriber_id = subscriber;
    return number;
end $$;

-- The profile of a VIP, of which marts carry only whether each fact is on file, in the same two steps.
create or replace function access.request_vip_profile(subscriber_id text, reason text)
returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    -- whoever may not ask for the number may not ask for the profile
    request bigint := access.request_msisdn(subscriber_id, reason);
begin
    update access.pii_access set subject = 'vip_profile' where pii_access_id = request;
    return request;
end $$;

create or replace function access.reveal_vip_profile(
    request bigint,
    out birthday text, out occupation text, out industry_code text, out interests text
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    subscriber text := access.subscriber_asked_for(request, 'vip_profile');
begin
    -- no profile on file is an answer too: all of it empty; the newest file may be still to come
    select profile.birthday, profile.occupation, profile.industry_code, profile.interests
    into birthday, occupation, industry_code, interests
    from core.dim_subscriber as customer
    inner join staging.stg_crm__vip_profile as profile
        on customer.subscriber_id = profile.subscriber_id
    where customer.subscriber_id = subscriber
        and profile.stat_month = (
            select max(told.stat_month) from staging.stg_crm__vip_profile as told
            where told.stat_month <= customer.as_of_month
        );
end $$;

revoke execute on function access.subscriber_asked_for(bigint, text) from public;
revoke execute on function access.request_msisdn(text, text) from public;
revoke execute on function access.request_vip_profile(text, text) from public;
revoke execute on function access.reveal_vip_profile(bigint) from public;
comment on function access.request_vip_profile(text, text) is
    'Log the wish to see the profile of a VIP of one''s own. 申请查看个人大客户资料。';
comment on function access.reveal_vip_profile(bigint) is
    'Birthday, occupation, industry and interests for a request just logged. 查看个人大客户资料。';
revoke execute on function access.reveal_msisdn(bigint) from public;
comment on function access.request_msisdn(text, text) is
    'Log the wish to see the full number of a customer of one''s own. 申请查看完整号码。';
comment on function access.reveal_msisdn(bigint) is
    'The full number for a request just logged. 查看完整号码。';
