-- wrk's requests for `redirect.py`: the paths of the file that PATHS names, one after the other, from a phone.
local paths, i = {}, 0
for line in io.lines(os.getenv("PATHS")) do paths[#paths + 1] = line end
wrk.headers["User-Agent"] = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
wrk.headers["Accept-Language"] = "fr-FR,fr;q=0.9"

function request()
  i = i % #paths + 1
  return wrk.format("GET", paths[i])
end
