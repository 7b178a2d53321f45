-- A closed loop for wrk: each connection sends its next request after a response.
--
-- Arguments, each as name=value:
--   seconds      how long to send requests. After that, the script waits for the outstanding
--                responses and prints "drained"
--   connections  the number of connections of this thread
--   head, body   the request template: see benchmarks/load.py for {key}, {id}, {text} and others
--   first, step, ids
--                {id} is drawn at random from these: first, first + step, ...
--   texts        {text} is drawn at random from these, which are separated by |
--   customers    {customer} is drawn at random from 1 .. customers
--   number       {number} counts from here
--   seed         the seed of the random numbers, except those of keys

local ffi = require("ffi")
ffi.cdef("struct timeval { long seconds; int microseconds; }; int gettimeofday(struct timeval *, void *);")
local random = assert(io.open("/dev/urandom", "rb"))
local words, spare = ffi.new("uint32_t[1024]"), 0 -- random ones, and how many are unused
local moment = ffi.new("struct timeval")

local function now()
   ffi.C.gettimeofday(moment, nil)
   return tonumber(moment.seconds) + moment.microseconds / 1e6
end

local options = {}
local made = 0
local drawn = {}
local texts = {}
local ends = nil
held = 0 -- connections that have received their last response
strays = 0 -- requests sent after the end of the load; see request()

local function draw()
   local id
   repeat
      id = options.first + options.step * math.random(0, options.ids - 1)
   until drawn[id] ~= made
   drawn[id] = made
   return id
end

local function pick()
   return texts[math.random(#texts)]
end

-- Returns a random UUID (RFC 9562, version 4), whatever the seed: no two loads share keys.
local function key()
   if spare < 4 then
      ffi.copy(words, random:read(4096), 4096)
      spare = 1024
   end
   spare = spare - 4
   local a, b, c, d = words[spare], words[spare + 1], words[spare + 2], words[spare + 3]
   return string.format(
      "%08x-%04x-4%03x-%04x-%04x%08x", a, bit.rshift(b, 16), bit.band(b, 0xfff),
      bit.bor(bit.band(bit.rshift(c, 16), 0x3fff), 0x8000), bit.band(c, 0xffff), d
   )
end

local function customer()
   return math.random(options.customers)
end

local function number()
   return string.format("%d", options.number + made)
end

local fillers = { id = draw, key = key, text = pick, customer = customer, number = number }

-- Returns a list of texts and functions.
local function compile(template)
   local parts = {}
   local rest = 1
   while true do
      local from, to, name = template:find("{(%l+)}", rest)
      if not from then break end
      parts[#parts + 1] = template:sub(rest, from - 1)
      parts[#parts + 1] = fillers[name]
      rest = to + 1
   end
   parts[#parts + 1] = template:sub(rest)
   return parts
end

local function render(parts)
   local filled = {}
   for i, part in ipairs(parts) do
      filled[i] = type(part) == "string" and part or part()
   end
   return table.concat(filled)
end

local threads = {}
function setup(thread) threads[#threads + 1] = thread end

function init(arguments)
   for _, argument in ipairs(arguments) do
      local name, value = argument:match("^(%l+)=(.*)$")
      options[name] = tonumber(value) or value
   end
   math.randomseed(options.seed)
   for text in tostring(options.texts):gmatch("[^|]+") do texts[#texts + 1] = text end
   options.head = compile(options.head)
   options.body = compile(tostring(options.body))
end

function request()
   -- After a connection broke before its response, wrk sends again without calling delay().
   if ends and now() >= ends then
      strays = strays + 1
      return "GET /stray HTTP/1.1\r\nHost: localhost\r\n\r\n"
   end
   made = made + 1
   local head, body = render(options.head), render(options.body)
   return table.concat({ head, "Content-Length: ", #body, "\r\n\r\n", body })
end

-- wrk calls this before it sends: at first, and after each response.
function delay()
   local t = now()
   ends = ends or t + options.seconds
   if t < ends then return 0 end
   held = held + 1
   if held == options.connections then
      io.write("drained\n")
      io.flush()
   end
   return 3600000
end

function done(summary, latency)
   local late, stray = 0, 0
   for _, thread in ipairs(threads) do
      late = late + thread:get("held")
      stray = stray + thread:get("strays")
   end
   local errors = summary.errors
   io.write(string.format(
      'result {"answers": %d, "late": %d, "strays": %d, "p50_us": %d, "p99_us": %d, '
         .. '"connect": %d, "read": %d, "write": %d, "timeout": %d, "status": %d}\n',
      summary.requests, late, stray, latency:percentile(50), latency:percentile(99),
      errors.connect, errors.read, errors.write, errors.timeout, errors.status
   ))
end
