"""Quality checks with Great Expectations: suites are files, results are tables and Data Docs.

``suites``    read ``expectations/suites`` and the contracts into rules
``profile``   numbers per period (volume, averages, orphans) and what is usual for them
``validator`` run rules on batches in PostgreSQL; the only module that touches Great Expectations
``arrival``   check what arrived, per feed
``marts``     check what dbt built, per mart, before anybody sees it
``results``   keep outcomes in ``quality.check_result`` and put failures into words
"""
