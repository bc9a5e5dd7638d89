-- Carries out the writes that write.lua has prepared.

for _, w in ipairs(writes) do
  if w.event then
    announce(events, w.event)
  end
  if op ~= 'delete' then
    store(w.record, w.sets, w.last, w.clears, w.exists and w.adds - 1 or 0)
  end
  if w.claims then -- before the expiry: if that is past, it removes the record
    rely(w.record, w.id, w.claims)
  end
  if op == 'delete' then
    call('DEL', w.record)
  elseif w.deadline == 0 then
    if expires then -- its name stands where the fields that are set end
      store(w.record, 1, 0, w.last + 1, w.last + 1)
    end
    call('PERSIST', w.record)
  elseif w.deadline then
    call('PEXPIREAT', w.record, format('%.0f', w.deadline))
  end
  if w.footprint then
    call('HSET', base .. 'm', w.id, w.footprint)
  elseif w.footprint == false then
    call('HDEL', base .. 'm', w.id)
  end
end
