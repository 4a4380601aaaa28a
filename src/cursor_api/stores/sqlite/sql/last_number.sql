SELECT max(number) FROM requests
