{{ empty_feed('crm.contract') }}
