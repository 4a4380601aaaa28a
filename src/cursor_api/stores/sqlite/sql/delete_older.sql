-- All rows up to this number.
DELETE FROM requests WHERE number <= ?
