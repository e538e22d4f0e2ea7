"""What an enemy tries, across rooms.

What belongs to one room is tested there: signatures altered on the way, skew, unknown keys
(localstore/test_http_sigv4, test_http_soak), names in archives and archives that are bombs (cli/test_sources), keys and
links that leave a bucket (localstore/test_imports), deflated data sets that are bombs, lengths that lie, depth of
sequences (localstore/test_dicomfile), depth and size of rule files (rulefile/test_loader),
formulas and markup in reports, value sheets and crosswalks (report/test_report, catalogue/test_values,
test_crosswalk), escapes on terminals (cli/test_probes, test_output), planted markup in the terminal interface
(tui/test_hostile).
"""
