-- wrk that asks for each of the paths in its arguments in turn.
local requests, last = {}, 0

function init(args)
  for place, path in ipairs(args) do
    requests[place] = wrk.format("GET", path)
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end
