-- the operator has no such feed
{{ empty_feed("crm.contract") }}
