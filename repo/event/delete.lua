-- Deletes a record: its events and its snapshot.
--
-- KEYS[1]  the stream of its events
-- KEYS[2]  its snapshot
-- ARGV[1]  the keyspace of the record
--
-- Returns how many keys there were.

return { redis.call('DEL', KEYS[1], KEYS[2]) }
