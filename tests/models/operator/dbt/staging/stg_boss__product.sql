{{ empty_feed('boss.product') }}
