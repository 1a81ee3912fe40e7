-- The log says what was looked at: a number, or the profile of a VIP.

alter table access.pii_access add column subject text not null default 'msisdn'
    check (subject in ('msisdn', 'vip_profile'));
comment on column access.pii_access.subject is
    'What was asked for: msisdn 号码, vip_profile 个人大客户资料. 查看内容。';
comment on table access.pii_access is
    'Every look behind a mask: who, when, of whom, what, why. 敏感信息查看日志。';
