-- the operator has no such feed
{{ empty_feed("boss.product") }}
