-- What is known of an API key, as `admit` answers it.
return answer(1, read(), 0)
