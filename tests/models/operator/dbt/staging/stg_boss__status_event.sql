{{ empty_feed('boss.status_event') }}
