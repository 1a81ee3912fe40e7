-- The mart of group customers. A mart's name is said once, in the migration that brings it.

insert into status.data_state (mart, mart_name, mart_name_en)
values ('customer_value', '客户价值', 'Customer value');
