{{ empty_feed('hr.staff') }}
