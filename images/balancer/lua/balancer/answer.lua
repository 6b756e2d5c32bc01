-- What the balancer answers of itself: redirects, fixed responses, and that there is no target.

local answer = {}

local DEFAULT_PORTS = { http = "80", https = "443" }

local function filled(template, parts)
    return (template:gsub("#{(%l+)}", parts))
end

local function redirect(action, port)
    local path, query = ngx.var.request_uri:match("^([^?]*)%??(.*)$")
    local parts = {
        protocol = ngx.var.scheme,
        host = ngx.var.host,
        port = port,
        -- A request for a whole URL (as to a proxy) has no path that could be taken over.
        path = path:sub(1, 1) == "/" and path:sub(2) or "",
        query = query,
    }
    local scheme = filled(action.protocol, parts):lower()
    local new_port = filled(action.port, parts)
    local new_query = filled(action.query, parts)
    ngx.header["Location"] = table.concat({
        scheme,
        "://",
        filled(action.host, parts),
        DEFAULT_PORTS[scheme] == new_port and "" or ":" .. new_port,
        filled(action.path, parts),
        new_query == "" and "" or "?" .. new_query,
    })
    ngx.exit(action.status)
end

local function fixed_response(action)
    ngx.status = action.status
    ngx.header["Content-Type"] = action.content_type
    ngx.header["Content-Length"] = #action.body
    ngx.print(action.body)
    ngx.exit(ngx.HTTP_OK)
end

function answer.give(action, port)
    if action.type == "redirect" then
        redirect(action, port)
    elseif action.type == "fixed-response" then
        fixed_response(action)
    end
    ngx.exit(ngx.HTTP_SERVICE_UNAVAILABLE)
end

return answer
