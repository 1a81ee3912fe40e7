{{ empty_feed('boss.recharge') }}
