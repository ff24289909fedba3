# Varnish before the reference site. docs/front-ends.md says why each thing is as it is. Wants varnish-modules, for var.
# What depends on your machine stands first, up to the line.
vcl 4.1;

import std;
import var;

backend site {
    .host = "127.0.0.1";
    .port = "8000";
    .connect_timeout = 2s;
    .first_byte_timeout = 30s;
    .between_bytes_timeout = 10s;
    .probe = {
        .url = "/health/live";
        .interval = 2s;
        .timeout = 2s;
        .window = 4;
        .threshold = 2;
        .initial = 2;
    }
}

acl operators {  # who may use PURGE, and what is closed to others
    "127.0.0.1";
    "::1";
}
# ----------------------------------------------------------------------------------------------------------------------

sub vcl_init {
    if (!var.global_get("change")) {
        var.global_set("change", "none");
    }
}

sub vcl_recv {
    if (req.restarts == 0) {
        unset req.http.Anp-Word;
        unset req.http.Anp-Detail;
        unset req.http.Forwarded;
        unset req.http.X-Forwarded-Host;
        unset req.http.X-Real-IP;
        unset req.http.Proxy;
        unset req.http.Proxy-Connection;
        set req.http.X-Forwarded-For = client.ip;
        std.collect(req.http.Cookie, "; ");
    }
    set req.http.Host = std.tolower(req.http.Host);
    if (req.http.Host !~ "^[a-z0-9.:\[\]-]+$") {
        return (synth(400));
    }

    if (req.method == "PURGE") {
        if (client.ip !~ operators) {
            return (synth(403));
        }
        var.global_set("change", req.xid);
        if (!req.http.Cache-Group-Invalidation) {
            return (purge);
        }
        std.collect(req.http.Cache-Group-Invalidation);
        if (req.http.Cache-Group-Invalidation ~ {"[^A-Za-z0-9:._", -]"}) {
            return (synth(400));
        }
        set req.http.Anp-Groups = regsuball(req.http.Cache-Group-Invalidation, {"[" ]"}, "");
        ban("obj.http.Anp-Groups ~ ,(" + regsuball(req.http.Anp-Groups, ",", "|") + "),");
        return (synth(200));
    }
    # To the site every visitor comes from this machine, which may purge, edit and look inside.
    if (client.ip !~ operators &&
        (req.url ~ "^/+(anp/|metrics(\?|$)|api/v1/drafts)" ||
         (req.url ~ "^/+api/" && req.method != "GET" && req.method != "HEAD" && req.method != "OPTIONS"))) {
        return (synth(403));
    }

    if (req.method == "CONNECT" || req.method == "TRACE" || req.method == "PRI") {
        return (synth(405));
    }
    if (req.method != "GET" && req.method != "HEAD") {
        return (pass);
    }
    if (req.http.Cookie ~ "anp_session" || req.http.Authorization) {
        return (pass);
    }
    unset req.http.Cookie;
    return (hash);
}

sub vcl_pass {
    set req.http.Anp-Word = "BYPASS";
}

sub vcl_miss {
    if (!req.http.Anp-Word) {
        set req.http.Anp-Word = "MISS";
    }
}

sub vcl_hit {
    if (obj.ttl > 0s) {
        set req.http.Anp-Word = "HIT";
        return (deliver);
    }
    if (req.http.Anp-Detail == "sie") {
        set req.http.Anp-Word = "STALE";
        return (deliver);
    }
    if (obj.ttl + std.duration(obj.http.Anp-While, 0s) > 0s) {
        set req.http.Anp-Word = "STALE";
        set req.http.Anp-Detail = "swr";
        return (deliver);  # and a new one is being fetched beside this
    }
    # Too old for that: wait for a new one. This one stays, for the case that there is none to be had.
    set req.http.Anp-Word = "EXPIRED";
    if (obj.ttl + std.duration(obj.http.Anp-If-Error, 0s) > 0s) {
        set req.http.Anp-Word = "RESCUABLE";
    }
    set req.grace = 0s;
    return (restart);
}

# -- what came from the site -------------------------------------------------------------------------------------------

sub vcl_backend_fetch {
    var.set("word", bereq.http.Anp-Word);
    unset bereq.http.Anp-Word;
    unset bereq.http.Anp-Detail;
    var.set("change", var.global_get("change"));
}

sub vcl_backend_response {
    unset beresp.http.Anp-Ban-Address;
    unset beresp.http.Anp-Ban-Groups;
    unset beresp.http.Anp-Groups;
    unset beresp.http.Anp-Host;
    unset beresp.http.Anp-Url;
    unset beresp.http.Anp-If-Error;
    unset beresp.http.Anp-While;
    unset beresp.http.Anp-Revalidated;
    std.collect(beresp.http.Cache-Control);
    std.collect(beresp.http.CDN-Cache-Control);
    std.collect(beresp.http.Cache-Groups);
    std.collect(beresp.http.Cache-Group-Invalidation);
    std.collect(beresp.http.Cache-Status);

    if (bereq.method !~ "^(GET|HEAD|OPTIONS)$") {
        if (beresp.status >= 200 && beresp.status < 400) {
            call anp_changed;
        }
        return (deliver);
    }
    if (bereq.uncacheable) {
        return (deliver);
    }
    if (beresp.status >= 500) {
        if (bereq.is_bgfetch) {
            return (abandon);
        }
        if (var.get("word") == "RESCUABLE") {
            return (error(503));  # what is delivered takes the old page's place, an error does not
        }
        set beresp.uncacheable = true;
        set beresp.ttl = 0s;
        set beresp.grace = 0s;
        set beresp.keep = 0s;
        return (deliver);
    }
    if (beresp.http.CDN-Cache-Control !~ "(^|,)\s*max-age=0*[1-9][0-9]*\s*(,|$)" ||
        beresp.http.CDN-Cache-Control ~ "(?i)(^|,)\s*(private|no-store|no-cache)\b" ||
        beresp.http.Cache-Control ~ "(?i)(^|,)\s*(private|no-store|no-cache)\b" ||
        (beresp.status != 200 && beresp.status != 301 && beresp.status != 308 &&
         beresp.status != 404 && beresp.status != 410) ||
        beresp.http.Set-Cookie ||
        beresp.http.Vary ~ "\*" ||
        beresp.http.Cache-Groups ~ {"[^A-Za-z0-9:._", -]"}) {
        # Not for everybody. For two minutes nobody waits for another's answer at this address.
        set beresp.uncacheable = true;
        set beresp.ttl = 120s;
        set beresp.grace = 0s;
        set beresp.keep = 0s;
        return (deliver);
    }
    if (var.get("change") != var.global_get("change")) {
        # Something changed while this was under way: perhaps it shows what was before.
        if (bereq.is_bgfetch) {
            return (abandon);
        }
        set beresp.ttl = 0s;
        set beresp.grace = 0s;
        set beresp.keep = 0s;
        return (deliver);
    }

    set beresp.http.Anp-Host = bereq.http.Host;
    set beresp.http.Anp-Url = bereq.url;
    if (beresp.http.Cache-Groups) {
        set beresp.http.Anp-Groups = "," + regsuball(beresp.http.Cache-Groups, {"[" ]"}, "") + ",";
    }
    if (beresp.status == 404 || beresp.status == 410) {
        # Whatever comes may come to this address.
        set beresp.http.Anp-Groups = beresp.http.Anp-Groups + ",missing,";
    }
    if (beresp.was_304) {
        set beresp.http.Anp-Revalidated = "1";
    }
    set beresp.ttl = std.duration(
        regsub(beresp.http.CDN-Cache-Control, "^(?:.*,)?\s*max-age=([0-9]{1,9})\s*(?:,.*)?$", "\1s"), 0s) - beresp.age;
    set beresp.grace = 10m;  # for asking whether it still holds
    if (beresp.http.CDN-Cache-Control ~ "(^|,)\s*stale-while-revalidate=[0-9]{1,9}\s*(,|$)") {
        set beresp.http.Anp-While = regsub(
            beresp.http.CDN-Cache-Control, "^(?:.*,)?\s*stale-while-revalidate=([0-9]{1,9})\s*(?:,.*)?$", "\1s");
        if (beresp.grace < std.duration(beresp.http.Anp-While, 0s)) {
            set beresp.grace = std.duration(beresp.http.Anp-While, 0s);
        }
    }
    if (beresp.http.CDN-Cache-Control ~ "(^|,)\s*stale-if-error=[0-9]{1,9}\s*(,|$)") {
        set beresp.http.Anp-If-Error = regsub(
            beresp.http.CDN-Cache-Control, "^(?:.*,)?\s*stale-if-error=([0-9]{1,9})\s*(?:,.*)?$", "\1s");
        if (beresp.grace < std.duration(beresp.http.Anp-If-Error, 0s)) {
            set beresp.grace = std.duration(beresp.http.Anp-If-Error, 0s);
        }
    }
    set beresp.keep = 0s;
    return (deliver);
}

# A change drops the page at its address (RFC 9111) and all pages of the groups that it names (RFC 9875).
sub anp_changed {
    var.global_set("change", bereq.xid);
    set beresp.http.Anp-Ban-Address =
        "obj.http.Anp-Host == " + bereq.http.Host + " && obj.http.Anp-Url == " + bereq.url;
    if (beresp.http.Cache-Group-Invalidation ~ {"[^A-Za-z0-9:._", -]"} ||
        (!beresp.http.Cache-Group-Invalidation && bereq.url ~ "^/(anp|api/v1)/purge(\?|$)")) {
        set beresp.http.Anp-Ban-Groups = "obj.status != 0";  # not to be told by their groups: all pages
    } else if (beresp.http.Cache-Group-Invalidation) {
        set beresp.http.Anp-Ban-Groups = "obj.http.Anp-Groups ~ ,(" +
            regsuball(regsuball(beresp.http.Cache-Group-Invalidation, {"[" ]"}, ""), ",", "|") + "|missing),";
    }
    ban(beresp.http.Anp-Ban-Address);
    if (beresp.http.Anp-Ban-Groups) {
        ban(beresp.http.Anp-Ban-Groups);
    }
}

sub vcl_backend_error {
    set beresp.uncacheable = true;
    set beresp.ttl = 0s;
    set beresp.grace = 0s;
    set beresp.keep = 0s;
    set beresp.http.Cache-Control = "no-store";
    set beresp.http.Content-Type = "text/plain; charset=utf-8";
    set beresp.http.Retry-After = "5";
    set beresp.body = "The site does not answer. Trying again in a while is safe." + {"
"};
    return (deliver);
}

# -- what is said of it ------------------------------------------------------------------------------------------------

sub vcl_deliver {
    # Once more: a page that came in at the moment of the change may have been taken for newer than it.
    if (resp.http.Anp-Ban-Address) {
        ban(resp.http.Anp-Ban-Address);
    }
    if (resp.http.Anp-Ban-Groups) {
        ban(resp.http.Anp-Ban-Groups);
    }
    if (req.http.Anp-Word == "RESCUABLE") {
        set req.http.Anp-Word = "EXPIRED";
        if (resp.status == 500 || resp.status == 502 || resp.status == 503 || resp.status == 504) {
            set req.http.Anp-Detail = "sie";
            set req.grace = 3650d;
            return (restart);
        }
    }
    if (req.http.Anp-Word ~ "MISS|EXPIRED" && obj.uncacheable && resp.status < 500) {
        set req.http.Anp-Word = "BYPASS";
    } else if (req.http.Anp-Word == "EXPIRED" && resp.http.Anp-Revalidated) {
        set req.http.Anp-Word = "REVALIDATED";
    }
    set resp.http.X-Cache = req.http.Anp-Word;

    if (req.http.Anp-Word ~ "HIT|STALE") {
        # What the site wrote of its own work belongs to the request that it was written for.
        unset resp.http.Server-Timing;
        if (req.http.Anp-Word == "HIT") {
            set resp.http.Cache-Status = "Varnish; hit; ttl=" + std.integer(duration=obj.ttl);
        } else {
            set resp.http.Cache-Status = "Varnish; hit; ttl=" + std.integer(duration=obj.ttl - 1s) +
                "; detail=" + req.http.Anp-Detail;
        }
    } else {
        if (resp.http.Cache-Status) {
            set resp.http.Cache-Status = resp.http.Cache-Status + ", ";
        }
        set resp.http.Cache-Status = resp.http.Cache-Status + "Varnish; fwd=";
        if (req.http.Anp-Word == "MISS") {
            set resp.http.Cache-Status = resp.http.Cache-Status + "uri-miss";
        } else if (req.http.Anp-Word == "EXPIRED") {
            set resp.http.Cache-Status = resp.http.Cache-Status + "stale";
        } else if (req.http.Anp-Word == "REVALIDATED") {
            set resp.http.Cache-Status = resp.http.Cache-Status + "stale; fwd-status=304";
        } else if (req.method == "GET" || req.method == "HEAD") {
            set resp.http.Cache-Status = resp.http.Cache-Status + "bypass";
        } else {
            set resp.http.Cache-Status = resp.http.Cache-Status + "method";
        }
        if (obj.ttl > 0s && !obj.uncacheable) {
            set resp.http.Cache-Status = resp.http.Cache-Status + "; stored; ttl=" + std.integer(duration=obj.ttl);
        }
    }
    unset resp.http.Anp-Ban-Address;
    unset resp.http.Anp-Ban-Groups;
    unset resp.http.Anp-Groups;
    unset resp.http.Anp-Host;
    unset resp.http.Anp-Url;
    unset resp.http.Anp-If-Error;
    unset resp.http.Anp-While;
    unset resp.http.Anp-Revalidated;
}

sub vcl_purge {
    return (synth(200));
}

sub vcl_synth {
    set resp.http.Cache-Control = "no-store";
    set resp.http.Content-Type = "text/plain; charset=utf-8";
    set resp.body = resp.reason + {"
"};
    return (deliver);
}
