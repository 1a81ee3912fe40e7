-- The mart of individual customers, apart from that of group customers.

insert into status.data_state (mart, mart_name, mart_name_en)
values ('individual_value', '个人客户价值', 'Individual customer value');

update status.data_state
set mart_name = '集团客户价值', mart_name_en = 'Group customer value'
where mart = 'customer_value';
