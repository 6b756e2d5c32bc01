-- Stickiness: a cookie that leads a client back to its target, and to its group.
--
-- The cookie is signed with a secret of the balancer's own, so nobody can choose a target by writing
-- one; what does not verify, or has run out, is as if it had not come. Name: AWS's.

local sticky = { NAME = "AWSALB" }

local function encoded(text)
    return (ngx.encode_base64(text, true):gsub("+", "-"):gsub("/", "_"))
end

local function decoded(text)
    return ngx.decode_base64((text:gsub("-", "+"):gsub("_", "/")))
end

local function signature(secret, payload)
    return encoded(ngx.hmac_sha1(secret, payload))
end

-- What the client's cookie says: group, until when it stays there, target, until when.
function sticky.read(secret)
    local cookie = ngx.var["cookie_" .. sticky.NAME]
    local body, signed = (cookie or ""):match("^([%w_-]+)%.([%w_-]+)$")
    if not body or #body > 512 or signature(secret, body) ~= signed then
        return nil
    end
    local group, group_until, target, target_until =
        (decoded(body) or ""):match("^([^|]+)|(%d+)|([^|]+)|(%d+)$")
    if not group then
        return nil
    end
    return {
        group = group,
        group_until = tonumber(group_until),
        target = target,
        target_until = tonumber(target_until),
    }
end

-- The header that makes the client come back to this group (0: it need not) and this target.
function sticky.header(secret, group_id, group_s, target_id, target_s)
    local now = math.floor(ngx.time())
    local payload = string.format(
        "%s|%d|%s|%d",
        group_id,
        group_s > 0 and now + group_s or 0,
        target_id,
        target_s > 0 and now + target_s or 0
    )
    local body = encoded(payload)
    return string.format(
        "%s=%s.%s; Max-Age=%d; Path=/; HttpOnly",
        sticky.NAME,
        body,
        signature(secret, body),
        math.max(group_s, target_s)
    )
end

return sticky
