-- Wildcards as in rules' conditions: `*` any run of characters, `?` any one.
--
-- No pattern of Lua's or PCRE's is made of a user's text, so there is nothing to escape and nothing
-- that backtracks for ever: the last star alone is gone back to, which is enough.

local byte, sub = string.byte, string.sub

local STAR, MARK = byte("*"), byte("?")

local glob = {}

function glob.is_plain(pattern)
    return not pattern:find("[*?]")
end

function glob.matches(pattern, text)
    local p, t = 1, 1
    local pattern_end, text_end = #pattern, #text
    local star, resume = 0, 0
    while t <= text_end do
        local wanted = byte(pattern, p)
        if wanted == STAR then
            star, resume = p, t
            p = p + 1
        elseif wanted == MARK or (wanted and wanted == byte(text, t)) then
            p, t = p + 1, t + 1
        elseif star > 0 then
            resume = resume + 1
            p, t = star + 1, resume
        else
            return false
        end
    end
    return sub(pattern, p):find("^%**$") ~= nil
end

return glob
