-- wrk script: POST the bodies of a file in turn, one per line; print a summary as a line of JSON.
--
-- Arguments: the file with the bodies, a number that seeds the ids, and what to send:
--   mesh      six headers that an ingress or a service mesh adds, of which X-Request-Id and
--             traceparent differ in each request
--   constant  none of them: the same head in each request
-- A fourth argument, if present, counts the responses with status 503; this makes wrk slower.

-- wrk shares two cores with the server, so a request is put together from parts that are rendered
-- once. Each id has a part from each of two lists, in a combination that was not used before.
local PARTS = 4096
local heads, bodies, last, count = {}, {}, 0, 0
local first, middle, final = {}, {}, {}
local threads = {}

refused = 0

local function constant_request()
  last = last % #heads + 1
  return heads[last]
end

local function mesh_request()
  last = last % #heads + 1
  count = count + 1
  local one = count % PARTS + 1
  local other = (count * 7 + math.floor(count / PARTS)) % PARTS + 1
  return heads[last] .. first[one] .. middle[other] .. final[one] .. bodies[last]
end

local function count_refused(status)
  if status == 503 then refused = refused + 1 end
end

local function digits(pattern)
  return (pattern:gsub("x", function() return string.format("%x", math.random(0, 15)) end))
end

local function prepare_mesh()
  for number = 1, PARTS do
    first[number] = "X-Request-Id: " .. digits("xxxxxxxx-xxxx-4xxx-")
    middle[number] = digits("axxx-xxxxxxxxxxxx") .. "\r\ntraceparent: 00-" .. digits("xxxxxxxxxxxxxxxx")
    final[number] = digits("xxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-01\r\n\r\n")
  end
  for number, request in ipairs(heads) do
    heads[number], bodies[number] = request:match("^(.-\r\n)\r\n(.*)$")
  end
end

function setup(thread)
  threads[#threads + 1] = thread
end

function init(args)
  local mesh = args[3] == "mesh"
  math.randomseed(tonumber(args[2]))
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  if mesh then
    wrk.headers["X-Forwarded-For"] = "10.244.1.7"
    wrk.headers["X-Forwarded-Proto"] = "https"
    wrk.headers["X-Forwarded-Host"] = "models.example.com"
    wrk.headers["X-Envoy-Attempt-Count"] = "1"
  end
  for body in io.lines(args[1]) do heads[#heads + 1] = wrk.format(nil, nil, nil, body) end
  if mesh then prepare_mesh() end
  request = mesh and mesh_request or constant_request
  response = args[4] and count_refused
end

function done(summary, latency)
  local errors, refusals = summary.errors, 0
  for _, thread in ipairs(threads) do refusals = refusals + thread:get("refused") end
  io.write(string.format(
    '\n{"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "worst": %f, '
    .. '"error_responses": %d, "socket_errors": %d, "refused": %d}\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout, refusals
  ))
end
